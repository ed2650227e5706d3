// AMQP by amqplib for node: promises, confirms, consumers, errors.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {after, before, test} from 'node:test';
import amqplib from 'amqplib';

let connection;
before(async () => {
  connection = await amqplib.connect(process.env.ROWMQ_AMQP_URL);
});
after(() => connection.close());

const name = () => `js-${randomUUID()}`;

test('a message goes through a queue with everything it says', async () => {
  const channel = await connection.createConfirmChannel();
  const {queue} = await channel.assertQueue(name(), {durable: true});
  const headers = {text: 'ü', number: 1, big: 2 ** 40, double: 0.5, no: false, nothing: null, list: [1, 'a', {b: [2]}], bytes: Buffer.from([0, 255])};
  const sent = {contentType: 'text/plain', headers, priority: 3, correlationId: 'c', replyTo: 'r', messageId: 'm', timestamp: 1700000000, type: 't',
                appId: 'a', persistent: true};
  channel.sendToQueue(queue, Buffer.from('hello'), sent);
  await channel.waitForConfirms();
  const got = await channel.get(queue);
  assert.equal(got.content.toString(), 'hello');
  const {headers: back, ...properties} = got.properties;
  assert.deepEqual({...back}, headers);
  for (const field of ['contentType', 'priority', 'correlationId', 'replyTo', 'messageId', 'timestamp', 'type', 'appId'])
    assert.equal(properties[field], sent[field], field);
  assert.equal(properties.deliveryMode, 2);
  channel.ack(got);
  await channel.deleteQueue(queue);
});

test('a thousand messages are confirmed and consumed in order', async () => {
  const channel = await connection.createConfirmChannel();
  const {queue} = await channel.assertQueue('', {exclusive: true});
  for (let number = 0; number < 1000; ++number) channel.sendToQueue(queue, Buffer.from(String(number)));
  await channel.waitForConfirms();
  await channel.prefetch(50);
  const got = [];
  await new Promise(resolve => {
    channel.consume(queue, message => {
      got.push(Number(message.content));
      channel.ack(message);
      if (got.length === 1000) resolve();
    });
  });
  assert.deepEqual(got, [...Array(1000).keys()]);
  await channel.close();
});

test('what reaches no queue comes back, what is refused is rejected', async () => {
  const channel = await connection.createConfirmChannel();
  const returned = [];
  channel.on('return', message => returned.push(message.fields.replyText));
  channel.publish('amq.direct', name(), Buffer.from('x'), {mandatory: true});
  await channel.waitForConfirms();
  assert.deepEqual(returned, ['NO_ROUTE']);
  const {queue} = await channel.assertQueue('', {exclusive: true, maxLength: 0, arguments: {'x-overflow': 'reject-publish'}});
  channel.sendToQueue(queue, Buffer.from('x'));
  await assert.rejects(channel.waitForConfirms());
  await channel.close();
});

test('errors end their channel with the words of RabbitMQ', async () => {
  const channel = await connection.createChannel();
  const failed = new Promise(resolve => channel.on('error', resolve));
  await assert.rejects(channel.checkQueue('not-there'), /404.*NOT_FOUND - no queue 'not-there' in vhost '\/'/);
  assert.equal((await failed).code, 404);
});

test('answers come by direct reply-to', async () => {
  const channel = await connection.createChannel();
  const {queue} = await channel.assertQueue('', {exclusive: true});
  await channel.consume(queue, request => channel.sendToQueue(request.properties.replyTo, request.content,
                                                             {correlationId: request.properties.correlationId}), {noAck: true});
  const answer = new Promise(resolve => channel.consume('amq.rabbitmq.reply-to', resolve, {noAck: true}));
  channel.sendToQueue(queue, Buffer.from('ping'), {replyTo: 'amq.rabbitmq.reply-to', correlationId: '7'});
  const message = await answer;
  assert.equal(message.content.toString(), 'ping');
  assert.equal(message.properties.correlationId, '7');
  await channel.close();
});

test('a consumer hears that its queue was deleted', async () => {
  const channel = await connection.createChannel();
  const {queue} = await channel.assertQueue(name());
  const cancelled = new Promise(resolve => channel.consume(queue, message => message ?? resolve()));
  await channel.checkQueue(queue);
  await channel.deleteQueue(queue);
  await cancelled;
  await channel.close();
});
