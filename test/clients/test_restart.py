"""What a stop, a crash and a second program leave behind."""
import subprocess

import pytest

from conftest import connect
from server import Server
from test_messages import ATTRIBUTES, drain, receive


def url_of(server, name):
    return f"{server.url}/000000000000/{name}"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_was_confirmed_is_there_afterwards(own_server, end):
    sqs = connect(own_server)
    sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "600", "DelaySeconds": "0"})
    queue = url_of(own_server, "kept")
    sent = sqs.send_message(QueueUrl=queue, MessageBody="with attributes", MessageAttributes=ATTRIBUTES)
    for number in range(20):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    held = receive(sqs, queue, MaxNumberOfMessages=1)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=held[0]["ReceiptHandle"])
    receive(sqs, queue, MaxNumberOfMessages=5)

    code = getattr(own_server, end)()
    assert code == (0 if end == "stop" else -9)
    own_server.start()

    sqs, queue = connect(own_server), url_of(own_server, "kept")
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"] == {
        "VisibilityTimeout": "600"}
    counted = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "20"}
    expected = {"with attributes", *map(str, range(20))} - {held[0]["Body"]}
    messages = []
    while more := receive(sqs, queue, MessageAttributeNames=["All"], WaitTimeSeconds=0):
        messages += more
    assert {message["Body"] for message in messages} == expected and len(messages) == 20
    for message in messages:
        if message["MessageId"] == sent["MessageId"]:
            assert message["MessageAttributes"]["bytes"]["BinaryValue"] == bytes(range(256))


def test_deduplication_survives_a_crash(own_server):
    sqs = connect(own_server)
    sqs.create_queue(QueueName="d.fifo", Attributes={"FifoQueue": "true"})
    send = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    first = sqs.send_message(QueueUrl=url_of(own_server, "d.fifo"), **send)
    own_server.kill()
    own_server.start()
    sqs = connect(own_server)
    again = sqs.send_message(QueueUrl=url_of(own_server, "d.fifo"), **send)
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert drain(sqs, url_of(own_server, "d.fifo")) == ["x"]


def test_a_receipt_from_before_a_crash_still_deletes(own_server):
    sqs = connect(own_server)
    sqs.create_queue(QueueName="r")
    sqs.send_message(QueueUrl=url_of(own_server, "r"), MessageBody="x")
    message, = receive(sqs, url_of(own_server, "r"))
    own_server.kill()
    own_server.start()
    sqs = connect(own_server)
    sqs.delete_message(QueueUrl=url_of(own_server, "r"), ReceiptHandle=message["ReceiptHandle"])
    assert receive(sqs, url_of(own_server, "r"), WaitTimeSeconds=0) == []


def test_a_delayed_message_survives_a_crash(own_server):
    sqs = connect(own_server)
    sqs.create_queue(QueueName="later")
    sqs.send_message(QueueUrl=url_of(own_server, "later"), MessageBody="x", DelaySeconds=2)
    own_server.kill()
    own_server.start()
    sqs = connect(own_server)
    assert len(receive(sqs, url_of(own_server, "later"), WaitTimeSeconds=10)) == 1


def test_a_store_has_one_owner(own_server, program, tmp_path):
    second = subprocess.run([program, "serve", "--listen", "sqs=127.0.0.1:0", "--listen", "amqp=off", "--listen", "admin=off",
                             "--store", own_server.store],
                            cwd=tmp_path, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert second.returncode == 1
    assert str(own_server.process.pid) in second.stdout + second.stderr, "it names who owns the file"


def test_a_busy_port_is_named(own_server, program, tmp_path):
    address = own_server.address("sqs")
    second = subprocess.run([program, "serve", "--listen", f"sqs={address}", "--listen", "amqp=off", "--listen", "admin=off",
                             "--store", f"sqlite:{tmp_path}/other.db"],
                            cwd=tmp_path, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    output = second.stdout + second.stderr
    assert second.returncode == 1
    assert address.rsplit(":", 1)[1] in output and "--listen sqs=off" in output


def test_health_is_said_on_the_admin_port(own_server):
    import urllib.request
    with urllib.request.urlopen(f"http://{own_server.address('admin')}/healthz", timeout=5) as answer:
        assert answer.status == 200


def test_a_memory_store_serves_and_forgets(program, tmp_path):
    running = Server(program, tmp_path, store="memory:").start()
    try:
        sqs = connect(running)
        queue = sqs.create_queue(QueueName="m")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="x")
        assert len(receive(sqs, queue)) == 1
        assert running.stop() == 0
        running.start()
        assert "QueueUrls" not in connect(running).list_queues()
    finally:
        running.kill()
