"""Queues through a stock client: created, found, configured, purged, deleted, and refused with the right codes."""
import json

import pytest

QUEUE_DOES_NOT_EXIST = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


def attributes_of(sqs, queue, *names):
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names) or ["All"]).get("Attributes", {})


def test_a_created_queue_has_a_url_of_this_server(sqs, server, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{server.url}/000000000000/{name}"
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url


def test_creating_again_with_equal_attributes_finds_the_queue(sqs, name):
    first = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"] == first
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == first


def test_creating_again_with_another_attribute_is_refused(sqs, name, error_of):
    sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})
    code, status, message = error_of(sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "8"})
    assert code in {"QueueAlreadyExists", "QueueNameExists"}
    assert status == 400
    assert "VisibilityTimeout" in message


def test_list_queues_by_prefix(sqs, name):
    urls = sorted(sqs.create_queue(QueueName=f"{name}-{letter}")["QueueUrl"] for letter in "cab")
    assert sorted(sqs.list_queues(QueueNamePrefix=name + "-")["QueueUrls"]) == urls
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name + "-nothing")
    assert set(urls) <= set(sqs.list_queues().get("QueueUrls", []))


def test_list_queues_in_pages(sqs, name):
    urls = sorted(sqs.create_queue(QueueName=f"{name}-{number}")["QueueUrl"] for number in range(5))
    pages, token = [], {}
    while True:
        page = sqs.list_queues(QueueNamePrefix=name + "-", MaxResults=2, **token)
        pages.append(page.get("QueueUrls", []))
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(sum(pages, [])) == urls
    assert all(len(page) <= 2 for page in pages)


def test_attributes_of_a_new_queue_are_the_documented_defaults(sqs, name, queue):
    found = attributes_of(sqs, queue)
    assert found["QueueArn"] == f"arn:aws:sqs:us-east-1:000000000000:{name}"
    expected = {"VisibilityTimeout": "30", "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0",
                "MessageRetentionPeriod": "345600", "MaximumMessageSize": "1048576", "ApproximateNumberOfMessages": "0",
                "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}
    assert {key: found.get(key) for key in expected} == expected
    assert int(found["CreatedTimestamp"]) > 1_600_000_000
    assert not {"FifoQueue", "ContentBasedDeduplication"} & set(found)


def test_only_the_attributes_asked_for_come_back(sqs, queue):
    assert attributes_of(sqs, queue, "VisibilityTimeout", "DelaySeconds") == {"VisibilityTimeout": "30", "DelaySeconds": "0"}


def test_attributes_change(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={
        "VisibilityTimeout": "11", "DelaySeconds": "2", "MessageRetentionPeriod": "3600", "MaximumMessageSize": "2048",
        "ReceiveMessageWaitTimeSeconds": "3"})
    found = attributes_of(sqs, queue)
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("11", "2")
    assert (found["MessageRetentionPeriod"], found["MaximumMessageSize"]) == ("3600", "2048")
    assert found["ReceiveMessageWaitTimeSeconds"] == "3"


def test_a_redrive_policy_is_kept_and_cleared(sqs, name, queue):
    target = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    arn = attributes_of(sqs, target, "QueueArn")["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})})
    policy = json.loads(attributes_of(sqs, queue, "RedrivePolicy")["RedrivePolicy"])
    assert (policy["deadLetterTargetArn"], int(policy["maxReceiveCount"])) == (arn, 3)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes_of(sqs, queue)


def test_fifo_attributes(sqs, name):
    url = sqs.create_queue(QueueName=name + ".fifo",
                           Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    found = attributes_of(sqs, url)
    assert (found["FifoQueue"], found["ContentBasedDeduplication"]) == ("true", "true")
    assert url.endswith(".fifo")


@pytest.mark.parametrize("attributes", [
    {"VisibilityTimeout": "43201"}, {"VisibilityTimeout": "-1"}, {"DelaySeconds": "901"}, {"DelaySeconds": "x"},
    {"MessageRetentionPeriod": "59"}, {"ReceiveMessageWaitTimeSeconds": "21"}, {"MaximumMessageSize": "1023"}])
def test_an_attribute_out_of_range_is_refused(sqs, name, error_of, attributes):
    code, status, _ = error_of(sqs.create_queue, QueueName=name, Attributes=attributes)
    assert (code, status) == ("InvalidAttributeValue", 400)


def test_an_unknown_attribute_is_refused(sqs, name, error_of):
    code, status, _ = error_of(sqs.create_queue, QueueName=name, Attributes={"NoSuchAttribute": "1"})
    assert (code, status) == ("InvalidAttributeName", 400)


@pytest.mark.parametrize("bad", ["a" * 81, "a b", "a/b", "ä", "a.fifo"])
def test_a_bad_name_is_refused(sqs, bad, error_of):
    code, status, _ = error_of(sqs.create_queue, QueueName=bad)
    assert code in {"InvalidParameterValue", "InvalidParameterValueException"}
    assert status == 400


def test_a_fifo_queue_is_named_so(sqs, name, error_of):
    code, _, _ = error_of(sqs.create_queue, QueueName=name, Attributes={"FifoQueue": "true"})
    assert code in {"InvalidParameterValue", "InvalidParameterValueException"}


def test_the_longest_name_is_accepted(sqs):
    longest = "n" * 80
    assert sqs.create_queue(QueueName=longest)["QueueUrl"].endswith("/" + longest)


def test_every_verb_names_a_missing_queue(sqs, server, error_of):
    missing = f"{server.url}/000000000000/never-made"
    calls = [
        (sqs.get_queue_url, {"QueueName": "never-made"}),
        (sqs.send_message, {"QueueUrl": missing, "MessageBody": "x"}),
        (sqs.send_message_batch, {"QueueUrl": missing, "Entries": [{"Id": "1", "MessageBody": "x"}]}),
        (sqs.receive_message, {"QueueUrl": missing}),
        (sqs.delete_message, {"QueueUrl": missing, "ReceiptHandle": "x"}),
        (sqs.get_queue_attributes, {"QueueUrl": missing, "AttributeNames": ["All"]}),
        (sqs.set_queue_attributes, {"QueueUrl": missing, "Attributes": {"DelaySeconds": "1"}}),
        (sqs.purge_queue, {"QueueUrl": missing}),
        (sqs.delete_queue, {"QueueUrl": missing}),
    ]
    for call, arguments in calls:
        code, status, _ = error_of(call, **arguments)
        assert code in QUEUE_DOES_NOT_EXIST, call
        assert status == 400
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="never-made")


def test_a_deleted_queue_is_gone_with_its_messages(sqs, name, queue, error_of):
    sqs.send_message(QueueUrl=queue, MessageBody="forgotten")
    sqs.delete_queue(QueueUrl=queue)
    code, _, _ = error_of(sqs.receive_message, QueueUrl=queue)
    assert code in QUEUE_DOES_NOT_EXIST
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == queue
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_purge_removes_what_waits_and_nothing_that_comes_later(sqs, queue):
    for number in range(25):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="later")
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    assert [message["Body"] for message in received] == ["later"]


def test_counts_are_exact(sqs, queue):
    for number in range(7):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=600)
    held = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=3)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=held[0]["ReceiptHandle"])
    found = attributes_of(sqs, queue)
    counts = [found["ApproximateNumberOfMessages" + kind] for kind in ("", "NotVisible", "Delayed")]
    assert counts == [str(7 - len(held)), str(len(held) - 1), "1"]
