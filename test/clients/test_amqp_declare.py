"""AMQP by pika: what queues and exchanges are, and in which words RabbitMQ's clients are refused."""
import pika
import pytest

from amqp_client import bodies, closed_by, connect, connection_closed_by, lose, take, until

LOCKED = ("RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{}' in vhost '/'. It could be originally declared on another "
          "connection or the exclusive property value does not match that of the original declaration.")


def test_a_queue_is_declared_once_and_found_again(channel, name):
    assert channel.queue_declare(name, durable=True).method.queue == name
    assert channel.queue_declare(name, durable=True).method.message_count == 0
    found = channel.queue_declare(name, passive=True).method
    assert (found.queue, found.message_count, found.consumer_count) == (name, 0, 0)


def test_what_is_not_there_is_not_found(connection, name):
    queue, exchange = f"queue '{name}' in vhost '/'", f"exchange '{name}' in vhost '/'"
    assert closed_by(connection.channel().queue_declare, name, passive=True) == (404, "NOT_FOUND - no " + queue)
    assert closed_by(connection.channel().exchange_declare, name, passive=True) == (404, "NOT_FOUND - no " + exchange)
    assert closed_by(connection.channel().queue_purge, name) == (404, "NOT_FOUND - no " + queue)
    assert closed_by(connection.channel().basic_consume, name, print) == (404, "NOT_FOUND - no " + queue)
    assert closed_by(connection.channel().queue_bind, name, "amq.direct", "k") == (404, "NOT_FOUND - no " + queue)
    channel = connection.channel()
    channel.queue_declare(name, exclusive=True)
    assert closed_by(channel.queue_bind, name, name, "k") == (404, "NOT_FOUND - no " + exchange)
    assert closed_by(connection.channel().exchange_bind, name, "amq.direct") == (404, "NOT_FOUND - no " + exchange)
    assert closed_by(connection.channel().exchange_bind, "amq.direct", name) == (404, "NOT_FOUND - no " + exchange)


def test_what_is_not_there_is_deleted_and_unbound(channel, name):
    assert channel.queue_delete(name).method.message_count == 0
    channel.exchange_delete(name)
    channel.queue_declare(name, exclusive=True)
    channel.queue_unbind(name, "amq.direct", "never")
    channel.exchange_unbind("amq.direct", "amq.fanout", "never")


INEQUIVALENT = [
    ({"durable": True}, {"durable": False}, "durable", "'false'", "'true'"),
    ({"auto_delete": True}, {}, "auto_delete", "'false'", "'true'"),
    ({"arguments": {"x-message-ttl": 60000}}, {}, "x-message-ttl", "none", "the value '60000' of type 'signedint'"),
    ({}, {"arguments": {"x-message-ttl": 5}}, "x-message-ttl", "the value '5' of type 'signedint'", "none"),
    ({"arguments": {"x-max-length": 1}}, {"arguments": {"x-max-length": 2}}, "x-max-length", "'2'", "'1'"),
    ({"arguments": {"x-dead-letter-exchange": "a"}}, {"arguments": {"x-dead-letter-exchange": "b"}}, "x-dead-letter-exchange", "'b'", "'a'"),
    ({"arguments": {"x-max-priority": 1}}, {"arguments": {"x-max-priority": "1"}}, "x-max-priority", "'1'", "'1'"),
    ({"arguments": {"x-queue-type": "quorum"}, "durable": True}, {"durable": True}, "x-queue-type", "none",
     "the value 'quorum' of type 'longstr'"),
    ({"arguments": {"x-single-active-consumer": True}}, {}, "x-single-active-consumer", "none", "the value 'true' of type 'bool'"),
]


@pytest.mark.parametrize("first, second, argument, received, current", INEQUIVALENT, ids=lambda value: str(value)[:40])
def test_a_queue_declared_otherwise_is_refused(connection, name, first, second, argument, received, current):
    connection.channel().queue_declare(name, **first)
    assert closed_by(connection.channel().queue_declare, name, **second) == (
        406, f"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue '{name}' in vhost '/': received {received} but current is {current}")
    connection.channel().queue_delete(name)


def test_arguments_that_mean_nothing_are_not_compared(channel, name):
    channel.queue_declare(name, arguments={"x-made-up": 1, "other": "a"})
    channel.queue_declare(name, arguments={"x-queue-type": "classic"})
    channel.queue_delete(name)


WRONG_ARGUMENTS = [
    ({"x-message-ttl": -1}, "invalid arg 'x-message-ttl' for {}: {{value_negative,-1}}"),
    ({"x-message-ttl": "5"}, "invalid arg 'x-message-ttl' for {}: \"expected integer, got longstr\""),
    ({"x-expires": 0}, "invalid arg 'x-expires' for {}: {{value_zero,0}}"),
    ({"x-max-length": -5}, "invalid arg 'x-max-length' for {}: {{value_negative,-5}}"),
    ({"x-max-priority": 256}, "invalid arg 'x-max-priority' for {}: {{max_value_exceeded,256}}"),
    ({"x-overflow": "burst"}, "invalid arg 'x-overflow' for {}: invalid_overflow"),
    ({"x-dead-letter-exchange": 1}, "invalid type 'signedint' for arg 'x-dead-letter-exchange' in {}"),
    ({"x-dead-letter-routing-key": "k"}, "invalid arg 'x-dead-letter-routing-key' for {}: routing_key_but_no_dlx_defined"),
    ({"x-queue-type": "odd"}, "invalid arg 'x-queue-type' for {}: \"unsupported queue type 'odd'\""),
    ({"x-single-active-consumer": 1}, "invalid arg 'x-single-active-consumer' for {}: {{unacceptable_type,signedint}}"),
]


@pytest.mark.parametrize("arguments, text", WRONG_ARGUMENTS, ids=str)
def test_wrong_arguments_are_refused(channel, name, arguments, text):
    assert closed_by(channel.queue_declare, name, arguments=arguments) == (
        406, "PRECONDITION_FAILED - " + text.format(f"queue '{name}' in vhost '/'"))


def test_streams_are_declined(server, name):
    code, text = connection_closed_by(connect(server).channel().queue_declare, name, durable=True, arguments={"x-queue-type": "stream"})
    assert code == 540 and "stream" in text


def test_names_that_are_reserved(connection):
    assert closed_by(connection.channel().queue_declare, "amq.mine") == (
        403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'")
    assert closed_by(connection.channel().exchange_declare, "amq.mine", "direct") == (
        403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'")
    assert closed_by(connection.channel().exchange_delete, "amq.direct") == (
        403, "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed")
    for kind in ("direct", "fanout", "topic", "headers"):
        connection.channel().exchange_declare("amq." + kind, kind, durable=True)


def test_the_default_exchange_is_left_alone(connection, name):
    channel = connection.channel()
    channel.queue_declare(name, exclusive=True)
    refused = (403, "ACCESS_REFUSED - operation not permitted on the default exchange")
    assert closed_by(channel.queue_bind, name, "", name) == refused
    assert closed_by(connection.channel().queue_unbind, name, "", name) == refused
    assert closed_by(connection.channel().exchange_declare, "", "direct") == refused
    assert closed_by(connection.channel().exchange_delete, "") == refused
    assert closed_by(connection.channel().exchange_bind, "amq.direct", "") == refused
    assert closed_by(connection.channel().exchange_declare, "", passive=True) == refused


def test_a_queue_without_a_name_gets_one(connection, channel):
    first = channel.queue_declare("", exclusive=True).method.queue
    second = channel.queue_declare("", exclusive=True).method.queue
    assert first.startswith("amq.gen-") and second.startswith("amq.gen-") and first != second
    channel.basic_publish("", second, b"x")
    channel.queue_bind("", "amq.direct", "")  # the last one declared
    channel.basic_publish("amq.direct", second, b"y")
    assert bodies(channel, "", 2) == [b"x", b"y"]
    assert closed_by(channel.queue_declare, "", passive=True) == (404, "NOT_FOUND - no queue '' in vhost '/'")
    assert closed_by(connection.channel().basic_get, "") == (404, "NOT_FOUND - no previously declared queue")


def test_an_exclusive_queue_is_of_its_connection_alone(server, connection, channel, name):
    channel.queue_declare(name, exclusive=True)
    other = connect(server)
    refused = (405, LOCKED.format(name))
    for call in (lambda c: c.queue_declare(name, exclusive=True), lambda c: c.queue_declare(name, passive=True),
                 lambda c: c.basic_consume(name, print), lambda c: c.basic_get(name), lambda c: c.queue_purge(name),
                 lambda c: c.queue_delete(name), lambda c: c.queue_bind(name, "amq.direct", "k")):
        assert closed_by(call, other.channel()) == refused
    other.channel().basic_publish("", name, b"publishing is free")
    assert bodies(channel, name, 1) == [b"publishing is free"]
    connection.channel().queue_declare(name, exclusive=True)
    connection.close()
    assert closed_by(other.channel().queue_declare, name, passive=True)[0] == 404, "it goes with its connection, before the answer"
    other.close()


def test_a_queue_that_is_not_exclusive_does_not_become_so(connection, name):
    connection.channel().queue_declare(name)
    assert closed_by(connection.channel().queue_declare, name, exclusive=True) == (405, LOCKED.format(name))
    connection.channel().queue_delete(name)


def test_an_exclusive_queue_goes_with_a_connection_that_is_lost(server, connection, name):
    other = connect(server)
    other.channel().queue_declare(name, exclusive=True)
    lose(other)

    def gone():
        try:
            connection.channel().queue_declare(name, passive=True)
        except pika.exceptions.ChannelClosedByBroker as closed:
            return closed.reply_code == 404
        return False

    until(gone)


def test_what_is_not_durable_is_gone_after_a_crash(own_server):
    channel = connect(own_server).channel()
    channel.queue_declare("kept", durable=True)
    channel.queue_declare("transient")
    channel.queue_declare("exclusive", exclusive=True, durable=True)
    channel.exchange_declare("kept", "topic", durable=True)
    channel.exchange_declare("transient", "topic")
    channel.queue_bind("kept", "kept", "a.#")
    own_server.kill()
    own_server.start()
    connection = connect(own_server)
    channel = connection.channel()
    channel.queue_declare("kept", passive=True)
    channel.exchange_declare("kept", "topic", durable=True)
    channel.basic_publish("kept", "a.b.c", b"routed")
    assert bodies(channel, "kept", 1) == [b"routed"]
    for queue in ("transient", "exclusive"):
        assert closed_by(connection.channel().queue_declare, queue, passive=True)[0] == 404
    assert closed_by(connection.channel().exchange_declare, "transient", passive=True)[0] == 404


def test_an_auto_delete_queue_goes_with_its_last_consumer(server, connection, name):
    channel = connection.channel()
    channel.queue_declare(name, auto_delete=True)
    assert channel.basic_get(name)[0] is None
    channel.queue_declare(name, passive=True)  # it had no consumer yet
    first, second = channel.basic_consume(name, print), connection.channel().basic_consume(name, print)
    channel.basic_cancel(first)
    connection.channel().queue_declare(name, passive=True)
    other = connect(server)
    other_tag = other.channel().basic_consume(name, print)
    assert second and other_tag
    connection.close()
    other.channel().queue_declare(name, passive=True)
    other.close()
    watching = connect(server)

    def gone():
        try:
            watching.channel().queue_declare(name, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return True
        return False

    until(gone)
    watching.close()


def test_cancelling_deletes_an_auto_delete_queue_before_the_answer(connection, channel, name):
    channel.queue_declare(name, auto_delete=True)
    channel.basic_cancel(channel.basic_consume(name, print))
    assert closed_by(channel.queue_declare, name, passive=True)[0] == 404


def test_an_exchange_declared_otherwise_is_refused(connection, name):
    what = f"for exchange '{name}' in vhost '/'"
    connection.channel().exchange_declare(name, "fanout", durable=True)
    cases = (({"exchange_type": "direct", "durable": True}, "type", "'direct'", "'fanout'"),
             ({"exchange_type": "fanout"}, "durable", "'false'", "'true'"),
             ({"exchange_type": "fanout", "durable": True, "auto_delete": True}, "auto_delete", "'true'", "'false'"),
             ({"exchange_type": "fanout", "durable": True, "internal": True}, "internal", "'true'", "'false'"),
             ({"exchange_type": "fanout", "durable": True, "arguments": {"alternate-exchange": "a"}}, "alternate-exchange",
              "the value 'a' of type 'longstr'", "none"))
    for named, argument, received, current in cases:
        assert closed_by(connection.channel().exchange_declare, name, **named) == (
            406, f"PRECONDITION_FAILED - inequivalent arg '{argument}' {what}: received {received} but current is {current}")
    connection.channel().exchange_delete(name)


def test_an_unknown_type_of_exchange_ends_the_connection(server, name):
    assert connection_closed_by(connect(server).channel().exchange_declare, name, "odd") == (
        503, "COMMAND_INVALID - unknown exchange type 'odd'")


def test_nobody_publishes_to_an_internal_exchange(connection, channel, name):
    channel.exchange_declare(name, "fanout", internal=True)
    channel.queue_declare(name, exclusive=True)
    channel.queue_bind(name, name)
    channel.exchange_bind(name, "amq.fanout")
    channel.basic_publish("amq.fanout", "", b"through another")
    assert bodies(channel, name, 1) == [b"through another"]
    other = connection.channel()
    other.basic_publish(name, "", b"x")
    assert closed_by(other.queue_declare, "", exclusive=True) == (
        403, f"ACCESS_REFUSED - cannot publish to internal exchange '{name}' in vhost '/'")
    connection.channel().exchange_delete(name)


def test_an_auto_delete_exchange_goes_with_its_last_binding(connection, channel, name):
    channel.exchange_declare(name, "direct", auto_delete=True)
    channel.exchange_declare(name, passive=True)
    channel.queue_declare(name, exclusive=True)
    channel.queue_bind(name, name, "a")
    channel.queue_bind(name, name, "b")
    channel.queue_unbind(name, name, "a")
    channel.exchange_declare(name, passive=True)
    channel.queue_unbind(name, name, "b")
    assert closed_by(channel.exchange_declare, name, passive=True)[0] == 404
    channel = connection.channel()
    channel.exchange_declare(name, "direct", auto_delete=True)
    channel.queue_bind(name, name, "a")
    channel.queue_delete(name)
    assert closed_by(channel.exchange_declare, name, passive=True)[0] == 404


def test_deleting_only_what_is_unused_or_empty(connection, channel, name):
    channel.queue_declare(name)
    channel.basic_publish("", name, b"x")
    what = f"queue '{name}' in vhost '/'"
    until(lambda: channel.queue_declare(name, passive=True).method.message_count == 1)
    assert closed_by(connection.channel().queue_delete, name, if_empty=True) == (406, f"PRECONDITION_FAILED - {what} not empty")
    channel.basic_consume(name, print)
    assert closed_by(connection.channel().queue_delete, name, if_unused=True) == (406, f"PRECONDITION_FAILED - {what} in use")
    channel.close()
    assert connection.channel().queue_delete(name).method.message_count == 1
    channel = connection.channel()
    channel.exchange_declare(name, "direct")
    channel.exchange_bind("amq.fanout", name)
    assert closed_by(connection.channel().exchange_delete, name, if_unused=True) == (
        406, f"PRECONDITION_FAILED - exchange '{name}' in vhost '/' in use")
    channel.exchange_delete(name)


def test_purging_removes_what_is_ready(channel, name):
    channel.queue_declare(name, exclusive=True)
    channel.confirm_delivery()
    for number in range(5):
        channel.basic_publish("", name, str(number).encode())
    held = take(channel, name)[0]
    assert channel.queue_purge(name).method.message_count == 4
    channel.basic_nack(held.delivery_tag)
    assert bodies(channel, name, 1) == [b"0"]


def test_an_unused_queue_expires(connection, channel, name):
    channel.queue_declare(name, arguments={"x-expires": 300})

    def gone():
        connection.process_data_events(0.8)  # asking would be using it
        try:
            connection.channel().queue_declare(name, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return True
        return False

    until(gone)


@pytest.mark.parametrize("passive", [False, True])
def test_declaring_it_again_keeps_a_queue_from_expiring(channel, connection, name, passive):
    expires = {"x-expires": 1000}
    channel.queue_declare(name, arguments=expires)
    channel.basic_publish("", name, b"x")
    for _ in range(10):
        connection.process_data_events(0.3)
        channel.queue_declare(name, passive=passive, arguments=None if passive else expires)
    assert channel.queue_delete(name).method.message_count == 1
