"""rowmq forward: everything arrives, whatever is killed meanwhile."""
import json
import signal
import subprocess
import time

import pytest

from conftest import connect
from server import Server


@pytest.fixture
def two(program, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    pair = Server(program, tmp_path / "a").start(), Server(program, tmp_path / "b").start()
    yield pair
    for one in pair:
        one.kill()


def queue(server, name, **attributes):
    return connect(server).create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def forward(program, *arguments, **more):
    return subprocess.run([program, "forward", "--json", *arguments], capture_output=True, text=True, timeout=60, **more)


def fill(server, url, count, **more):
    sqs = connect(server)
    for start in range(0, count, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": f"{n} grüße", "MessageAttributes": {
                "n": {"DataType": "Number", "StringValue": str(n)}, "b": {"DataType": "Binary", "BinaryValue": bytes([n % 256])}},
             **{key: value(n) for key, value in more.items()}} for n in range(start, min(count, start + 10))])


def drain(server, url):
    sqs, got = connect(server), []
    while True:
        some = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", [])
        if not some:
            return got
        for message in some:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        got += some


def test_forwards_all_there_is_with_attributes(program, two):
    a, b = two
    source, destination = queue(a, "q"), queue(b, "q")
    fill(a, source, 237)

    done = forward(program, "--from", source, "--to", destination)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"forwarded": 237, "refused": 0}
    got = drain(b, destination)
    assert sorted(int(m["MessageAttributes"]["n"]["StringValue"]) for m in got) == list(range(237))
    assert all(m["MessageAttributes"]["b"]["BinaryValue"] == bytes([int(m["Body"].split()[0]) % 256]) for m in got)
    assert drain(a, source) == []


def test_keeps_the_order_of_groups(program, two):
    a, b = two
    fifo = {"FifoQueue": "true"}
    source, destination = queue(a, "q.fifo", **fifo), queue(b, "q.fifo", **fifo)
    fill(a, source, 120, MessageGroupId=lambda n: str(n % 3), MessageDeduplicationId=lambda n: f"id-{n}")

    assert forward(program, "--from", source, "--to", destination).returncode == 0

    numbers = [int(m["Body"].split()[0]) for m in drain(b, destination)]
    for group in range(3):
        assert [n for n in numbers if n % 3 == group] == list(range(group, 120, 3))


def test_loses_nothing_when_it_is_killed(program, two):
    a, b = two
    source, destination = queue(a, "q", VisibilityTimeout="1"), queue(b, "q")
    fill(a, source, 1000)
    for _ in range(5):
        running = subprocess.Popen([program, "forward", "--from", source, "--to", destination], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.12)
        running.send_signal(signal.SIGKILL)
        running.wait()

    assert forward(program, "--from", source, "--to", destination).returncode == 0

    assert {int(m["Body"].split()[0]) for m in drain(b, destination)} == set(range(1000))


def test_leaves_what_the_destination_refuses(program, two):
    a, b = two
    source, destination = queue(a, "q", VisibilityTimeout="0"), queue(b, "q", MaximumMessageSize="1024")
    connect(a).send_message(QueueUrl=source, MessageBody="x" * 5000)

    done = forward(program, "--from", source, "--to", destination)

    assert done.returncode != 0 and "refuse" in done.stderr
    assert connect(a).receive_message(QueueUrl=source)["Messages"][0]["Body"] == "x" * 5000


def test_says_what_it_cannot_reach(program, two):
    a, _ = two
    source = queue(a, "q")
    gone = forward(program, "--from", f"{a.url}/000000000000/nobody", "--to", source)
    assert gone.returncode == 2 and "does not exist" in gone.stderr
    closed = forward(program, "--from", "http://127.0.0.1:9/000000000000/q", "--to", source)
    assert closed.returncode != 0 and "127.0.0.1" in closed.stderr
    assert forward(program, "--from", "nonsense", "--to", source).returncode == 1
