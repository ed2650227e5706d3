"""Messages through a stock client: what is sent is what is received, checksums included; batches; refusals."""
import uuid

import pytest

import digests

UNICODE = "žluťoučký 🐎 \u4f60\u597d \t\r\n <&>'\" %41+ end"
ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": UNICODE},
    "number": {"DataType": "Number", "StringValue": "-12.75"},
    "bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    "custom.type": {"DataType": "String.json", "StringValue": '{"a": 1}'},
    "A-z_0": {"DataType": "Binary.png", "BinaryValue": b"\0"},
}


def receive(sqs, queue, **arguments):
    arguments = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 2, **arguments}
    return sqs.receive_message(QueueUrl=queue, **arguments).get("Messages", [])


def drain(sqs, queue):
    """The bodies of all that waits, deleted."""
    bodies = []
    while True:
        messages = receive(sqs, queue, WaitTimeSeconds=0)
        if not messages:
            return bodies
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@pytest.mark.parametrize("body", ["x", UNICODE, " lead and trail ", "a" * 262_144, "\u4f60" * 100_000,
                                  '{"json": ["<xml>&amp;", null]}'],
                         ids=["short", "unicode", "spaces", "256KiB", "300KB-of-3-byte", "markup"])
def test_a_message_arrives_as_it_was_sent(sqs, queue, body):
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert sent["MD5OfMessageBody"] == digests.of_body(body)
    uuid.UUID(sent["MessageId"])
    assert "MD5OfMessageAttributes" not in sent

    received, = receive(sqs, queue)
    assert received["Body"] == body
    assert received["MessageId"] == sent["MessageId"]
    assert received["MD5OfBody"] == digests.of_body(body)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
    assert receive(sqs, queue, WaitTimeSeconds=0, VisibilityTimeout=0) == []


def test_attributes_arrive_as_they_were_sent(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=ATTRIBUTES)
    assert sent["MD5OfMessageAttributes"] == digests.of_attributes(ATTRIBUTES)
    received, = receive(sqs, queue, MessageAttributeNames=["All"])
    assert received["MD5OfMessageAttributes"] == digests.of_attributes(ATTRIBUTES)
    plain = {name: {key: value for key, value in attribute.items() if key in ("DataType", "StringValue", "BinaryValue")}
             for name, attribute in received["MessageAttributes"].items()}
    assert plain == ATTRIBUTES


def test_only_the_attributes_asked_for_arrive_and_their_digest_covers_them(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=ATTRIBUTES)
    cases = [(["text"], {"text"}), (["custom.*"], {"custom.type"}), ([".*"], set(ATTRIBUTES)), (["absent"], set())]
    for asked, expected in cases:
        message, = receive(sqs, queue, MessageAttributeNames=asked, VisibilityTimeout=0)
        assert set(message.get("MessageAttributes", {})) == expected
        if expected:
            assert message["MD5OfMessageAttributes"] == digests.of_attributes({name: ATTRIBUTES[name] for name in expected})
    message, = receive(sqs, queue, VisibilityTimeout=0)
    assert "MessageAttributes" not in message and "MD5OfMessageAttributes" not in message


def test_system_attributes_come_when_asked_for(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message, = receive(sqs, queue, AttributeNames=["All"], VisibilityTimeout=0)
    attributes = message["Attributes"]
    assert attributes["ApproximateReceiveCount"] == "1"
    assert int(attributes["SentTimestamp"]) > 1_600_000_000_000
    assert int(attributes["ApproximateFirstReceiveTimestamp"]) >= int(attributes["SentTimestamp"])
    assert attributes["SenderId"]
    message, = receive(sqs, queue, AttributeNames=["ApproximateReceiveCount"], VisibilityTimeout=0)
    assert message["Attributes"] == {"ApproximateReceiveCount": "2"}
    message, = receive(sqs, queue, VisibilityTimeout=0)
    assert "Attributes" not in message


def test_messages_of_two_clients_all_arrive_once(sqs, server, queue):
    from conftest import connect
    other = connect(server)
    for number in range(30):
        (sqs if number % 2 else other).send_message(QueueUrl=queue, MessageBody=str(number))
    first = [message["Body"] for message in receive(sqs, queue) + receive(other, queue) + receive(sqs, queue)]
    assert len(first) == len(set(first))
    rest = drain(other, queue)
    assert sorted(first + rest, key=int) == [str(number) for number in range(30)]


def test_a_batch_is_sent_received_and_deleted(sqs, queue):
    entries = [{"Id": f"id-{n}", "MessageBody": f"body {n}",
                "MessageAttributes": {"n": {"DataType": "Number", "StringValue": str(n)}}} for n in range(10)]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert "Failed" not in sent
    by_id = {entry["Id"]: entry for entry in sent["Successful"]}
    for entry in entries:
        assert by_id[entry["Id"]]["MD5OfMessageBody"] == digests.of_body(entry["MessageBody"])
        assert by_id[entry["Id"]]["MD5OfMessageAttributes"] == digests.of_attributes(entry["MessageAttributes"])

    messages = []
    while len(messages) < 10:
        more = receive(sqs, queue)
        assert more, "all ten arrive"
        messages += more
    assert sorted(message["MessageId"] for message in messages) == sorted(entry["MessageId"] for entry in sent["Successful"])
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[
        {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)])
    assert sorted(entry["Id"] for entry in deleted["Successful"]) == sorted(map(str, range(10)))
    assert "Failed" not in deleted


def test_a_bad_entry_fails_alone(sqs, queue):
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": "good", "MessageBody": "kept"},
        {"Id": "late", "MessageBody": "refused", "DelaySeconds": 901},
        {"Id": "also-good", "MessageBody": "kept too"}])
    assert sorted(entry["Id"] for entry in sent["Successful"]) == ["also-good", "good"]
    failed, = sent["Failed"]
    assert failed["Id"] == "late" and failed["SenderFault"] is True
    assert failed["Code"] in {"InvalidParameterValue", "InvalidParameterValueException"}
    assert sorted(drain(sqs, queue)) == ["kept", "kept too"]


def test_a_bad_receipt_in_a_batch_fails_alone(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message, = receive(sqs, queue)
    result = sqs.delete_message_batch(QueueUrl=queue, Entries=[
        {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "bad", "ReceiptHandle": "nonsense"}])
    assert [entry["Id"] for entry in result["Successful"]] == ["good"]
    failed, = result["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "ReceiptHandleIsInvalid", True)


@pytest.mark.parametrize("entries, expected", [
    ([{"Id": "same", "MessageBody": "a"}, {"Id": "same", "MessageBody": "b"}], "BatchEntryIdsNotDistinct"),
    ([{"Id": f"{n}", "MessageBody": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
    ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
    ([{"Id": "i" * 81, "MessageBody": "x"}], "InvalidBatchEntryId"),
    ([{"Id": f"{n}", "MessageBody": "x" * 600_000} for n in range(2)], "BatchRequestTooLong"),
    ([], "EmptyBatchRequest"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_malformed_batch_is_refused_whole(sqs, queue, error_of, entries, expected):
    code, status, _ = error_of(sqs.send_message_batch, QueueUrl=queue, Entries=entries)
    assert code in {expected, "AWS.SimpleQueueService." + expected}
    assert status == 400
    assert receive(sqs, queue, WaitTimeSeconds=0) == []


def test_deleting_twice_is_no_error(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message, = receive(sqs, queue)
    for _ in range(2):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@pytest.mark.parametrize("handle", ["nonsense", "AQEB" * 30, "+/=", "0"])
def test_a_receipt_that_was_never_given_is_refused(sqs, queue, error_of, handle):
    code, status, _ = error_of(sqs.delete_message, QueueUrl=queue, ReceiptHandle=handle)
    assert (code, status) == ("ReceiptHandleIsInvalid", 400)
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=1)


INVALID_VALUE = {"InvalidParameterValue", "InvalidParameterValueException"}


@pytest.mark.parametrize("arguments, expected", [
    ({"MessageBody": "x" * 1_048_577}, INVALID_VALUE),
    ({"MessageBody": "bad \x01 character"}, {"InvalidMessageContents"}),
    ({"MessageBody": "x", "DelaySeconds": 901}, INVALID_VALUE),
    ({"MessageBody": "x", "DelaySeconds": -1}, INVALID_VALUE),
    ({"MessageBody": "x", "MessageAttributes": {f"a{n}": {"DataType": "String", "StringValue": "v"} for n in range(11)}},
     INVALID_VALUE),
    ({"MessageBody": "x", "MessageAttributes": {"AWS.x": {"DataType": "String", "StringValue": "v"}}}, INVALID_VALUE),
    ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Float", "StringValue": "v"}}}, INVALID_VALUE),
    ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "one"}}}, INVALID_VALUE),
], ids=["too large", "character", "delay 901", "delay -1", "11 attributes", "reserved name", "data type", "number"])
def test_a_bad_message_is_refused_and_nothing_is_stored(sqs, queue, error_of, arguments, expected):
    code, status, message = error_of(sqs.send_message, QueueUrl=queue, **arguments)
    assert code in expected, message
    assert status == 400
    assert receive(sqs, queue, WaitTimeSeconds=0) == []


def test_the_largest_message_is_accepted_and_a_smaller_limit_is_kept(sqs, queue, error_of):
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_576)
    assert [len(message["Body"]) for message in receive(sqs, queue)] == [1_048_576]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1024)
    code, _, message = error_of(sqs.send_message, QueueUrl=queue, MessageBody="x" * 1025)
    assert code in INVALID_VALUE and "1024" in message


@pytest.mark.parametrize("arguments", [
    {"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21}, {"WaitTimeSeconds": -1},
    {"VisibilityTimeout": 43201}, {"VisibilityTimeout": -1}], ids=str)
def test_a_bad_receive_is_refused(sqs, queue, error_of, arguments):
    code, status, _ = error_of(sqs.receive_message, QueueUrl=queue, **arguments)
    assert code in INVALID_VALUE
    assert status == 400
