"""rowmq forward between a RabbitMQ and RowMQ, both ways. ctest has it where Debian's rabbitmq-server is installed."""
import json
import signal
import subprocess
import urllib.request

import pika
import pytest

import amqp_client
import rabbitmq
from server import Server
from test_forward_amqp import PROPERTIES, address, drain, fill, forward, plain, twice_or_once


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory):
    broker = rabbitmq.RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    try:
        yield broker.start()
    finally:
        broker.end()


@pytest.fixture
def rowmq(program, tmp_path):
    server = Server(program, tmp_path).start()
    yield server
    server.kill()


def definitions(port, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/definitions", data=body, method="POST" if body else "GET",
                                     headers={"Authorization": "Basic Z3Vlc3Q6Z3Vlc3Q=", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def channel_of(broker):
    return amqp_client.connect(broker).channel()


def test_a_rabbitmq_moves_to_rowmq_with_its_definitions_and_back(program, rabbit, rowmq, name):
    old = channel_of(rabbit)
    old.exchange_declare("events", "topic", durable=True)
    for queue, arguments in ((name, {"x-queue-type": "quorum"}), (f"{name}-classic", {"x-max-priority": 5})):
        old.queue_declare(queue, durable=True, arguments=arguments)
        old.queue_bind(queue, "events", "#")
    for number in range(500):
        old.basic_publish("events", "orders.eu", str(number).encode(), pika.BasicProperties(**PROPERTIES))
    amqp_client.until(lambda: old.queue_declare(name, passive=True).method.message_count == 500, old.connection)

    definitions(rowmq.management_port, definitions(rabbit.management_port))
    for queue in (name, f"{name}-classic"):
        assert forward(program, (rabbit, rowmq), queue) == {"forwarded": 500, "refused": 0, "unconfirmed": 0}

    new = channel_of(rowmq)
    new.basic_publish("events", "orders.eu", b"500", pika.BasicProperties(**PROPERTIES))
    method, properties, body = amqp_client.take(new, name)
    assert body == b"0" and plain(properties).headers.pop("x-delivery-count", 0) == 0
    assert properties == pika.BasicProperties(**PROPERTIES) and method.routing_key == "orders.eu"
    new.connection.close()

    for queue in (name, f"{name}-classic"):
        assert forward(program, (rowmq, rabbit), queue)["forwarded"] == 501
        method, properties, body = amqp_client.take(old, queue, auto_ack=True)
        properties = plain(properties)
        properties.headers.pop("x-delivery-count", None)
        assert properties == pika.BasicProperties(**PROPERTIES) and method.routing_key == "orders.eu"
        assert [int(body), *drain(old, queue)] == list(range(501))


@pytest.mark.parametrize("way", ["in", "out"])
def test_nothing_is_lost_when_rabbitmq_is_killed(program, rabbit, rowmq, name, way):
    two = (rabbit, rowmq) if way == "in" else (rowmq, rabbit)
    for broker in two:
        channel_of(broker).queue_declare(name, durable=True)
    fill(channel_of(two[0]), name, range(3000))
    words = [program, "forward", "--from", address(two[0]), "--to", address(two[1]), "--queue", name, "--json", "--follow"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    there = channel_of(rowmq)
    taken = (lambda: there.queue_declare(name, passive=True).method.message_count > 100) if way == "in" else (
        lambda: there.queue_declare(name, passive=True).method.message_count < 2700)
    amqp_client.until(taken)
    rabbit.kill()
    rabbit.start()
    source, target = channel_of(two[0]), channel_of(two[1])
    amqp_client.until(lambda: target.queue_declare(name, passive=True).method.message_count >= 3000
                      and source.queue_declare(name, passive=True).method.message_count == 0)
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == 0 and json.loads(out)["forwarded"] > 0
    assert twice_or_once(drain(target, name), 3000) <= 3000
