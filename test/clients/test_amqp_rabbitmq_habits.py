"""What clients rely on because RabbitMQ does it: found by the tests other clients bring along, and by asking both the same."""
from decimal import Decimal

import pika
import pytest

from amqp_client import closed_by, connect, take, until


@pytest.mark.parametrize(("arguments", "expiration"), [({}, "0"), ({"x-message-ttl": 0}, None)])
@pytest.mark.parametrize("auto_ack", [False, True])
def test_what_expires_at_once_reaches_a_consumer_that_waits(connection, confirming, name, arguments, expiration, auto_ack):
    got = []
    confirming.queue_declare(name, exclusive=True, arguments=arguments)
    confirming.basic_consume(name, lambda *message: got.append(message[3]), auto_ack=auto_ack)
    publisher = connection.channel()
    publisher.confirm_delivery()
    for body in (b"1", b"2", b"3"):
        publisher.basic_publish("", name, body, pika.BasicProperties(expiration=expiration))
    until(lambda: got == [b"1", b"2", b"3"], connection)


def test_what_expires_at_once_is_gone_where_nobody_waits(confirming, name):
    confirming.queue_declare(name, exclusive=True, arguments={"x-message-ttl": 0})
    confirming.basic_publish("", name, b"x")
    assert confirming.basic_get(name)[0] is None


def test_a_message_is_got_beside_an_exclusive_consumer(connection, confirming, name):
    confirming.queue_declare(name)
    consumer = connection.channel()
    consumer.basic_qos(prefetch_count=1)
    consumer.basic_consume(name, lambda *_: None, exclusive=True)
    for body in (b"1", b"2"):
        confirming.basic_publish("", name, body)
    assert take(connection.channel(), name, auto_ack=True)[2] == b"2"
    confirming.queue_delete(name)


def test_a_queue_with_one_active_consumer_takes_no_exclusive_one(connection, name):
    connection.channel().queue_declare(name, arguments={"x-single-active-consumer": True})
    assert closed_by(connection.channel().basic_consume, name, print, exclusive=True) == (
        403, f"ACCESS_REFUSED - queue '{name}' in vhost '/' in exclusive use")
    connection.channel().queue_delete(name)


def test_a_limit_on_length_holds_for_what_comes_back(connection, confirming, name):
    confirming.queue_declare(name, exclusive=True, arguments={"x-max-length": 2})
    for body in (b"0", b"1"):
        confirming.basic_publish("", name, body)
    other = connection.channel()
    first = take(other, name)
    for body in (b"2", b"3"):
        confirming.basic_publish("", name, body)
    other.basic_nack(first[0].delivery_tag)
    assert [take(other, name, auto_ack=True)[2] for _ in range(2)] == [b"2", b"3"]
    assert other.basic_get(name)[0] is None


def test_a_number_that_is_no_integer_is_another_argument(connection, name):
    connection.channel().queue_declare(name, arguments={"x-expires": 60_000})
    connection.channel().queue_declare(name, arguments={"x-expires": 60_000})
    code, text = closed_by(connection.channel().queue_declare, name, arguments={"x-expires": Decimal(60_000)})
    assert code == 406 and "inequivalent arg 'x-expires'" in text
    connection.channel().queue_delete(name)


def test_what_another_connection_published_is_there(server, connection, name):
    getter, publishing = connection.channel(), connect(server)
    publisher, beside = publishing.channel(), publishing.channel()
    getter.queue_declare(name, durable=True)
    for number in range(200):
        publisher.basic_publish("", name, str(number).encode(), pika.BasicProperties(delivery_mode=2))
        beside.basic_qos(prefetch_count=number)  # answered when the publish has been heard
        if number % 2:
            assert getter.queue_declare(name, passive=True).method.message_count == 1
        assert getter.basic_get(name, auto_ack=True)[2] == str(number).encode()
    getter.queue_delete(name)


def test_a_message_may_have_many_headers(confirming, name):
    confirming.queue_declare(name, exclusive=True)
    headers = {f"h{number}": number for number in range(1_000)}
    confirming.basic_publish("", name, b"x", pika.BasicProperties(headers=headers))
    assert take(confirming, name)[1].headers == headers


def test_what_is_no_text_in_cc_is_passed_over(confirming, name):
    confirming.queue_declare(name, exclusive=True)
    confirming.basic_publish("", "nobody", b"x", pika.BasicProperties(headers={"CC": [1, name]}))
    assert take(confirming, name)[2] == b"x"


@pytest.mark.parametrize("priority", ["high", None])
def test_the_priority_of_a_consumer_is_a_number(connection, name, priority):
    connection.channel().queue_declare(name)
    code, text = closed_by(connection.channel().basic_consume, name, print, arguments={"x-priority": priority})
    assert code == 406 and f"invalid arg 'x-priority' for queue '{name}' in vhost '/'" in text
    connection.channel().queue_delete(name)


def test_another_connections_exclusive_queue_may_be_unbound(server, channel, name):
    channel.queue_declare(name, exclusive=True)
    other = connect(server)
    other.channel().queue_unbind(name, "amq.direct", "key")
    other.close()


def test_another_connections_exclusive_queue_is_not_unbound_from_where_it_is(server, channel, name):
    channel.queue_declare(name, exclusive=True)
    channel.queue_bind(name, "amq.direct", "key")
    other = connect(server)
    code, text = closed_by(other.channel().queue_unbind, name, "amq.direct", "key")
    assert code == 405 and text.startswith(f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}' in vhost '/'")
    other.close()
    channel.basic_publish("amq.direct", "key", b"x", mandatory=True)
    assert channel.basic_get(name, auto_ack=True)[2] == b"x"


def test_line_ends_are_taken_out_of_what_is_unbound(channel, name):
    channel.queue_declare(name, exclusive=True)
    channel.queue_bind(name, "amq.direct", name)
    channel.queue_unbind(name + "\n", "amq.direct\r\n", name)
    channel.basic_publish("amq.direct", name, b"x")
    assert channel.basic_get(name)[0] is None


@pytest.mark.parametrize("argument, value", [("x-queue-mode", "lazy"), ("x-queue-version", 2), ("x-queue-master-locator", "min-masters")])
def test_a_queue_is_not_declared_again_with_another(connection, channel, name, argument, value):
    channel.queue_declare(name, exclusive=True)
    code, text = closed_by(connection.channel().queue_declare, name, exclusive=True, arguments={argument: value})
    assert code == 406 and text.startswith(f"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue '{name}' in vhost '/': received ")


def test_an_alternate_exchange_is_named_by_text(connection, name):
    assert closed_by(connection.channel().exchange_declare, name, "topic", arguments={"alternate-exchange": 3}) == (
        406, f"PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange '{name}' in vhost '/'")


def test_the_exchange_of_traces_is_there(channel):
    channel.exchange_declare("amq.rabbitmq.trace", passive=True)


def test_guest_has_all_permissions_and_may_be_given_them(api, vhost):
    everything = {"user": "guest", "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"}
    assert api.get(f"permissions/{vhost}/guest") == everything
    assert everything in api.get("users/guest/permissions") and everything in api.get(f"vhosts/{vhost}/permissions")
    status, _ = api.ask("PUT", f"permissions/{vhost}/guest", {"configure": ".*", "write": ".*", "read": ".*"})
    assert status in (201, 204)
