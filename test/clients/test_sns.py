"""SNS through boto3: topics, subscriptions of queues and of HTTP endpoints, filters, envelopes, signatures, FIFO."""
import base64
import http.server
import json
import threading
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from conftest import connect


def sns_of(server):
    return boto3.client("sns", endpoint_url=server.url, region_name="us-east-1", config=Config(retries={"max_attempts": 0}))


@pytest.fixture
def sns(server):
    return sns_of(server)


@pytest.fixture
def sqs(server):
    return connect(server)


@pytest.fixture
def make_queue(sqs, request):
    made = []

    def make(fifo=False, **attributes):
        name = f"sns-{request.node.name[:40].replace('[', '-').replace(']', '')}-{len(made)}" + (".fifo" if fifo else "")
        if fifo:
            attributes["FifoQueue"] = "true"
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        made.append(url)
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    yield make
    for url in made:
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def make_topic(sns, request):
    made = []

    def make(fifo=False, **attributes):
        name = f"topic-{request.node.name[:40].replace('[', '-').replace(']', '')}-{len(made)}" + (".fifo" if fifo else "")
        if fifo:
            attributes["FifoTopic"] = "true"
        made.append(sns.create_topic(Name=name, Attributes=attributes)["TopicArn"])
        return made[-1]

    yield make
    for arn in made:
        sns.delete_topic(TopicArn=arn)


def hear(sqs, url, count=1, wait=5):
    got = []
    while len(got) < count:
        some = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, MessageAttributeNames=["All"],
                                   AttributeNames=["All"]).get("Messages", [])
        if not some:
            break
        for message in some:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        got += some
    return got


class Endpoint:
    """An HTTP endpoint on loopback."""

    def __init__(self):
        self.requests, self.status, self.came = [], 200, threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with outer.came:
                    outer.requests.append((dict(self.headers.items()), body))
                    outer.came.notify_all()
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count, seconds=10):
        with self.came:
            assert self.came.wait_for(lambda: len(self.requests) >= count, seconds), f"only {len(self.requests)} requests came"
        return [(headers, json.loads(body) if body.startswith("{") else body) for headers, body in self.requests]

    def close(self):
        self.server.shutdown()


@pytest.fixture
def endpoint():
    one = Endpoint()
    yield one
    one.close()


def subscribe_http(sns, topic, endpoint, **attributes):
    arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]
    _, confirmation = endpoint.wait(1)[0]
    assert confirmation["Type"] == "SubscriptionConfirmation"
    assert b"<SubscriptionArn>" in urllib.request.urlopen(confirmation["SubscribeURL"]).read()
    endpoint.requests.clear()
    return arn


def test_fans_out_to_queues_in_envelopes_and_raw(sns, sqs, make_queue, make_topic):
    topic = make_topic()
    (wrapped, wrapped_arn), (raw, raw_arn) = make_queue(), make_queue()
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=wrapped_arn)["SubscriptionArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes={"RawMessageDelivery": "true"})

    published = sns.publish(TopicArn=topic, Message="grüße 😀", Subject="s",
                            MessageAttributes={"kind": {"DataType": "String", "StringValue": "red"},
                                               "blob": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
                                               "n": {"DataType": "Number", "StringValue": "1.5"}})

    envelope = json.loads(hear(sqs, wrapped)[0]["Body"])
    assert (envelope["Type"], envelope["Message"], envelope["Subject"]) == ("Notification", "grüße 😀", "s")
    assert envelope["MessageId"] == published["MessageId"] and envelope["TopicArn"] == topic
    assert envelope["MessageAttributes"]["blob"] == {"Type": "Binary", "Value": "AP8="}
    assert subscription in envelope["UnsubscribeURL"]
    message = hear(sqs, raw)[0]
    assert message["Body"] == "grüße 😀"
    assert message["MessageAttributes"]["blob"]["BinaryValue"] == b"\x00\xff"
    assert message["MessageAttributes"]["n"] == {"DataType": "Number", "StringValue": "1.5"}


def test_filters_by_attributes_and_by_body(sns, sqs, make_queue, make_topic):
    topic = make_topic()
    (by_attribute, a), (by_body, b) = make_queue(), make_queue()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=a, Attributes={
        "FilterPolicy": json.dumps({"store": [{"prefix": "ex"}], "price": [{"numeric": [">", 100, "<=", 200]}]}), "RawMessageDelivery": "true"})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=b, Attributes={
        "FilterPolicyScope": "MessageBody", "FilterPolicy": json.dumps({"items": {"sku": [{"anything-but": ["x"]}]}}), "RawMessageDelivery": "true"})

    def attributes(store, price):
        return {"store": {"DataType": "String", "StringValue": store}, "price": {"DataType": "Number", "StringValue": str(price)}}

    sns.publish(TopicArn=topic, Message="1", MessageAttributes=attributes("example", 150))
    sns.publish(TopicArn=topic, Message="2", MessageAttributes=attributes("example", 201))
    sns.publish(TopicArn=topic, Message="3", MessageAttributes=attributes("other", 150))
    sns.publish(TopicArn=topic, Message=json.dumps({"items": [{"sku": "x"}, {"sku": "y"}]}))
    sns.publish(TopicArn=topic, Message=json.dumps({"items": [{"sku": "x"}]}))

    assert [m["Body"] for m in hear(sqs, by_attribute, 2, wait=1)] == ["1"]
    assert [json.loads(m["Body"])["items"][1] for m in hear(sqs, by_body, 2, wait=1)] == [{"sku": "y"}]
    with pytest.raises(ClientError) as refused:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue()[1], Attributes={"FilterPolicy": '{"a":"x"}'})
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"


def test_sends_to_http_endpoints_that_confirmed(sns, make_topic, endpoint):
    topic = make_topic()
    arn = subscribe_http(sns, topic, endpoint)
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"

    sns.publish(TopicArn=topic, Message="m")

    headers, notification = endpoint.wait(1)[0]
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["x-amz-sns-message-type"] == "Notification" and headers["x-amz-sns-subscription-arn"] == arn
    assert notification["Message"] == "m"
    sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=topic, Message="no more")
    time.sleep(0.3)
    assert [body["Type"] for _, body in endpoint.wait(2)] == ["Notification", "UnsubscribeConfirmation"]


def test_tells_an_endpoint_that_it_was_unsubscribed_and_lets_it_restore(sns, make_topic, endpoint):
    topic = make_topic(SignatureVersion="2")
    arn = subscribe_http(sns, topic, endpoint, FilterPolicy='{"kind":["red"]}')

    sns.unsubscribe(SubscriptionArn=arn)

    headers, farewell = endpoint.wait(1)[0]
    headers = {name.lower(): value for name, value in headers.items()}
    assert (headers["x-amz-sns-message-type"], headers["x-amz-sns-message-id"]) == ("UnsubscribeConfirmation", farewell["MessageId"])
    assert (farewell["Type"], farewell["TopicArn"], farewell["SignatureVersion"]) == ("UnsubscribeConfirmation", topic, "2")
    assert farewell["Message"] == (f"You have chosen to deactivate subscription {arn}.\nTo cancel this operation and restore the subscription, "
                                   "visit the SubscribeURL included in this message.")
    certificate = x509.load_pem_x509_certificate(urllib.request.urlopen(farewell["SigningCertURL"]).read())
    signed = "".join(f"{name}\n{farewell[name]}\n" for name in ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"))
    certificate.public_key().verify(base64.b64decode(farewell["Signature"]), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []

    urllib.request.urlopen(farewell["SubscribeURL"]).close()

    restored = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (restored["PendingConfirmation"], restored["FilterPolicy"]) == ("false", '{"kind":["red"]}')
    sns.publish(TopicArn=topic, Message="filtered")
    sns.publish(TopicArn=topic, Message="m", MessageAttributes={"kind": {"DataType": "String", "StringValue": "red"}})
    assert endpoint.wait(2)[1][1]["Message"] == "m"
    sns.unsubscribe(SubscriptionArn=arn)
    again = sns.confirm_subscription(TopicArn=topic, Token=endpoint.wait(3)[2][1]["Token"])
    assert again["SubscriptionArn"] == arn


def test_tells_of_the_end_of_a_subscription_over_a_crash(own_server, endpoint):
    sns = sns_of(own_server)
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = subscribe_http(sns, topic, endpoint)
    endpoint.status = 503
    sns.publish(TopicArn=topic, Message="too late")
    endpoint.wait(1)
    sns.unsubscribe(SubscriptionArn=arn)
    endpoint.wait(2)  # else what is on its way may come after the kill
    own_server.kill()
    endpoint.status = 200
    endpoint.requests.clear()
    own_server.start()

    assert endpoint.wait(1, seconds=40)[0][1]["Type"] == "UnsubscribeConfirmation"
    time.sleep(0.3)
    own_server.kill()
    own_server.start()
    sns_of(own_server).publish(TopicArn=topic, Message="not subscribed")
    time.sleep(0.5)
    assert len(endpoint.requests) == 1


def test_peek_of_sqs_shows_the_envelope_that_a_receive_shows(server, sns, sqs, make_queue, make_topic):
    topic = make_topic()
    (wrapped, wrapped_arn), (raw, raw_arn) = make_queue(), make_queue()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=wrapped_arn)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="m", MessageAttributes={"kind": {"DataType": "String", "StringValue": "red"}})

    for url in (wrapped, raw):
        look = urllib.request.Request(f"{server.url}/_aws/sqs/messages?QueueUrl={url}", headers={"Accept": "application/json"})
        seen = json.load(urllib.request.urlopen(look))["ReceiveMessageResponse"]["ReceiveMessageResult"]["Message"]
        heard = hear(sqs, url)[0]
        assert (seen["Body"], seen["MD5OfBody"]) == (heard["Body"], heard["MD5OfBody"])
        assert ("MessageAttribute" in seen) == ("MessageAttributes" in heard) == (url == raw)


def test_signs_what_it_sends(sns, sqs, make_queue, make_topic):
    for version, digest in (("1", hashes.SHA1()), ("2", hashes.SHA256())):
        topic = make_topic(SignatureVersion=version)
        url, arn = make_queue()
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sns.publish(TopicArn=topic, Message="m", Subject="s")
        envelope = json.loads(hear(sqs, url)[0]["Body"])
        assert envelope["SignatureVersion"] == version
        certificate = x509.load_pem_x509_certificate(urllib.request.urlopen(envelope["SigningCertURL"]).read())
        signed = "".join(f"{name}\n{envelope[name]}\n" for name in ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"))
        certificate.public_key().verify(base64.b64decode(envelope["Signature"]), signed.encode(), padding.PKCS1v15(), digest)


def test_tries_endpoints_again_and_gives_up_into_the_dead_letter_queue(sns, sqs, make_queue, make_topic, endpoint):
    topic = make_topic()
    dead, dead_arn = make_queue()
    arn = subscribe_http(sns, topic, endpoint, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn}), DeliveryPolicy=json.dumps(
        {"healthyRetryPolicy": {"numRetries": 2, "numNoDelayRetries": 1, "minDelayTarget": 1, "maxDelayTarget": 1}}))
    endpoint.status = 500

    sns.publish(TopicArn=topic, Message="m")

    endpoint.wait(3)
    envelope = json.loads(hear(sqs, dead)[0]["Body"])
    assert envelope["Message"] == "m" and arn in envelope["UnsubscribeURL"]
    assert len(endpoint.requests) == 3


def test_keeps_what_is_to_be_sent_over_a_crash(own_server, endpoint):
    sns = sns_of(own_server)
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscribe_http(sns, topic, endpoint)
    endpoint.status = 503
    for n in range(20):
        sns.publish(TopicArn=topic, Message=str(n))
    endpoint.wait(1)
    own_server.kill()
    endpoint.status = 200
    endpoint.requests.clear()
    own_server.start()

    deadline = time.monotonic() + 40
    while {json.loads(body)["Message"] for _, body in list(endpoint.requests)} != {str(n) for n in range(20)}:
        assert time.monotonic() < deadline, f"{len(endpoint.requests)} came"
        time.sleep(0.2)


def test_refuses_endpoints_it_must_not_reach(sns, make_topic):
    topic = make_topic()
    for url in ("http://169.254.169.254/latest/meta-data", "http://[fe80::1]/x"):
        arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url, ReturnSubscriptionArn=True)["SubscriptionArn"]
        assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "true"


def test_keeps_order_and_deduplicates_in_fifo_topics(sns, sqs, make_queue, make_topic):
    topic = make_topic(fifo=True, ContentBasedDeduplication="true")
    url, arn = make_queue(fifo=True)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sequences = [sns.publish(TopicArn=topic, Message=str(n // 2), MessageGroupId="g")["SequenceNumber"] for n in range(10)]
    assert sequences == sorted(sequences) and len(set(sequences)) == 5

    got = [json.loads(m["Body"]) for m in hear(sqs, url, 5)]

    assert [one["Message"] for one in got] == [str(n) for n in range(5)]
    assert [one["SequenceNumber"] for one in got] == sorted(one["SequenceNumber"] for one in got)


def test_publishes_batches(sns, sqs, make_queue, make_topic):
    topic = make_topic()
    url, arn = make_queue()
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    reply = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "a", "Message": "1"}, {"Id": "b", "Message": "2", "Subject": "\n"}, {"Id": "c", "Message": "3"}])

    assert [one["Id"] for one in reply["Successful"]] == ["a", "c"]
    assert reply["Failed"][0]["Id"] == "b" and reply["Failed"][0]["SenderFault"] is True
    assert sorted(m["Body"] for m in hear(sqs, url, 2)) == ["1", "3"]


def test_lists_pages_tags_and_attributes(sns, make_topic):
    arn = make_topic(DisplayName="shown")
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    sns.untag_resource(ResourceArn=arn, TagKeys=["k"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == []
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "shown"
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="other")
    assert arn in [t["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for t in page["Topics"]]
    sns.add_permission(TopicArn=arn, Label="l", AWSAccountId=["111111111111"], ActionName=["Publish"])
    sns.remove_permission(TopicArn=arn, Label="l")


@pytest.mark.parametrize("call, code, status", [
    (lambda s: s.publish(TopicArn="arn:aws:sns:us-east-1:000000000000:nobody", Message="m"), "NotFound", 404),
    (lambda s: s.publish(TopicArn="nonsense", Message="m"), "InvalidParameter", 400),
    (lambda s: s.create_topic(Name="a b"), "InvalidParameter", 400),
    (lambda s: s.publish(PhoneNumber="+4912345", Message="m"), "InvalidParameter", 400),
    (lambda s: s.get_subscription_attributes(SubscriptionArn="arn:aws:sns:us-east-1:000000000000:t:x"), "NotFound", 404),
    (lambda s: s.list_tags_for_resource(ResourceArn="arn:aws:sns:us-east-1:000000000000:nobody"), "ResourceNotFound", 404),
    (lambda s: s.create_platform_application(Name="x", Platform="GCM", Attributes={}), "InvalidParameter", 400),
    (lambda s: s.confirm_subscription(TopicArn="arn:aws:sns:us-east-1:000000000000:nobody", Token="abc123"), "InvalidParameter", 400),
])
def test_refuses_in_the_words_of_sns(sns, call, code, status):
    with pytest.raises(ClientError) as refused:
        call(sns)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
