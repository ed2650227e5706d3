"""AMQP by pika: exchanges of type x-consistent-hash."""
import collections

import pika
import pytest

from amqp_client import closed_by, connect, until


@pytest.fixture
def channel(confirming):
    return confirming


@pytest.fixture
def hashing(channel, name):
    """Declares one; it is gone after the test."""
    channel.exchange_declare(name, "x-consistent-hash", durable=True)
    yield name
    if channel.is_open:
        channel.exchange_delete(name)


def bind(channel, exchange, *weights):
    made = [channel.queue_declare("", exclusive=True).method.queue for _ in weights]
    for queue, weight in zip(made, weights):
        channel.queue_bind(queue, exchange, weight)
    return made


def count(channel, queue):
    return channel.queue_declare(queue, passive=True).method.message_count


def winner(channel, of, exchange, key="", **properties):
    """Which of the queues a message comes to: exactly one."""
    channel.basic_publish(exchange, key, b"x", pika.BasicProperties(**properties))
    got = [queue for queue in of if channel.basic_get(queue, auto_ack=True)[0]]
    assert len(got) == 1
    return got[0]


def test_shares_are_as_large_as_their_weights(connection, channel, hashing):
    of = bind(channel, hashing, "1", "1", "2")
    publishing = connection.channel()
    for number in range(8_000):
        publishing.basic_publish(hashing, f"order {number}", b"x")
    until(lambda: sum(count(channel, queue) for queue in of) == 8_000, connection)
    for queue, share in zip(of, (2_000, 2_000, 4_000)):
        assert abs(count(channel, queue) - share) < share / 10


def test_a_key_stays_where_it_is_when_others_come_and_go(channel, hashing):
    of = bind(channel, hashing, "3", "3", "3")
    keys = [f"k{number}" for number in range(60)]
    before = {key: winner(channel, of, hashing, key) for key in keys}
    assert set(before.values()) == set(of)
    assert {key: winner(channel, of, hashing, key) for key in keys} == before
    fourth, = bind(channel, hashing, "3")
    after = {key: winner(channel, of + [fourth], hashing, key) for key in keys}
    assert all(after[key] in (before[key], fourth) for key in keys) and fourth in after.values()
    channel.queue_delete(fourth)
    channel.queue_unbind(of[0], hashing, "3")
    left = {key: winner(channel, of, hashing, key) for key in keys}
    assert all(left[key] == before[key] for key in keys if before[key] != of[0]) and of[0] not in left.values()


@pytest.mark.parametrize("arguments, vary", [
    ({"hash-header": "h"}, lambda n: {"headers": {"h": f"v{n}"}}),
    ({"hash-property": "message_id"}, lambda n: {"message_id": f"m{n}"}),
    ({"hash-property": "correlation_id"}, lambda n: {"correlation_id": f"c{n}"}),
    ({"hash-property": "timestamp"}, lambda n: {"timestamp": 1_700_000_000 + n}),
])
def test_a_header_or_a_property_is_hashed_instead_of_the_key(channel, name, arguments, vary):
    channel.exchange_declare(name, "x-consistent-hash", arguments=arguments)
    of = bind(channel, name, "10", "10")
    same = {winner(channel, of, name, f"key {n}", **vary(0)) for n in range(20)}
    assert len(same) == 1, "the key says nothing"
    assert {winner(channel, of, name, "key", **vary(n)) for n in range(40)} == set(of)
    assert len({winner(channel, of, name, f"key {n}") for n in range(10)}) == 1, "all that lack it go to one"
    channel.exchange_delete(name)


def test_other_exchanges_may_be_bound(channel, hashing, name):
    first, second = f"{name}-1", f"{name}-2"
    for exchange in (first, second):
        channel.exchange_declare(exchange, "fanout", auto_delete=True)
        channel.exchange_bind(exchange, hashing, "5")
    of = collections.OrderedDict()
    for exchange in (first, second):
        of[exchange] = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(of[exchange], exchange)
    assert {winner(channel, of.values(), hashing, f"k{n}") for n in range(40)} == set(of.values())


@pytest.mark.parametrize("key, why", [
    ("many", 'The binding key must be an integer: <<"many">>'), ("", 'The binding key must be an integer: <<"">>'),
    ("0", "The binding key must be greater than 0"), ("-5", "The binding key must be greater than 0")])
def test_a_binding_key_is_a_weight(connection, hashing, key, why):
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    assert closed_by(channel.queue_bind, queue, hashing, key) == (406, "PRECONDITION_FAILED - " + why)
    channel = connection.channel()
    channel.exchange_declare(hashing + "-to", "fanout", auto_delete=True)
    assert closed_by(channel.exchange_bind, hashing + "-to", hashing, key) == (406, "PRECONDITION_FAILED - " + why)
    connection.channel().exchange_delete(hashing + "-to")


@pytest.mark.parametrize("arguments, why", [
    ({"hash-property": "app_id"}, "Unsupported property: app_id"),
    ({"hash-property": "message_id", "hash-header": "h"}, "hash-header and hash-property are mutually exclusive")])
def test_what_it_hashes_is_checked(connection, name, arguments, why):
    channel = connection.channel()
    assert closed_by(channel.exchange_declare, name, "x-consistent-hash", arguments=arguments) == (406, "PRECONDITION_FAILED - " + why)


def test_a_second_weight_between_the_same_two_is_ignored(channel, hashing):
    queue, = bind(channel, hashing, "1")
    channel.queue_bind(queue, hashing, "1")
    channel.queue_bind(queue, hashing, "2")
    assert winner(channel, [queue], hashing, "k") == queue


def test_shares_outlive_a_restart(own_server):
    channel = connect(own_server).channel()
    channel.exchange_declare("h", "x-consistent-hash", durable=True, arguments={"hash-header": "h"})
    of = ["a", "b", "c"]
    for queue in of:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "h", "4")
    channel.confirm_delivery()
    before = [winner(channel, of, "h", headers={"h": n}) for n in range(30)]
    own_server.kill()
    own_server.start()
    channel = connect(own_server).channel()
    channel.confirm_delivery()
    channel.exchange_declare("h", "x-consistent-hash", durable=True, arguments={"hash-header": "h"})
    assert [winner(channel, of, "h", headers={"h": n}) for n in range(30)] == before
