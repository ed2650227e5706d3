"""Every publisher by every consumer: the body arrives as it was, whatever bytes it has."""
import base64
import json
import threading

import pika
import pytest

import amqp_client

BINARY = bytes(range(256))
BODIES = {
    "empty": b"",
    "text": b"two teapots",
    "UTF-8": "grüße 茶壺 \U0001fad6".encode(),
    "blanks and marks": b" <a href=\"b\">&amp;\r\n\t' ",
    "no text for XML": b"a\x00b\x1bc\xef\xbf\xbe",
    "binary": BINARY,
    "256 KiB": b"%" * 262144,
    "1 MiB": b"0123456789abcdef" * 65536,
}
TEXTS = {name for name in BODIES if name not in ("empty", "no text for XML", "binary")}


# ------------------------------------------------------------------ publishers: which bodies each can say, and how

def by_sqs_json(parties, queue, body):
    parties.send(queue, body.decode())


def by_sqs_query(parties, queue, body):
    parties.query("SendMessage", QueueUrl=parties.url(queue), MessageBody=body.decode())


def by_sqs_base64(parties, queue, body):
    parties.send(queue, base64.b64encode(body).decode(),
                 MessageAttributes={"RowMQ.BodyEncoding": {"DataType": "String", "StringValue": "base64"}})


def topic_to(parties, queue, raw):
    topic = parties.sns.create_topic(Name=f"t-{queue}")["TopicArn"]
    parties.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=parties.arn(queue), Attributes={"RawMessageDelivery": raw})
    return topic


def by_topic(parties, queue, body):
    parties.sns.publish(TopicArn=topic_to(parties, queue, "false"), Message=body.decode())


def by_raw_topic(parties, queue, body):
    parties.sns.publish(TopicArn=topic_to(parties, queue, "true"), Message=body.decode())


def by_default_exchange(parties, queue, body):
    parties.publish(queue, body)


def by_exchange(kind, key="k", bound="k", binding=None, headers=None, **declared):
    def publish(parties, queue, body):
        exchange = f"{kind}-{queue}"
        parties.channel.exchange_declare(exchange, declared.get("type", kind), durable=True, arguments=declared.get("arguments"))
        parties.channel.queue_bind(queue, exchange, bound, binding)
        parties.channel.basic_publish(exchange, key, body, pika.BasicProperties(headers=headers), mandatory=not declared)
    return publish


def in_transaction(parties, queue, body):
    channel = parties.connection.channel()
    channel.tx_select()
    channel.basic_publish("", queue, body)
    channel.tx_commit()
    channel.close()


def by_program(parties, queue, body):
    parties.program("send", queue, stdin=body)


ALL = set(BODIES)
PUBLISHERS = {
    "SQS JSON": (by_sqs_json, TEXTS),
    "SQS Query": (by_sqs_query, TEXTS),
    "SQS base64": (by_sqs_base64, ALL - {"empty", "1 MiB"}),
    "SNS": (by_topic, TEXTS - {"1 MiB"}),
    "SNS raw": (by_raw_topic, TEXTS - {"1 MiB"}),
    "AMQP default": (by_default_exchange, ALL),
    "AMQP direct": (by_exchange("direct"), ALL),
    "AMQP topic": (by_exchange("topic", "eu.orders.new", "eu.*.#"), ALL),
    "AMQP fanout": (by_exchange("fanout"), ALL),
    "AMQP headers": (by_exchange("headers", binding={"x-match": "all", "kind": "tea"}, headers={"kind": "tea"}), ALL),
    "AMQP delayed": (by_exchange("delayed", type="x-delayed-message", arguments={"x-delayed-type": "direct"},
                                 headers={"x-delay": 20}), ALL),
    "AMQP tx": (in_transaction, ALL),
    "rowmq send": (by_program, ALL),
}


# ------------------------------------------------------------------ consumers: the body, taken for good

def out_of(text, encoding, publisher):
    """The body a client of SQS understands from what it was given."""
    body = base64.b64decode(text) if encoding == "base64" else text.encode()
    return json.loads(body)["Message"].encode() if publisher == "SNS" else body


def from_sqs_json(parties, queue, publisher):
    message = parties.receive(queue)
    parties.delete(queue, message)
    return out_of(message["Body"], message.get("MessageAttributes", {}).get("RowMQ.BodyEncoding", {}).get("StringValue"), publisher)


def from_sqs_query(parties, queue, publisher):
    message = parties.query("ReceiveMessage", QueueUrl=parties.url(queue), WaitTimeSeconds=5, **{"MessageAttributeName.1": "All"}).find(".//Message")
    encoding = [a.findtext("Value/StringValue") for a in message.findall("MessageAttribute") if a.findtext("Name") == "RowMQ.BodyEncoding"]
    parties.query("DeleteMessage", QueueUrl=parties.url(queue), ReceiptHandle=message.findtext("ReceiptHandle"))
    return out_of(message.findtext("Body") or "", *encoding or [None], publisher)


def from_get(parties, queue, _):
    method, _, body = parties.take(queue)
    parties.channel.basic_ack(method.delivery_tag)
    return body


def from_consumer(parties, queue, _):
    channel = parties.connection.channel()
    (method, _, body), = amqp_client.collect(channel, queue, 1)
    channel.basic_ack(method.delivery_tag)
    channel.close()
    return body


def from_printed(message):
    return base64.b64decode(message["body_base64"]) if "body_base64" in message else message["body"].encode()


def from_program(parties, queue, _):
    return from_printed(parties.printed(queue))


CONSUMERS = {"SQS JSON": from_sqs_json, "SQS Query": from_sqs_query, "AMQP get": from_get, "AMQP consumer": from_consumer,
             "rowmq receive": from_program}


@pytest.mark.parametrize("consumer", CONSUMERS)
@pytest.mark.parametrize("publisher", PUBLISHERS)
def test_every_body_arrives_as_it_was(parties, shared, publisher, consumer):
    publish, able = PUBLISHERS[publisher]
    for name in [name for name in BODIES if name in able]:
        publish(parties, shared, BODIES[name])
        assert CONSUMERS[consumer](parties, shared, publisher) == BODIES[name], name
    amqp_client.until(lambda: parties.counts(shared) == (0, 0, 0))


@pytest.mark.parametrize("publisher", PUBLISHERS)
def test_a_look_shows_the_body_and_leaves_it(parties, shared, publisher):
    publish, able = PUBLISHERS[publisher]
    if publisher == "AMQP delayed":
        publish = by_exchange("delayed", type="x-delayed-message", arguments={"x-delayed-type": "direct"})
    name = "binary" if "binary" in able else "UTF-8"
    publish(parties, shared, BODIES[name])
    assert from_printed(parties.printed(shared, "peek")) == BODIES[name]
    assert parties.take(shared, auto_ack=True)[2] == BODIES[name]


@pytest.mark.parametrize("publisher", [name for name in PUBLISHERS if name != "AMQP delayed"])
@pytest.mark.parametrize("kind", ["standard", "declared as quorum"])
def test_a_long_poll_of_sqs_is_woken_by_every_publisher(parties, name, publisher, kind):
    parties.channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"} if kind != "standard" else None)
    got = []
    waiting = threading.Thread(target=lambda: got.append(parties.receive(name, WaitTimeSeconds=20)))
    waiting.start()
    PUBLISHERS[publisher][0](parties, name, b"awaited")
    waiting.join(10)
    assert not waiting.is_alive() and out_of(got[0]["Body"], None, publisher) == b"awaited"
