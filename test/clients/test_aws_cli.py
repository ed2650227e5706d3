"""The AWS command line against the server: the README's first minutes and the daily verbs.

Debian's is version 2 and speaks Query; a venv with one of its own (version 1, the registry's newest) speaks AWS JSON.
"""
import json
import pathlib
import subprocess
import sys

import pytest

import digests

OWN = pathlib.Path(sys.executable).parent / "aws"
AWS = str(OWN) if OWN.exists() else "/usr/bin/aws"  # whatever shim comes first in PATH


def call(server, *arguments, fails_with=None):
    done = subprocess.run([AWS, "--endpoint-url", server.url, "--output", "json", *arguments],
                          capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
    if fails_with:
        assert done.returncode != 0 and fails_with in done.stderr, done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture
def aws(server):
    return lambda *arguments, fails_with=None: call(server, "sqs", *arguments, fails_with=fails_with)


def test_a_message_is_sent_received_and_deleted(aws, name):
    url = aws("create-queue", "--queue-name", name)["QueueUrl"]
    assert url.endswith(f"/000000000000/{name}")
    assert aws("get-queue-url", "--queue-name", name)["QueueUrl"] == url
    assert url in aws("list-queues")["QueueUrls"]

    sent = aws("send-message", "--queue-url", url, "--message-body", "hello from a shell: äöü")
    assert sent["MD5OfMessageBody"] == digests.of_body("hello from a shell: äöü")
    message, = aws("receive-message", "--queue-url", url, "--wait-time-seconds", "2")["Messages"]
    assert (message["Body"], message["MessageId"]) == ("hello from a shell: äöü", sent["MessageId"])
    aws("delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    assert aws("receive-message", "--queue-url", url) is None


def test_attributes_of_messages_and_queues(aws, name):
    url = aws("create-queue", "--queue-name", name, "--attributes", "VisibilityTimeout=5,DelaySeconds=0")["QueueUrl"]
    aws("set-queue-attributes", "--queue-url", url, "--attributes", "VisibilityTimeout=0")
    found = aws("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
    assert found["VisibilityTimeout"] == "0"
    attributes = {"city": {"DataType": "String", "StringValue": "Brno"}}
    sent = aws("send-message", "--queue-url", url, "--message-body", "x", "--message-attributes", json.dumps(attributes))
    assert sent["MD5OfMessageAttributes"] == digests.of_attributes(attributes)
    message, = aws("receive-message", "--queue-url", url, "--message-attribute-names", "All",
                   "--attribute-names", "All")["Messages"]
    assert message["MessageAttributes"]["city"]["StringValue"] == "Brno"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_batches(aws, name):
    url = aws("create-queue", "--queue-name", name)["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": f"body {n}"} for n in range(3)]
    sent = aws("send-message-batch", "--queue-url", url, "--entries", json.dumps(entries))
    assert sorted(entry["Id"] for entry in sent["Successful"]) == ["0", "1", "2"]
    messages = aws("receive-message", "--queue-url", url, "--max-number-of-messages", "10")["Messages"]
    deleted = aws("delete-message-batch", "--queue-url", url, "--entries", json.dumps(
        [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]))
    assert len(deleted["Successful"]) == len(messages)


def test_fifo(aws, name):
    url = aws("create-queue", "--queue-name", name + ".fifo", "--attributes",
              "FifoQueue=true,ContentBasedDeduplication=true")["QueueUrl"]
    for body in ("first", "second", "second"):
        aws("send-message", "--queue-url", url, "--message-body", body, "--message-group-id", "g")
    messages = aws("receive-message", "--queue-url", url, "--max-number-of-messages", "10")["Messages"]
    assert [message["Body"] for message in messages] == ["first", "second"]
    aws("change-message-visibility", "--queue-url", url, "--receipt-handle", messages[0]["ReceiptHandle"],
        "--visibility-timeout", "0")


def test_purge_delete_and_a_missing_queue(aws, name):
    url = aws("create-queue", "--queue-name", name)["QueueUrl"]
    aws("send-message", "--queue-url", url, "--message-body", "x")
    aws("purge-queue", "--queue-url", url)
    assert aws("receive-message", "--queue-url", url) is None
    aws("delete-queue", "--queue-url", url)
    aws("get-queue-url", "--queue-name", name, fails_with="NonExistentQueue")


def test_shorthand_queries_and_pages(aws, name):
    urls = [aws("create-queue", "--queue-name", f"{name}-{number}", "--tags", "team=blue,stage=test")["QueueUrl"] for number in range(3)]
    assert aws("list-queues", "--queue-name-prefix", name, "--query", "length(QueueUrls)") == 3
    page = aws("list-queues", "--queue-name-prefix", name, "--page-size", "1", "--max-items", "2")
    assert page["QueueUrls"] == urls[:2] and page["NextToken"]
    aws("untag-queue", "--queue-url", urls[0], "--tag-keys", "stage")
    assert aws("list-queue-tags", "--queue-url", urls[0])["Tags"] == {"team": "blue"}
    aws("send-message", "--queue-url", urls[0], "--message-body", "x", "--message-attributes",
        "n={DataType=Number,StringValue=7},bytes={DataType=Binary,BinaryValue=blob}")
    found = aws("receive-message", "--queue-url", urls[0], "--message-attribute-names", "All", "--query", "Messages[0].MessageAttributes")
    assert found["n"]["StringValue"] == "7"
    aws("delete-message", "--cli-input-json", json.dumps({"QueueUrl": urls[0], "ReceiptHandle": "nonsense"}),
        fails_with="ReceiptHandleIsInvalid")


def test_what_is_received_too_often_is_a_dead_letter(aws, name):
    dead = aws("create-queue", "--queue-name", name + "-dead")["QueueUrl"]
    arn = aws("get-queue-attributes", "--queue-url", dead, "--attribute-names", "QueueArn")["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})
    url = aws("create-queue", "--queue-name", name, "--attributes", json.dumps({"VisibilityTimeout": "0", "RedrivePolicy": policy}))["QueueUrl"]
    assert aws("list-dead-letter-source-queues", "--queue-url", dead)["queueUrls"] == [url]
    aws("send-message", "--queue-url", url, "--message-body", "poison")
    aws("receive-message", "--queue-url", url)
    assert aws("receive-message", "--queue-url", url, "--wait-time-seconds", "1") is None
    message, = aws("receive-message", "--queue-url", dead, "--visibility-timeout", "0", "--wait-time-seconds", "2")["Messages"]
    assert message["Body"] == "poison"
