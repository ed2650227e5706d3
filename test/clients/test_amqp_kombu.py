"""AMQP by kombu over py-amqp: Celery's way."""
import socket
import time

import amqp
import kombu
import pytest

from amqp_client import SECONDS


@pytest.fixture
def connection(server):
    with kombu.Connection(f"amqp://guest:guest@127.0.0.1:{server.amqp_port}//", heartbeat=10, connect_timeout=SECONDS) as opened:
        yield opened


def test_a_producer_and_a_consumer(connection, name):
    exchange = kombu.Exchange(name, "topic", durable=True)
    queue = kombu.Queue(name, exchange, routing_key="a.#", max_priority=10, expires=60)
    got = []
    with connection.Producer() as producer, connection.Consumer(queue, callbacks=[lambda body, message: (got.append(body), message.ack())]):
        for number in range(20):
            producer.publish({"n": number, "f": 0.5}, exchange=exchange, routing_key="a.b", declare=[queue], priority=number % 3,
                             compression="zlib", headers={"float": 1.5}, retry=True)
        until = time.monotonic() + SECONDS
        while len(got) < 20 and time.monotonic() < until:
            connection.drain_events(timeout=SECONDS)
    assert sorted(body["n"] for body in got) == list(range(20)) and got[0]["f"] == 0.5
    queue(connection.default_channel).delete()
    exchange(connection.default_channel).delete()


def test_floats_and_times_of_headers_come_back(connection, name):
    channel = connection.default_channel
    queue = kombu.Queue(name, exclusive=True, channel=channel)
    queue.declare()
    connection.Producer(channel).publish("x", routing_key=name, headers={"double": 0.5, "list": [1.25, {"deep": -0.0}]})
    message = queue.get(no_ack=True)
    assert message.headers["double"] == 0.5 and message.headers["list"] == [1.25, {"deep": -0.0}]


def test_qos_is_changed_while_consuming(connection, name):
    channel = connection.channel()
    queue = kombu.Queue(name, channel=channel, exclusive=True)
    queue.declare()
    held = []
    consumer = connection.Consumer(queue, channel=channel, on_message=held.append)
    channel.basic_qos(0, 2, True)
    producer = connection.Producer(channel)
    for number in range(10):
        producer.publish(str(number), routing_key=name)
    consumer.consume()

    def drained():
        try:
            while True:
                connection.drain_events(timeout=0.5)
        except socket.timeout:
            return len(held)

    assert drained() == 2
    channel.basic_qos(0, 5, True)  # what a worker does when its rate changes
    assert drained() == 5
    consumer.cancel()


def test_publishing_with_confirms(server, name):
    connection = amqp.Connection(f"127.0.0.1:{server.amqp_port}", confirm_publish=True)
    connection.connect()
    channel = connection.channel()
    channel.queue_declare(name, exclusive=True)
    for number in range(10):
        channel.basic_publish_confirm(amqp.Message(str(number), delivery_mode=2), routing_key=name)
    assert [channel.basic_get(name, no_ack=True).body for _ in range(10)] == [str(number) for number in range(10)]
    with pytest.raises(amqp.exceptions.NotFound) as caught:
        channel.queue_declare("not there", passive=True)
    assert caught.value.reply_text == "NOT_FOUND - no queue 'not there' in vhost '/'"
    connection.close()


def test_a_simple_queue(connection, name):
    with connection.SimpleQueue(name) as queue:
        queue.put({"a": 1})
        message = queue.get(timeout=SECONDS)
        assert message.payload == {"a": 1}
        message.ack()
        with pytest.raises(queue.Empty):
            queue.get(block=False)


def test_celerys_delayed_delivery_topology(connection, name):
    """A queue and exchange for each power of two of seconds, the message sinks from one to the next."""
    channel = connection.default_channel
    last = f"{name}-delivery"
    kombu.Exchange(last, "topic", channel=channel).declare()
    kombu.Queue(name, kombu.Exchange(last, "topic"), routing_key="#." + name, channel=channel).declare()
    below = last
    for level in range(3):
        exchange = f"{name}-delayed-{level}"
        kombu.Exchange(exchange, "topic", channel=channel).declare()
        kombu.Queue(exchange, channel=channel, queue_arguments={
            "x-queue-type": "quorum", "x-overflow": "reject-publish", "x-message-ttl": 2**level * 100, "x-dead-letter-exchange": below}).declare()
        channel.queue_bind(exchange, exchange, ".".join(["*"] * (2 - level) + ["1", "#"]))
        channel.exchange_bind(below, exchange, ".".join(["*"] * (2 - level) + ["0", "#"]))
        below = exchange
    began = time.monotonic()
    connection.Producer(channel).publish("later", exchange=below, routing_key="1.0.1." + name)  # 400 ms and 100 ms
    queue = kombu.Queue(name, channel=channel)
    message = None
    while message is None and time.monotonic() < began + SECONDS:
        message = queue.get(no_ack=True)
        time.sleep(0.01)
    assert message.payload == "later" and 0.49 < time.monotonic() - began < 3
    assert [death["queue"] for death in message.headers["x-death"]] == [f"{name}-delayed-0", f"{name}-delayed-2"]
