"""Who may see a message when: leases that expire, change and end; delays; dead letters; receivers that wait."""
import json
import threading
import time

import pytest

from test_messages import receive


def test_a_received_message_is_hidden_until_its_time_is_over(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    first, = receive(sqs, queue, VisibilityTimeout=1)
    began = time.monotonic()
    assert receive(sqs, queue, WaitTimeSeconds=0) == []

    again, = receive(sqs, queue, WaitTimeSeconds=5, AttributeNames=["All"])
    assert 0.8 <= time.monotonic() - began <= 2.5
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_the_queues_own_timeout_holds_where_a_receive_names_none(sqs, name):
    queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    receive(sqs, queue)
    assert receive(sqs, queue, WaitTimeSeconds=0) == []
    assert len(receive(sqs, queue, WaitTimeSeconds=5)) == 1


def test_visibility_can_be_ended_at_once(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message, = receive(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert len(receive(sqs, queue, WaitTimeSeconds=0)) == 1


def test_visibility_can_be_extended(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message, = receive(sqs, queue, VisibilityTimeout=1)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
    assert receive(sqs, queue, WaitTimeSeconds=2) == []
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_visibility_changes_in_batches_with_partial_failure(sqs, queue):
    for body in "ab":
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    messages = []
    while len(messages) < 2:
        messages += receive(sqs, queue)
    result = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[
        {"Id": "a", "ReceiptHandle": messages[0]["ReceiptHandle"], "VisibilityTimeout": 0},
        {"Id": "b", "ReceiptHandle": messages[1]["ReceiptHandle"], "VisibilityTimeout": 0},
        {"Id": "c", "ReceiptHandle": "nonsense", "VisibilityTimeout": 0}])
    assert sorted(entry["Id"] for entry in result["Successful"]) == ["a", "b"]
    assert [(entry["Id"], entry["Code"]) for entry in result["Failed"]] == [("c", "ReceiptHandleIsInvalid")]
    assert len(receive(sqs, queue) + receive(sqs, queue, WaitTimeSeconds=0)) == 2


def test_visibility_that_has_ended_begins_anew_for_the_newest_handle(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message, = receive(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60)
    assert receive(sqs, queue) == []
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_a_handle_that_is_no_longer_the_newest_has_no_visibility_to_change(sqs, queue, error_of):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    old, = receive(sqs, queue, VisibilityTimeout=0)
    receive(sqs, queue)
    code, status, _ = error_of(sqs.change_message_visibility, QueueUrl=queue, ReceiptHandle=old["ReceiptHandle"], VisibilityTimeout=5)
    assert code in {"AWS.SimpleQueueService.MessageNotInflight", "MessageNotInflight"}
    assert status == 400


def test_an_old_receipt_does_not_delete_what_somebody_else_holds(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    old, = receive(sqs, queue, VisibilityTimeout=0)
    new, = receive(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=old["ReceiptHandle"])
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=new["ReceiptHandle"], VisibilityTimeout=0)
    assert [message["MessageId"] for message in receive(sqs, queue)] == [new["MessageId"]]


def test_a_delayed_message_comes_when_it_is_due(sqs, queue):
    began = time.monotonic()
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert receive(sqs, queue, WaitTimeSeconds=0) == []
    message, = receive(sqs, queue, WaitTimeSeconds=5)
    assert message["Body"] == "later"
    assert 0.9 <= time.monotonic() - began <= 2.5


def test_the_queues_own_delay_holds_where_a_message_names_none(sqs, name):
    queue = sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="later")
    sqs.send_message(QueueUrl=queue, MessageBody="now", DelaySeconds=0)
    assert [message["Body"] for message in receive(sqs, queue)] == ["now"]
    assert [message["Body"] for message in receive(sqs, queue, WaitTimeSeconds=5)] == ["later"]


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(sqs, name):
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queue = sqs.create_queue(QueueName=name, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})})["QueueUrl"]
    attributes = {"kept": {"DataType": "String", "StringValue": "yes"}}
    sent = sqs.send_message(QueueUrl=queue, MessageBody="poison", MessageAttributes=attributes)

    for count in ("1", "2"):
        message, = receive(sqs, queue, AttributeNames=["All"])
        assert message["Attributes"]["ApproximateReceiveCount"] == count
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert receive(sqs, queue, WaitTimeSeconds=0) == []

    message, = receive(sqs, dead, AttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=5)
    assert (message["Body"], message["MessageId"]) == ("poison", sent["MessageId"])
    assert message["MessageAttributes"]["kept"]["StringValue"] == "yes"
    assert message["Attributes"]["DeadLetterQueueSourceArn"].endswith(":" + name)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_dead_letters_also_follow_expired_visibility(sqs, name):
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queue = sqs.create_queue(QueueName=name, Attributes={
        "VisibilityTimeout": "1", "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    assert len(receive(sqs, queue)) == 1
    assert [message["Body"] for message in receive(sqs, dead, WaitTimeSeconds=5)] == ["poison"]


def test_a_waiting_receive_is_woken_by_a_send(server, sqs, queue):
    from conftest import connect
    waiter, answered = connect(server), []

    def wait():
        messages = receive(waiter, queue, WaitTimeSeconds=20)
        answered.append((time.monotonic(), messages))

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(0.5)  # long enough for the request to be waiting in the server
    assert not answered, "an empty queue makes a receive wait"
    sqs.send_message(QueueUrl=queue, MessageBody="wake up")
    sent = time.monotonic()
    thread.join(10)
    (at, messages), = answered
    assert [message["Body"] for message in messages] == ["wake up"]
    assert at - sent < 0.5, "woken, not polled"


def test_an_empty_queue_answers_when_the_wait_is_over(sqs, queue):
    began = time.monotonic()
    assert receive(sqs, queue, WaitTimeSeconds=1) == []
    assert 0.9 <= time.monotonic() - began <= 2.0
    began = time.monotonic()
    assert receive(sqs, queue, WaitTimeSeconds=0) == []
    assert time.monotonic() - began < 0.5


def test_of_many_waiting_receives_each_gets_one_message(server, sqs, queue):
    from conftest import connect
    bodies, threads = [], []

    def wait():
        bodies.extend(message["Body"] for message in receive(connect(server), queue, WaitTimeSeconds=20, MaxNumberOfMessages=1))

    for _ in range(5):
        threads.append(threading.Thread(target=wait))
        threads[-1].start()
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(5)])
    for thread in threads:
        thread.join(20)
    assert sorted(bodies) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("seconds", [43201, -1])
def test_a_visibility_out_of_range_is_refused(sqs, queue, error_of, seconds):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message, = receive(sqs, queue)
    code, status, _ = error_of(sqs.change_message_visibility, QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"],
                               VisibilityTimeout=seconds)
    assert code in {"InvalidParameterValue", "InvalidParameterValueException"}
    assert status == 400
