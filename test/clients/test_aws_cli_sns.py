"""The AWS command line and SNS: topics, subscriptions and what they bring, with the same program's `sqs` to read it."""
import http.server
import json
import threading
import urllib.parse
import urllib.request

import pytest

from test_aws_cli import call

NOBODY = "arn:aws:sns:us-east-1:000000000000:nobody"


@pytest.fixture
def aws(server):
    return lambda *arguments, fails_with=None: call(server, *arguments, fails_with=fails_with)


@pytest.fixture
def ask(server):
    """Asks without the program, which takes half a second to start: for what is only needed, not tested."""
    def query(**parameters):
        request = urllib.request.Request(server.url, urllib.parse.urlencode(parameters).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    return query


@pytest.fixture
def subscribe(aws, ask, server, name):
    """Makes a queue and subscribes it: its URL and the subscription's ARN."""
    made = []

    def make(topic, attributes=None):
        made.append(topic)
        queue = f"{name}-{len(made)}" + (".fifo" if topic.endswith(".fifo") else "")
        fifo = {"Attribute.1.Name": "FifoQueue", "Attribute.1.Value": "true"} if topic.endswith(".fifo") else {}
        ask(Action="CreateQueue", Version="2012-11-05", QueueName=queue, **fifo)
        answer = aws("sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint",
                     f"arn:aws:sqs:us-east-1:000000000000:{queue}", *(["--attributes", json.dumps(attributes)] if attributes else []))
        return f"{server.url}/000000000000/{queue}", answer["SubscriptionArn"]

    return make


def hear(aws, url):
    answer = aws("sqs", "receive-message", "--queue-url", url, "--message-attribute-names", "All", "--attribute-names", "All",
                 "--max-number-of-messages", "10")
    return answer["Messages"] if answer else []


def publish(aws, topic, message, *more):
    return aws("sns", "publish", "--topic-arn", topic, "--message", message, *more)


def test_sns_from_a_topic_to_its_queues(aws, subscribe, name):
    topic = aws("sns", "create-topic", "--name", name, "--attributes", "DisplayName=shown")["TopicArn"]
    wrapped, subscription = subscribe(topic)
    raw, _ = subscribe(topic, attributes={"RawMessageDelivery": "true"})

    sent = publish(aws, topic, "hello from a shell: äöü", "--subject", "s", "--message-attributes",
                   "city={DataType=String,StringValue=Brno},n={DataType=Number,StringValue=7},"
                   "list={DataType=String.Array,StringValue='[1]'},bytes={DataType=Binary,BinaryValue=AP8=}")
    envelope = json.loads(hear(aws, wrapped)[0]["Body"])
    message, = hear(aws, raw)

    assert topic == f"arn:aws:sns:us-east-1:000000000000:{name}"
    assert (envelope["Message"], envelope["Subject"], envelope["MessageId"]) == ("hello from a shell: äöü", "s", sent["MessageId"])
    assert envelope["MessageAttributes"]["city"] == {"Type": "String", "Value": "Brno"}
    assert subscription in envelope["UnsubscribeURL"]
    assert message["Body"] == "hello from a shell: äöü"
    assert message["MessageAttributes"]["n"] == {"DataType": "Number", "StringValue": "7"}
    assert message["MessageAttributes"]["list"] == {"DataType": "String.Array", "StringValue": "[1]"}
    bytes_of_both = {message["MessageAttributes"]["bytes"]["BinaryValue"], envelope["MessageAttributes"]["bytes"]["Value"]}
    assert bytes_of_both in ({"AP8="}, {"QVA4PQ=="})  # version 1 takes what it is given as the bytes themselves


def test_sns_attributes_tags_and_the_end_of_a_topic(aws, subscribe, name):
    topic = aws("sns", "create-topic", "--name", name, "--tags", "Key=team,Value=blue", "Key=stage,Value=test")["TopicArn"]
    _, subscription = subscribe(topic)

    aws("sns", "set-topic-attributes", "--topic-arn", topic, "--attribute-name", "DisplayName", "--attribute-value", "shown")
    shown = aws("sns", "get-topic-attributes", "--topic-arn", topic)["Attributes"]
    aws("sns", "set-subscription-attributes", "--subscription-arn", subscription, "--attribute-name", "RawMessageDelivery",
        "--attribute-value", "true")
    of_subscription = aws("sns", "get-subscription-attributes", "--subscription-arn", subscription)["Attributes"]
    aws("sns", "untag-resource", "--resource-arn", topic, "--tag-keys", "stage")
    tags = aws("sns", "list-tags-for-resource", "--resource-arn", topic)["Tags"]
    aws("sns", "unsubscribe", "--subscription-arn", subscription)
    left = aws("sns", "list-subscriptions-by-topic", "--topic-arn", topic)["Subscriptions"]
    aws("sns", "delete-topic", "--topic-arn", topic)

    assert (shown["DisplayName"], shown["SubscriptionsConfirmed"]) == ("shown", "1")
    assert (of_subscription["RawMessageDelivery"], of_subscription["PendingConfirmation"]) == ("true", "false")
    assert tags == [{"Key": "team", "Value": "blue"}]
    assert left == []
    aws("sns", "publish", "--topic-arn", topic, "--message", "m", fails_with="(NotFound)")


def test_sns_filters(aws, ask, subscribe, name):
    ask(Action="CreateTopic", Version="2010-03-31", Name=name)
    topic = f"arn:aws:sns:us-east-1:000000000000:{name}"
    by_attribute, _ = subscribe(topic, attributes={"FilterPolicy": json.dumps({"kind": ["red"]}), "RawMessageDelivery": "true"})
    by_body, _ = subscribe(topic, attributes={"FilterPolicyScope": "MessageBody", "RawMessageDelivery": "true",
                                              "FilterPolicy": json.dumps({"n": [{"numeric": [">", 1]}]})})

    aws("sns", "publish-batch", "--topic-arn", topic, "--publish-batch-request-entries", json.dumps(
        [{"Id": kind, "Message": body, "MessageAttributes": {"kind": {"DataType": "String", "StringValue": kind}}}
         for kind, body in (("red", '{"n":1}'), ("blue", '{"n":2}'))]))

    assert [message["Body"] for message in hear(aws, by_attribute)] == ['{"n":1}']
    assert [message["Body"] for message in hear(aws, by_body)] == ['{"n":2}']


def test_sns_batches_of_a_fifo_topic(aws, subscribe, name):
    topic = aws("sns", "create-topic", "--name", name + ".fifo", "--attributes", "FifoTopic=true,ContentBasedDeduplication=true")["TopicArn"]
    url, _ = subscribe(topic, attributes={"RawMessageDelivery": "true"})
    entries = [{"Id": "a", "Message": "1", "MessageGroupId": "g"}, {"Id": "twice", "Message": "1", "MessageGroupId": "g"},
               {"Id": "bad", "Message": "2", "MessageGroupId": "g", "Subject": "\n"}, {"Id": "c", "Message": "3", "MessageGroupId": "g"}]

    answer = aws("sns", "publish-batch", "--topic-arn", topic, "--publish-batch-request-entries", json.dumps(entries))
    single = publish(aws, topic, "3", "--message-group-id", "g")
    aws("sns", "publish-batch", "--topic-arn", topic, "--publish-batch-request-entries", json.dumps([entries[0], entries[0]]),
        fails_with="(BatchEntryIdsNotDistinct)")

    sequences = {one["Id"]: one["SequenceNumber"] for one in answer["Successful"]}
    assert sequences["a"] == sequences["twice"] < sequences["c"] == single["SequenceNumber"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [("bad", "InvalidParameter", True)]
    assert [message["Body"] for message in hear(aws, url)] == ["1", "3"]


def test_sns_notifies_an_http_endpoint_that_has_confirmed(aws, ask, name):
    came, arrived = [], threading.Condition()

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if body["Type"] == "SubscriptionConfirmation":
                urllib.request.urlopen(body["SubscribeURL"], timeout=10).close()
            self.send_response(200)
            self.end_headers()
            with arrived:
                came.append((dict(self.headers.items()), body))
                arrived.notify_all()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        ask(Action="CreateTopic", Version="2010-03-31", Name=name)
        topic = f"arn:aws:sns:us-east-1:000000000000:{name}"
        pending = aws("sns", "subscribe", "--topic-arn", topic, "--protocol", "http", "--notification-endpoint",
                      f"http://127.0.0.1:{listening.server_port}/hook")
        with arrived:
            assert arrived.wait_for(lambda: len(came) == 1, 20), "no confirmation came"
        sent = publish(aws, topic, "grüße")
        with arrived:
            assert arrived.wait_for(lambda: len(came) == 2, 20), "no notification came"
        listening.shutdown()

    headers, body = came[1]
    assert pending["SubscriptionArn"] == "pending confirmation"
    assert (headers["x-amz-sns-message-type"], headers["x-amz-sns-message-id"]) == ("Notification", sent["MessageId"])
    assert (body["Message"], body["TopicArn"]) == ("grüße", topic)
    assert aws("sns", "list-subscriptions", "--query", f"Subscriptions[?TopicArn=='{topic}'] | [0].SubscriptionArn") in body["UnsubscribeURL"]


def test_sns_pages_and_queries(aws, ask, name):
    wanted = [f"{name}-{number}" for number in range(105)]
    for one in wanted:
        ask(Action="CreateTopic", Version="2010-03-31", Name=one)

    first = aws("sns", "list-topics", "--no-paginate")
    some = aws("sns", "list-topics", "--max-items", "103")
    rest = aws("sns", "list-topics", "--starting-token", some["NextToken"], "--query", "Topics[].TopicArn")

    listed = [one["TopicArn"] for one in some["Topics"]] + rest
    assert {arn.rpartition(":")[2] for arn in listed} >= set(wanted)
    assert len(listed) == len(set(listed))
    assert len(some["Topics"]) == 103
    assert len(first["Topics"]) == 100 and first["NextToken"]


def test_sns_errors(aws):
    aws("sns", "create-topic", "--name", "a b", fails_with="(InvalidParameter)")
    aws("sns", "list-tags-for-resource", "--resource-arn", NOBODY, fails_with="(ResourceNotFound)")
