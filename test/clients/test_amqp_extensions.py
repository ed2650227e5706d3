"""AMQP by pika: what RabbitMQ added - QoS over a channel, priorities of consumers, one active consumer, direct reply-to."""
import pytest
import pika

from amqp_client import closed_by, collect, connect, take, until


def fill(channel, queue, count):
    for number in range(count):
        channel.basic_publish("", queue, str(number).encode())
    until(lambda: channel.queue_declare(queue, passive=True).method.message_count == count)


def test_a_limit_over_the_channel_holds_for_all_its_consumers(connection, channel, name):
    queues = [f"{name}-{number}" for number in range(3)]
    for queue in queues:
        channel.queue_declare(queue, exclusive=True)
        fill(channel, queue, 10)
    channel.basic_qos(prefetch_count=5, global_qos=True)
    got = []
    for queue in queues:
        channel.basic_consume(queue, lambda _, method, properties, body: got.append(method.delivery_tag))
    until(lambda: len(got) == 5, connection)
    connection.process_data_events(0.3)
    assert len(got) == 5, "exactly"
    channel.basic_ack(got[1], multiple=True)
    until(lambda: len(got) == 7, connection)
    connection.process_data_events(0.2)
    assert len(got) == 7
    channel.basic_qos(prefetch_count=8, global_qos=True)  # changed while they consume
    until(lambda: len(got) == 10, connection)
    connection.process_data_events(0.2)
    assert len(got) == 10
    channel.basic_qos(prefetch_count=0, global_qos=True)
    until(lambda: len(got) == 30, connection)


def test_a_limit_over_the_channel_does_not_stop_others(server, connection, channel, name):
    channel.queue_declare(name)
    channel.basic_qos(prefetch_count=1, global_qos=True)
    mine = collect(channel, name, 0)
    other = connect(server)
    theirs = []
    other.channel().basic_consume(name, lambda *message: theirs.append(message[3]))
    for number in range(6):
        connection.channel().basic_publish("", name, str(number).encode())

    def all_there():
        connection.process_data_events(0.01)
        other.process_data_events(0.01)
        return len(mine) + len(theirs) == 6

    until(all_there)
    assert len(mine) <= 1
    other.close()
    channel.queue_delete(name)


def test_both_limits_hold_at_once(connection, channel, name):
    channel.queue_declare(name, exclusive=True)
    fill(channel, name, 10)
    channel.basic_qos(prefetch_count=4, global_qos=True)
    channel.basic_qos(prefetch_count=3)
    first = collect(channel, name, 3)
    connection.process_data_events(0.2)
    assert len(first) == 3
    second = collect(channel, name, 1)
    connection.process_data_events(0.2)
    assert (len(first), len(second)) == (3, 1)


def test_a_limit_over_the_channel_is_shared_fairly(connection, channel, name):
    queues = [f"{name}-{number}" for number in range(3)]
    for queue in queues:
        channel.queue_declare(queue, exclusive=True)
        fill(channel, queue, 20)
    channel.basic_qos(prefetch_count=1, global_qos=True)
    got = []
    for queue in queues:
        channel.basic_consume(queue, lambda _, method, properties, body: got.append(method.delivery_tag))
    for number in range(19):
        until(lambda: len(got) > number, connection)
        channel.basic_ack(got[-1])
    until(lambda: len(got) == 20, connection)
    assert all(channel.queue_declare(queue, passive=True).method.message_count < 20 for queue in queues), "nobody is left behind"


def test_a_limit_over_the_channel_stops_those_that_acknowledge_nothing(connection, channel, name):
    held, unacknowledged = name + "-held", name + "-unacknowledged"
    for queue in (held, unacknowledged):
        channel.queue_declare(queue, exclusive=True)
        fill(channel, queue, 1)
    channel.basic_qos(prefetch_count=1, global_qos=True)
    first = collect(channel, held, 1)
    second = collect(channel, unacknowledged, 0, auto_ack=True)
    connection.process_data_events(0.3)
    assert second == []
    channel.basic_ack(first[0][0].delivery_tag)
    until(lambda: len(second) == 1, connection)


def test_a_priority_is_a_whole_number(connection, channel, name):
    channel.queue_declare(name, exclusive=True)
    for priority, kind in (("banana", "longstr"), (True, "bool")):
        assert closed_by(connection.channel().basic_consume, name, print, arguments={"x-priority": priority}) == (
            406, f"PRECONDITION_FAILED - invalid arg 'x-priority' for queue '{name}' in vhost '/': \"expected integer, got {kind}\"")


def test_consumers_of_higher_priority_come_first(server, connection, channel, name):
    channel.queue_declare(name)
    low, high = connection.channel(), connection.channel()
    got = []
    low.basic_consume(name, lambda *message: got.append("low"), auto_ack=True)
    high.basic_qos(prefetch_count=2)
    high.basic_consume(name, lambda *message: got.append("high"), arguments={"x-priority": 10})
    connection.process_data_events(0.1)
    publisher = connect(server).channel()
    publisher.confirm_delivery()
    for _ in range(4):
        publisher.basic_publish("", name, b"x")
        connection.process_data_events(0.1)
    until(lambda: len(got) == 4, connection)
    assert got == ["high", "high", "low", "low"], "until it has no more credit"
    channel.queue_delete(name)


def test_one_active_consumer_at_a_time(connection, channel, name):
    channel.queue_declare(name, arguments={"x-single-active-consumer": True})
    first, second = connection.channel(), connection.channel()
    got = []
    first.basic_consume(name, lambda *message: got.append("first"), auto_ack=True, consumer_tag="1")
    second.basic_consume(name, lambda *message: got.append("second"), auto_ack=True, consumer_tag="2")
    for _ in range(5):
        channel.basic_publish("", name, b"x")
    until(lambda: len(got) == 5, connection)
    assert got == ["first"] * 5
    first.basic_cancel("1")
    for _ in range(3):
        channel.basic_publish("", name, b"x")
    until(lambda: len(got) == 8, connection)
    assert got[5:] == ["second"] * 3
    channel.queue_delete(name)


REPLY_TO = "amq.rabbitmq.reply-to"


def test_answers_come_straight_to_who_asked(server, connection, channel, name):
    channel.queue_declare(name, exclusive=True)
    answers = []
    channel.basic_consume(REPLY_TO, lambda _, *answer: answers.append(answer), auto_ack=True)
    for number in range(10):
        channel.basic_publish("", name, str(number).encode(), pika.BasicProperties(reply_to=REPLY_TO, correlation_id=str(number)))
    serving = connect(server)
    server_channel = serving.channel()
    server_channel.confirm_delivery()
    asking = connection.channel()
    for _ in range(10):
        _, properties, body = take(asking, name, auto_ack=True)
        assert properties.reply_to.startswith(REPLY_TO + ".") and len(properties.reply_to) > 40
        assert server_channel.queue_declare(properties.reply_to, passive=True).method.queue == properties.reply_to
        server_channel.basic_publish("", properties.reply_to, b"answer " + body, pika.BasicProperties(correlation_id=properties.correlation_id))
    until(lambda: len(answers) == 10, connection)
    assert [(a[1].correlation_id, a[2]) for a in answers] == [(str(n), b"answer %d" % n) for n in range(10)]
    assert answers[0][0].exchange == "" and answers[0][0].routing_key.startswith(REPLY_TO)
    address = properties.reply_to
    channel.close()
    with pytest.raises(pika.exceptions.UnroutableError):
        server_channel.basic_publish("", address, b"too late", mandatory=True)
    assert closed_by(server_channel.queue_declare, address, passive=True)[0] == 404
    serving.close()


def test_an_answer_in_a_transaction_comes_when_it_is_committed(server, connection, channel, name):
    channel.queue_declare(name, exclusive=True)
    answers = []
    channel.basic_consume(REPLY_TO, lambda _, *answer: answers.append(answer[2]), auto_ack=True)
    channel.basic_publish("", name, b"?", pika.BasicProperties(reply_to=REPLY_TO))
    _, properties, _ = take(channel, name, auto_ack=True)
    serving = connect(server)
    server_channel, returned = serving.channel(), []
    server_channel.add_on_return_callback(lambda *message: returned.append(message[3]))
    server_channel.tx_select()
    for body in (b"never", b"once"):
        server_channel.basic_publish("", properties.reply_to, body)
        server_channel.basic_publish("", properties.reply_to + "x", b"nobody's " + body, mandatory=True)
        if body == b"never":
            server_channel.tx_rollback()
    connection.process_data_events(0.1)
    assert answers == []
    server_channel.tx_commit()
    until(lambda: answers, connection)
    until(lambda: returned, serving)
    assert answers == [b"once"] and returned == [b"nobody's once"]
    serving.close()


def test_wrong_uses_of_direct_reply_to(connection, name):
    failed = "PRECONDITION_FAILED - "
    assert closed_by(connection.channel().basic_consume, REPLY_TO, print) == (406, failed + "reply consumer cannot acknowledge")
    channel = connection.channel()
    channel.basic_consume(REPLY_TO, print, auto_ack=True)
    assert closed_by(channel.basic_consume, REPLY_TO, print, auto_ack=True) == (406, failed + "reply consumer already set")
    channel = connection.channel()
    channel.basic_publish("", name, b"x", pika.BasicProperties(reply_to=REPLY_TO))
    assert closed_by(channel.queue_declare, "", exclusive=True) == (406, failed + "fast reply consumer does not exist")
    channel = connection.channel()
    channel.basic_cancel(channel.basic_consume(REPLY_TO, print, auto_ack=True))
    channel.basic_consume(REPLY_TO, print, auto_ack=True)
