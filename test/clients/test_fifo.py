"""FIFO queues through a stock client: order within a group, groups that wait, what is sent twice."""
import pytest

from test_messages import INVALID_VALUE, receive


def send(sqs, queue, body, group="g", dedup=None, **more):
    return sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group,
                            MessageDeduplicationId=dedup or f"{group}-{body}", **more)


def delete(sqs, queue, messages):
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def bodies(messages):
    return [message["Body"] for message in messages]


def test_a_group_keeps_its_order(sqs, fifo):
    sequences = [send(sqs, fifo, str(number))["SequenceNumber"] for number in range(25)]
    assert sequences == sorted(sequences) and len(set(sequences)) == 25
    assert {len(sequence) for sequence in sequences} == {20}
    seen = []
    while len(seen) < 25:
        messages = receive(sqs, fifo, AttributeNames=["All"])
        assert messages, f"only {seen} came"
        seen += bodies(messages)
        for message in messages:
            assert message["Attributes"]["SequenceNumber"] == sequences[int(message["Body"])]
            assert message["Attributes"]["MessageGroupId"] == "g"
            assert message["Attributes"]["MessageDeduplicationId"] == "g-" + message["Body"]
        delete(sqs, fifo, messages)
    assert seen == [str(number) for number in range(25)]


def test_a_batch_keeps_its_order(sqs, fifo):
    sent = sqs.send_message_batch(QueueUrl=fifo, Entries=[
        {"Id": f"e{n}", "MessageBody": str(n), "MessageGroupId": "g", "MessageDeduplicationId": str(n)} for n in range(10)])
    assert len(sent["Successful"]) == 10
    seen = []
    while len(seen) < 10:
        messages = receive(sqs, fifo)
        assert messages
        seen += bodies(messages)
        delete(sqs, fifo, messages)
    assert seen == [str(n) for n in range(10)]


def test_a_group_waits_while_one_of_its_messages_is_held_and_others_do_not(sqs, fifo):
    send(sqs, fifo, "a1", "a")
    send(sqs, fifo, "a2", "a")
    send(sqs, fifo, "b1", "b")
    held = receive(sqs, fifo, MaxNumberOfMessages=1)
    assert bodies(held) == ["a1"]

    other = receive(sqs, fifo)
    assert bodies(other) == ["b1"]
    assert receive(sqs, fifo, WaitTimeSeconds=0) == []

    delete(sqs, fifo, held)
    assert bodies(receive(sqs, fifo)) == ["a2"]


def test_a_message_given_back_comes_before_its_successors(sqs, fifo):
    for body in ("1", "2", "3"):
        send(sqs, fifo, body)
    first = receive(sqs, fifo, MaxNumberOfMessages=1)
    sqs.change_message_visibility(QueueUrl=fifo, ReceiptHandle=first[0]["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(sqs, fifo)) == ["1", "2", "3"]


def test_an_expired_message_comes_before_its_successors(sqs, fifo):
    for body in ("1", "2"):
        send(sqs, fifo, body)
    receive(sqs, fifo, MaxNumberOfMessages=1, VisibilityTimeout=1)
    assert receive(sqs, fifo, WaitTimeSeconds=0) == []
    assert bodies(receive(sqs, fifo, WaitTimeSeconds=5)) == ["1", "2"]


def test_what_is_sent_twice_is_stored_once(sqs, fifo):
    first = send(sqs, fifo, "once", dedup="same")
    again = send(sqs, fifo, "once, but other text", dedup="same")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    messages = receive(sqs, fifo)
    assert bodies(messages) == ["once"]
    delete(sqs, fifo, messages)
    third = send(sqs, fifo, "once", dedup="same")
    assert third["MessageId"] == first["MessageId"], "remembered after its deletion, too"
    assert receive(sqs, fifo, WaitTimeSeconds=0) == []


def test_deduplication_by_content(sqs, name):
    queue = sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    ids = [sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="g")["MessageId"] for body in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]
    assert bodies(receive(sqs, queue)) == ["a", "b"]


def test_a_message_needs_a_group_and_a_deduplication_id(sqs, fifo, error_of):
    code, status, _ = error_of(sqs.send_message, QueueUrl=fifo, MessageBody="x", MessageDeduplicationId="d")
    assert code in {"MissingParameter", "MissingRequiredParameterException"} and status == 400
    code, status, _ = error_of(sqs.send_message, QueueUrl=fifo, MessageBody="x", MessageGroupId="g")
    assert code in INVALID_VALUE and status == 400


@pytest.mark.parametrize("more", [{"DelaySeconds": 5}, {"MessageGroupId": "g" * 129}, {"MessageGroupId": "a b"},
                                  {"MessageDeduplicationId": "d" * 129}],
                         ids=["delay", "long group", "space in group", "long deduplication id"])
def test_a_bad_fifo_message_is_refused(sqs, fifo, error_of, more):
    arguments = {"QueueUrl": fifo, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d", **more}
    code, status, _ = error_of(sqs.send_message, **arguments)
    assert code in INVALID_VALUE and status == 400


def test_dead_letters_free_the_group(sqs, name):
    import json
    dead = sqs.create_queue(QueueName=name + "-dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queue = sqs.create_queue(QueueName=name + ".fifo", Attributes={
        "FifoQueue": "true",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})["QueueUrl"]
    send(sqs, queue, "poison")
    send(sqs, queue, "next")
    message, = receive(sqs, queue, MaxNumberOfMessages=1)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(sqs, queue, WaitTimeSeconds=5)) == ["next"]
    assert bodies(receive(sqs, dead, WaitTimeSeconds=5)) == ["poison"]
