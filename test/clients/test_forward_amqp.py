"""rowmq forward between brokers of AMQP: everything arrives as it was, whatever is killed meanwhile."""
import datetime
import decimal
import json
import signal
import subprocess
import time

import pika
import pytest

import amqp_client
from server import Server
from test_tls import flags, make_certificate

HEADERS = {"text": "grüße", "long": 2**40, "yes": True, "nothing": None, "bytes": b"\xff\x00", "decimal": decimal.Decimal("12.25"),
           "time": datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc),
           "list": [1, "a", None, [2], {"deep": True}], "table": {"a": {"b": {"c": "d"}}}, "empty": ""}
PROPERTIES = {"content_type": "text/plain", "content_encoding": "utf-8", "headers": HEADERS, "delivery_mode": 2, "priority": 3,
              "correlation_id": "c", "reply_to": "r", "expiration": "600000", "message_id": "m", "timestamp": 1_700_000_000, "type": "t",
              "user_id": "guest", "app_id": "a", "cluster_id": "cl"}


@pytest.fixture
def two(program, tmp_path):
    """Two servers, the second on a port it keeps over restarts."""
    pair = []
    for name in "ab":
        (tmp_path / name).mkdir()
        server = Server(program, tmp_path / name).start()
        server.arguments = ["--listen", f"amqp=127.0.0.1:{server.amqp_port}"]
        pair.append(server)
    yield pair
    for one in pair:
        one.kill()


def address(server, vhost="", user="guest:guest"):
    return f"amqp://{user}@127.0.0.1:{server.amqp_port}/{vhost}"


def command(program, two, *queues, more=()):
    return [program, "forward", "--from", address(two[0]), "--to", address(two[1]),
            *(word for queue in queues for word in ("--queue", queue)), *more]


def forward(program, two, *queues, more=(), expect=0):
    done = subprocess.run(command(program, two, *queues, more=("--json", *more)), capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[0]) | {"said": done.stderr} if expect else json.loads(done.stdout)


def declare(servers, *queues, **arguments):
    channels = []
    for server in servers:
        channel = amqp_client.connect(server).channel()
        channel.confirm_delivery()
        for queue in queues:
            channel.queue_declare(queue, durable=True, arguments=arguments or None)
        channels.append(channel)
    return channels


def fill(channel, queue, numbers):
    filling = channel.connection.channel()
    filling.tx_select()
    for number in numbers:
        filling.basic_publish("", queue, str(number).encode(), pika.BasicProperties(delivery_mode=2))
    filling.tx_commit()
    filling.close()


def drain(channel, queue):
    """All there is, in order."""
    reading = channel.connection.channel()
    got = []
    for method, _, body in reading.consume(queue, auto_ack=True, inactivity_timeout=0.3):
        if method is None:
            break
        got.append(int(body))
    reading.close()
    return got


def plain(properties):
    for name, value in properties.headers.items():
        if isinstance(value, datetime.datetime):
            properties.headers[name] = value.replace(tzinfo=datetime.timezone.utc)
    return properties


def test_forwards_all_in_order_and_every_property_as_it_was(program, two):
    a, b = declare(two, "q")
    a.exchange_declare("events", "topic")
    a.queue_bind("q", "events", "#")
    a.basic_publish("events", "orders.eu.new", b"\x00\xff" * 100_000, pika.BasicProperties(**PROPERTIES))
    fill(a, "q", range(700))

    assert forward(program, two, "q") == {"forwarded": 701, "refused": 0, "unconfirmed": 0}

    method, properties, body = amqp_client.take(b, "q", auto_ack=True)
    assert body == b"\x00\xff" * 100_000 and plain(properties) == pika.BasicProperties(**PROPERTIES)
    assert method.routing_key == "orders.eu.new"
    assert drain(b, "q") == list(range(700)) and drain(a, "q") == []


def test_what_was_empty_and_what_was_absent_stays_so(program, two):
    a, b = declare(two, "q")
    for properties in ({}, {"headers": {}, "reply_to": "", "content_type": ""}):
        a.basic_publish("", "q", b"", pika.BasicProperties(**properties))
    forward(program, two, "q")
    for properties in ({}, {"headers": {}, "reply_to": "", "content_type": ""}):
        method, got, body = amqp_client.take(b, "q", auto_ack=True)
        assert body == b"" and got == pika.BasicProperties(delivery_mode=2, **properties)


def test_a_CC_that_was_routed_is_kept_and_not_routed_again(program, two):
    a, b = declare(two, "q", "copy")
    a.basic_publish("", "q", b"1", pika.BasicProperties(headers={"CC": ["copy"], "kind": "tea"}))
    forward(program, two, "q", "copy")
    for queue in ("q", "copy"):
        assert amqp_client.take(b, queue, auto_ack=True)[1].headers == {"CC": ["copy"], "kind": "tea"}
        assert drain(b, queue) == []


def test_the_name_of_another_user_goes_on_as_a_header(program, two):
    source, target = two
    a, b = declare(two, "q")
    a.basic_publish("", "q", b"1", pika.BasicProperties(user_id="guest", headers={"kind": "tea"}))
    target.arguments += ["--access-key", "other:secret"]
    b.connection.close()
    target.restart()
    done = subprocess.run([program, "forward", "--from", address(source), "--to", address(target, user="other:secret"), "--queue", "q"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "1 messages forwarded" in done.stdout, done.stderr
    channel = amqp_client.connect(target, credentials=pika.PlainCredentials("other", "secret")).channel()
    properties = amqp_client.take(channel, "q")[1]
    assert properties.user_id is None and properties.headers == {"kind": "tea", "x-forwarded-user-id": "guest"}


def test_how_often_the_source_delivered_is_not_passed_on(program, two):
    a, b = declare(two, "q", **{"x-queue-type": "quorum"})
    fill(a, "q", [1])
    a.basic_reject(amqp_client.take(a, "q")[0].delivery_tag, requeue=True)
    forward(program, two, "q")
    assert (amqp_client.take(b, "q")[1].headers or {}).get("x-delivery-count", 0) == 0


def test_several_queues_at_once_and_at_most_so_many(program, two):
    a, b = declare(two, "q", "r")
    fill(a, "q", range(30))
    fill(a, "r", range(30))
    assert forward(program, two, "q", "r", more=("--max", "25"))["forwarded"] == 25
    assert forward(program, two, "q", "r")["forwarded"] == 35
    assert drain(b, "q") == list(range(30)) and drain(b, "r") == list(range(30))


def test_nothing_is_consumed_for_a_queue_that_the_target_lacks(program, two):
    a, = declare(two[:1], "q")
    fill(a, "q", [1])
    assert "no queue 'q'" in forward(program, two, "q", expect=2)["said"]
    assert drain(a, "q") == [1]
    assert "no queue 'nobody'" in forward(program, two, "nobody", expect=2)["said"]


def test_what_the_target_refuses_stays_at_the_source(program, two):
    a, _ = declare(two, "q")
    fill(a, "q", range(5))
    full = amqp_client.connect(two[1]).channel()
    full.queue_delete("q")
    full.queue_declare("q", durable=True, arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
    told = forward(program, two, "q", expect=1)
    assert (told["forwarded"], told["refused"], told["unconfirmed"]) == (2, 3, 0)
    assert drain(full, "q") == [0, 1] and drain(a, "q") == [2, 3, 4]


def test_it_says_whom_it_cannot_reach_and_what_it_is_not_told(program, two):
    def refused(*words):
        done = subprocess.run([program, "forward", *words], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr
    declare(two, "q")
    a, b = address(two[0]), address(two[1])
    code, text = refused("--from", "amqp://guest:secret@127.0.0.1:9", "--to", b, "--queue", "q")
    assert code == 1 and "127.0.0.1:9" in text and "secret" not in text
    code, text = refused("--from", address(two[0], user="guest:wrong"), "--to", b, "--queue", "q")
    assert code == 3 and "ACCESS_REFUSED" in text and "wrong" not in text
    code, text = refused("--from", address(two[0], "nowhere"), "--to", b, "--queue", "q")
    assert code != 0 and "nowhere" in text
    code, text = refused("--from", a, "--to", a, "--queue", "q")
    assert code == 1 and "never end" in text
    code, text = refused("--from", a, "--to", b)
    assert code == 1 and "--queue" in text
    assert refused("--from", a, "--to", f"{two[1].url}/000000000000/q", "--queue", "q")[0] == 1


def test_amqps_is_trusted_by_its_certificate_only(program, two, tmp_path):
    certificate, key = make_certificate(tmp_path)
    secure = Server(program, tmp_path, arguments=["--listen", "amqps=127.0.0.1:0", *flags(certificate, key)]).start()
    a, _ = declare((secure, two[1]), "q")
    fill(a, "q", range(3))
    port = secure.address("amqps").rpartition(":")[2]
    source = f"amqps://guest:guest@localhost:{port}"  # librabbitmq knows no certificates of addresses
    words = [program, "forward", "--from", source, "--to", address(two[1]), "--queue", "q"]
    untrusted = subprocess.run(words, capture_output=True, text=True, timeout=60)
    trusted = subprocess.run([*words, "--ca", certificate], capture_output=True, text=True, timeout=60)
    secure.kill()
    assert untrusted.returncode != 0 and "0 messages" in untrusted.stdout
    assert trusted.returncode == 0 and "3 messages" in trusted.stdout, trusted.stderr


# ------------------------------------------------------------------ ends of every kind

def twice_or_once(got, count):
    assert set(got) == set(range(count)), f"lost: {sorted(set(range(count)) - set(got))[:10]}"
    return len(got) - count


def test_it_loses_nothing_when_it_is_killed_again_and_again(program, two):
    a, b = declare(two, "q")
    fill(a, "q", range(3000))
    for _ in range(5):
        running = subprocess.Popen(command(program, two, "q"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.1)  # wherever it is then
        running.kill()
        running.wait()
    forward(program, two, "q")
    assert twice_or_once(drain(b, "q"), 3000) <= 5 * 256
    assert drain(a, "q") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_and_nothing_is_there_twice(program, two, number):
    a, b = declare(two, "q")
    fill(a, "q", range(3000))
    running = subprocess.Popen(command(program, two, "q", more=("--follow", "--json")), stdout=subprocess.PIPE, text=True)
    amqp_client.until(lambda: b.queue_declare("q", passive=True).method.message_count > 100)
    running.send_signal(number)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == 0 and json.loads(out)["unconfirmed"] == 0
    forward(program, two, "q")
    assert drain(b, "q") == list(range(3000))


@pytest.mark.parametrize("which", ["source", "target"])
@pytest.mark.parametrize("end", ["kill", "restart"])
def test_it_goes_on_when_a_broker_comes_back(program, two, which, end):
    a, b = declare(two, "q")
    fill(a, "q", range(2000))
    running = subprocess.Popen(command(program, two, "q", more=("--follow", "--json")), stdout=subprocess.PIPE, text=True)
    amqp_client.until(lambda: b.queue_declare("q", passive=True).method.message_count > 100)
    server = two[0] if which == "source" else two[1]
    if end == "kill":
        server.kill()
        server.start()
    else:
        server.restart()
    a, b = (amqp_client.connect(one).channel() for one in two)
    fill(a, "q", range(2000, 2100))
    amqp_client.until(lambda: a.queue_declare("q", passive=True).method.message_count == 0
                      and b.queue_declare("q", passive=True).method.message_count >= 2100)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=20)
    assert running.returncode == 0
    # A killed source has also forgotten what was acknowledged and not stored: what came while it committed.
    assert twice_or_once(drain(b, "q"), 2100) <= (4 * 256 if (which, end) == ("source", "kill") else 2 * 256)


def test_it_follows_what_comes_and_ends_when_its_queue_is_deleted(program, two):
    a, b = declare(two, "q")
    running = subprocess.Popen(command(program, two, "q", more=("--follow",)), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    for number in range(3):
        fill(a, "q", [number])
        assert amqp_client.take(b, "q", auto_ack=True)[2] == str(number).encode()
    a.queue_delete("q")
    _, said = running.communicate(timeout=20)
    assert running.returncode == 2 and "gone" in said
