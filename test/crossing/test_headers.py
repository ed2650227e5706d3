"""Attributes of SQS and SNS, headers of AMQP, headers of the program: each as the other side sees it."""
import base64
import datetime
import decimal
import json

import amqp
import pytest

import amqp_client

ATTRIBUTES = {
    "text": ({"DataType": "String", "StringValue": "grüße"}, "grüße"),
    "whole": ({"DataType": "Number", "StringValue": "-12"}, "-12"),
    "broken": ({"DataType": "Number", "StringValue": "1.50"}, "1.50"),
    "huge": ({"DataType": "Number", "StringValue": "123456789012345678901234567890"}, "123456789012345678901234567890"),
    "bytes": ({"DataType": "Binary", "BinaryValue": bytes(range(256))}, bytes(range(256))),
    "list": ({"DataType": "String.Array", "StringValue": '["a"]'}, '["a"]'),
    "euro": ({"DataType": "Number.float.EUR", "StringValue": "7"}, "7"),
    "png": ({"DataType": "Binary.png", "BinaryValue": b"\x89PNG"}, b"\x89PNG"),
}
SENT = {name: sent for name, (sent, _) in ATTRIBUTES.items()}
SEEN = {name: seen for name, (_, seen) in ATTRIBUTES.items()}


def without_kind(seen):
    return {name: value["BinaryValue"] if "BinaryValue" in value else value["StringValue"] for name, value in seen.items()}


def test_attributes_of_sqs_come_back_with_their_data_types(parties, shared):
    parties.send(shared, MessageAttributes=SENT)
    assert parties.receive(shared)["MessageAttributes"] == SENT


def test_attributes_of_sqs_are_headers_in_amqp(parties, shared):
    parties.send(shared, MessageAttributes=SENT)
    assert parties.take(shared)[1].headers == SEEN


def test_attributes_of_a_raw_topic_are_headers_in_amqp(parties, shared):
    topic = parties.sns.create_topic(Name=f"t-{shared}")["TopicArn"]
    parties.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=parties.arn(shared), Attributes={"RawMessageDelivery": "true"})
    parties.sns.publish(TopicArn=topic, Message="x", MessageAttributes=SENT)
    method, properties, _ = parties.take(shared)
    assert properties.headers == SEEN and (method.exchange, method.routing_key) == (f"t-{shared}", "")
    parties.channel.basic_reject(method.delivery_tag, requeue=True)
    assert parties.receive(shared)["MessageAttributes"] == SENT


def test_attributes_of_sqs_are_headers_in_the_program(parties, shared):
    parties.send(shared, MessageAttributes=SENT)
    headers = parties.printed(shared)["properties"]["headers"]
    assert headers == {name: {"base64": base64.b64encode(seen).decode()} if isinstance(seen, bytes) else seen for name, seen in SEEN.items()}


def test_headers_of_the_program_are_attributes_and_headers(parties, shared):
    for _ in range(2):
        parties.program("send", "--header", "kind=tea", "--content-type", "text/plain", shared, "x")
    assert parties.receive(shared)["MessageAttributes"] == {"kind": {"DataType": "String", "StringValue": "tea"}}
    _, properties, _ = parties.take(shared)
    assert properties.headers == {"kind": "tea"} and properties.content_type == "text/plain"


TIME = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
HEADERS = {
    "text": ("grüße", {"DataType": "String", "StringValue": "grüße"}),
    "control": ("a\x00b", {"DataType": "Binary", "BinaryValue": b"a\x00b"}),
    "bytes": (b"\xff\x00", {"DataType": "Binary", "BinaryValue": b"\xff\x00"}),
    "yes": (True, {"DataType": "String", "StringValue": "true"}),
    "no": (False, {"DataType": "String", "StringValue": "false"}),
    "number": (7, {"DataType": "Number", "StringValue": "7"}),
    "long": (-2**60, {"DataType": "Number", "StringValue": str(-2**60)}),
    "decimal": (decimal.Decimal("1.50"), {"DataType": "Number", "StringValue": "1.5"}),
    "time": (TIME, {"DataType": "Number", "StringValue": str(int(TIME.timestamp() * 1000))}),
    "empty": ("", None),
    "nothing": (None, None),
    "array": ([1, "a"], None),
    "table": ({"deep": {"er": 1}}, None),
}


def plain(headers):
    return {name: value.replace(tzinfo=datetime.timezone.utc) if isinstance(value, datetime.datetime) else value
            for name, value in headers.items()}


def test_headers_of_amqp_are_attributes_of_sqs_by_json_and_by_query(parties, shared):
    for _ in range(2):
        parties.publish(shared, headers={name: sent for name, (sent, _) in HEADERS.items()})
    expected = {name: seen for name, (_, seen) in HEADERS.items() if seen}
    assert parties.receive(shared)["MessageAttributes"] == expected

    answer = parties.query("ReceiveMessage", QueueUrl=parties.url(shared), **{"MessageAttributeName.1": "All"})
    told = {a.findtext("Name"): {child.tag: child.text for child in a.find("Value")} for a in answer.iter("MessageAttribute")}
    for value in told.values():
        if "BinaryValue" in value:
            value["BinaryValue"] = base64.b64decode(value["BinaryValue"])
    assert told == expected


def test_a_floating_number_is_a_number_for_sqs_and_what_is_none_a_text(parties, shared):
    with amqp.Connection(f"127.0.0.1:{parties.server.amqp_port}") as other:  # pika neither sends nor reads them
        channel = other.channel()
        headers = {"fraction": 0.1, "big": 1e300, "inf": float("-inf")}
        for _ in range(2):
            channel.basic_publish_confirm(amqp.Message("x", application_headers=headers), routing_key=shared)
        assert channel.basic_get(shared, no_ack=True).headers == headers
    assert parties.receive(shared)["MessageAttributes"] == {
        "fraction": {"DataType": "Number", "StringValue": "0.1"}, "big": {"DataType": "Number", "StringValue": "1e+300"},
        "inf": {"DataType": "String", "StringValue": "-inf"}}


def test_what_sqs_saw_and_gave_back_amqp_sees_whole(parties, shared):
    sent = {name: value for name, (value, _) in HEADERS.items()}
    parties.publish(shared, headers=sent)
    seen = parties.receive(shared)
    parties.sqs.change_message_visibility(QueueUrl=parties.url(shared), ReceiptHandle=seen["ReceiptHandle"], VisibilityTimeout=0)
    method, properties, _ = parties.take(shared)
    assert plain(properties.headers) == sent and method.redelivered


def test_what_amqp_saw_and_gave_back_sqs_sees_whole(parties, shared):
    parties.send(shared, MessageAttributes=SENT, MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}})
    parties.channel.basic_reject(parties.take(shared)[0].delivery_tag, requeue=True)
    message = parties.receive(shared)
    assert message["MessageAttributes"] == SENT and message["Attributes"]["AWSTraceHeader"] == "Root=1"


@pytest.mark.parametrize("odd", ["with blank", "grüße", "a<b>&\"c", "x" * 255, "ctl\x01\x1b", ".dots..", ""])
def test_a_header_may_have_a_name_that_no_attribute_may_have(parties, shared, odd):
    for _ in range(3):
        parties.publish(shared, headers={odd: "v", "next": "w"})
    assert parties.take(shared, auto_ack=True)[1].headers == {odd: "v", "next": "w"}
    readable = not any(c < " " for c in odd)
    expected = {"next": "w"} | ({odd: "v"} if readable else {})
    assert without_kind(parties.receive(shared)["MessageAttributes"]) == expected
    answer = parties.query("ReceiveMessage", QueueUrl=parties.url(shared), **{"MessageAttributeName.1": "All"})
    assert {a.findtext("Name") or "": a.findtext("Value/StringValue") for a in answer.iter("MessageAttribute")} == expected


def test_many_headers_are_many_attributes(parties, shared):
    parties.publish(shared, headers={f"h{n}": str(n) for n in range(200)})
    assert without_kind(parties.receive(shared)["MessageAttributes"]) == {f"h{n}": str(n) for n in range(200)}


def test_the_envelope_of_a_topic_tells_headers_that_amqp_published(parties, shared):
    topic = f"t-{shared}"
    arn = parties.sns.create_topic(Name=topic)["TopicArn"]
    parties.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=parties.arn(shared))
    parties.publish("ignored", b"by AMQP", exchange=topic, headers={"kind": "tea", "n": 3, "b": b"\xff", "deep": {"a": 1}})
    envelope = json.loads(parties.receive(shared)["Body"])
    assert (envelope["Message"], envelope["TopicArn"]) == ("by AMQP", arn)
    assert envelope["MessageAttributes"] == {"kind": {"Type": "String", "Value": "tea"}, "n": {"Type": "Number", "Value": "3"},
                                             "b": {"Type": "Binary", "Value": "/w=="}}


def test_a_filter_on_attributes_knows_headers(parties, shared):
    topic = f"t-{shared}"
    arn = parties.sns.create_topic(Name=topic)["TopicArn"]
    parties.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=parties.arn(shared),
                          Attributes={"FilterPolicy": json.dumps({"price": [{"numeric": [">", 5]}], "kind": ["tea"]})})
    for kind, price in (("tea", 9), ("tea", 1), ("coffee", 9)):
        parties.channel.basic_publish(topic, "", f"{kind} {price}".encode(),
                                      amqp_client.pika.BasicProperties(headers={"kind": kind, "price": price}))
    assert parties.take(shared, auto_ack=True)[2] == b"tea 9"
    assert parties.is_empty(shared)


def test_attributes_decide_at_a_headers_exchange(parties, shared, name):
    """A topic of SNS bound to an exchange of AMQP: what SNS publishes is routed by AMQP's rules."""
    topic = parties.sns.create_topic(Name=f"t-{shared}")["TopicArn"]
    parties.channel.exchange_declare(f"h-{shared}", "headers", durable=True)
    parties.channel.exchange_bind(f"h-{shared}", f"t-{shared}")
    parties.channel.queue_bind(shared, f"h-{shared}", "", {"x-match": "all", "kind": "tea", "n": "3"})
    for kind in ("tea", "coffee"):
        parties.sns.publish(TopicArn=topic, Message=kind, MessageAttributes={
            "kind": {"DataType": "String", "StringValue": kind}, "n": {"DataType": "Number", "StringValue": "3"}})
    assert parties.take(shared, auto_ack=True)[2] == b"tea"
    assert parties.is_empty(shared)
