<?php
// php-amqplib: confirms, returns, consumers, headers, dead letters, transactions, RPC. Prints TAP.
error_reporting(E_ALL & ~E_DEPRECATED);
require_once 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPProtocolChannelException;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

const SECONDS = 15;

function open()
{
    $at = parse_url(getenv('ROWMQ_AMQP_URL'));
    return new AMQPStreamConnection($at['host'], $at['port'], $at['user'], $at['pass'], '/', false, 'AMQPLAIN', null, 'en_US', SECONDS, SECONDS);
}

function same($expected, $seen, $what = '')
{
    if ($expected != $seen) throw new Exception("$what: expected " . var_export($expected, true) . ', saw ' . var_export($seen, true));
}

/** One message by basic.get, awaited. */
function take($channel, $queue)
{
    for ($end = microtime(true) + SECONDS; microtime(true) < $end; usleep(20000))
        if ($message = $channel->basic_get($queue)) return $message;
    throw new Exception("nothing came to $queue");
}

function collect($channel, &$got, $count)
{
    while (count($got) < $count) $channel->wait(null, false, SECONDS);
}

$tests = [
    'messages are confirmed, consumed and acknowledged' => function ($channel) {
        [$queue] = $channel->queue_declare('', false, true, false, false);
        $confirmed = 0;
        $channel->set_ack_handler(function () use (&$confirmed) { ++$confirmed; });
        $channel->set_nack_handler(function () { throw new Exception('nacked'); });
        $channel->confirm_select();
        for ($number = 0; $number < 100; ++$number)
            $channel->basic_publish(new AMQPMessage((string)$number, ['delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT]), '', $queue);
        $channel->wait_for_pending_acks_returns(SECONDS);
        same(100, $confirmed);
        $got = [];
        $channel->basic_qos(0, 10, false);
        $channel->basic_consume($queue, '', false, false, false, false, function ($message) use (&$got) {
            $got[] = $message->getBody();
            $message->ack();
        });
        collect($channel, $got, 100);
        same(array_map('strval', range(0, 99)), $got);
        $channel->queue_delete($queue);
    },
    'properties and headers of every type come back' => function ($channel) {
        [$queue] = $channel->queue_declare('', false, false, true);
        $headers = ['text' => 'Grüße', 'number' => 7, 'yes' => true, 'nothing' => null, 'list' => ['a', 1], 'table' => ['deep' => ['er' => 'x']]];
        $properties = ['content_type' => 'text/plain', 'content_encoding' => 'utf-8', 'delivery_mode' => 2, 'priority' => 3, 'correlation_id' => 'c',
                       'reply_to' => 'r', 'expiration' => '60000', 'message_id' => 'm', 'timestamp' => 1700000000, 'type' => 't', 'app_id' => 'a'];
        $body = str_repeat(implode('', array_map('chr', range(0, 255))), 2000);
        $channel->basic_publish(new AMQPMessage($body, $properties + ['application_headers' => new AMQPTable($headers)]), '', $queue);
        $message = take($channel, $queue);
        same(true, $body === $message->getBody(), 'the body');
        same($headers, $message->get('application_headers')->getNativeData());
        foreach ($properties as $name => $value) same($value, $message->get($name), $name);
    },
    'what reaches no queue is returned' => function ($channel) {
        $returned = [];
        $channel->set_return_listener(function ($code, $text, $exchange, $key, $message) use (&$returned) { $returned[] = "$code $key {$message->getBody()}"; });
        $channel->confirm_select();
        $channel->basic_publish(new AMQPMessage('back'), 'amq.direct', 'nowhere', true);
        $channel->wait_for_pending_acks_returns(SECONDS);
        same(['312 nowhere back'], $returned);
    },
    'what is given back comes again, what is refused goes to its dead-letter exchange' => function ($channel) {
        [$dead] = $channel->queue_declare('', false, false, true);
        [$queue] = $channel->queue_declare('', false, false, true, true, false, new AMQPTable(['x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => $dead]));
        $channel->basic_publish(new AMQPMessage('unwanted'), '', $queue);
        $first = take($channel, $queue);
        same(false, $first->isRedelivered());
        $first->nack(true);
        $second = take($channel, $queue);
        same(true, $second->isRedelivered());
        $second->reject(false);
        $letter = take($channel, $dead);
        same('unwanted', $letter->getBody());
        $death = $letter->get('application_headers')->getNativeData()['x-death'][0];
        same([$queue, 'rejected', 1], [$death['queue'], $death['reason'], $death['count']]);
    },
    'a topic and a headers exchange choose' => function ($channel) {
        [$queue] = $channel->queue_declare('', false, false, true);
        $channel->queue_bind($queue, 'amq.topic', 'orders.#');
        $channel->queue_bind($queue, 'amq.headers', '', false, new AMQPTable(['x-match' => 'all', 'kind' => 'tea']));
        $channel->basic_publish(new AMQPMessage('by key'), 'amq.topic', 'orders.eu.new');
        $channel->basic_publish(new AMQPMessage('not'), 'amq.topic', 'invoices.eu');
        $channel->basic_publish(new AMQPMessage('by header', ['application_headers' => new AMQPTable(['kind' => 'tea'])]), 'amq.headers');
        same(['by key', 'by header'], [take($channel, $queue)->getBody(), take($channel, $queue)->getBody()]);
        same(null, $channel->basic_get($queue));
    },
    'a transaction is stored whole or not at all' => function ($channel) {
        [$queue] = $channel->queue_declare('', false, false, true);
        $channel->tx_select();
        $channel->basic_publish(new AMQPMessage('no'), '', $queue);
        $channel->tx_rollback();
        $channel->basic_publish(new AMQPMessage('yes'), '', $queue);
        $channel->tx_commit();
        same('yes', take($channel, $queue)->getBody());
        same(null, $channel->basic_get($queue));
    },
    'a request is answered by direct reply-to' => function ($channel, $connection) {
        $server = $connection->channel();
        [$queue] = $server->queue_declare('', false, false, true);
        $server->basic_consume($queue, '', false, true, false, false, function ($request) use ($server) {
            $server->basic_publish(new AMQPMessage(strrev($request->getBody()), ['correlation_id' => $request->get('correlation_id')]), '', $request->get('reply_to'));
        });
        $answers = [];
        $channel->basic_consume('amq.rabbitmq.reply-to', '', false, true, false, false, function ($answer) use (&$answers) {
            $answers[] = $answer->get('correlation_id') . ' ' . $answer->getBody();
        });
        $channel->basic_publish(new AMQPMessage('abc', ['reply_to' => 'amq.rabbitmq.reply-to', 'correlation_id' => '1']), '', $queue);
        $server->wait(null, false, SECONDS);
        collect($channel, $answers, 1);
        same(['1 cba'], $answers);
    },
    'an error closes the channel with its code, and the connection goes on' => function ($channel, $connection) {
        try {
            $channel->queue_declare('nobody made this', true);
            throw new Exception('it was there');
        } catch (AMQPProtocolChannelException $error) {
            same(404, $error->amqp_reply_code);
        }
        [$queue] = $connection->channel()->queue_declare('', false, false, true);
        same(true, strlen($queue) > 0);
    },
];

$number = $failed = 0;
echo '1..' . count($tests) . "\n";
foreach ($tests as $name => $test) {
    $connection = open();
    try {
        $test($connection->channel(), $connection);
        echo 'ok ' . ++$number . " - php-amqplib: $name\n";
        $connection->close();
    } catch (Throwable $error) {
        ++$failed;
        echo 'not ok ' . ++$number . " - php-amqplib: $name\n# " . str_replace("\n", "\n# ", $error->getMessage()) . "\n";
    }
}
exit($failed ? 1 : 0);
