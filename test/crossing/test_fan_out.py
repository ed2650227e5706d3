"""One publish, many queues, readers of every protocol; and a restart in between."""
import base64
import json

import pika
import pytest

import amqp_client
from parties import Parties


@pytest.fixture
def spread(parties, name):
    """A topic with three queues: an SQS subscription with envelopes, a raw one, and a binding of AMQP."""
    return spread_out(parties, name)


def spread_out(parties, name):
    topic = parties.sns.create_topic(Name=f"t-{name}")["TopicArn"]
    for which in ("envelope", "raw", "bound"):
        parties.sqs.create_queue(QueueName=f"{name}-{which}")
    for which in ("envelope", "raw"):
        parties.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=parties.arn(f"{name}-{which}"),
                              Attributes={"RawMessageDelivery": str(which == "raw").lower()})
    parties.channel.queue_bind(f"{name}-bound", f"t-{name}", "")
    return topic


def heard(parties, name, kind="tea"):
    """What each of the three hears, each by its own protocol."""
    envelope = json.loads(parties.receive(f"{name}-envelope")["Body"])
    raw = parties.receive(f"{name}-raw")
    method, properties, body = parties.take(f"{name}-bound", auto_ack=True)
    assert envelope["MessageAttributes"]["kind"] == {"Type": "String", "Value": kind}
    assert raw["MessageAttributes"]["kind"] == {"DataType": "String", "StringValue": kind}
    assert properties.headers["kind"] == kind and method.exchange == f"t-{name}"
    return envelope["Message"], raw["Body"], body.decode()


KIND = {"kind": {"DataType": "String", "StringValue": "tea"}}


def test_what_sns_publishes_reaches_subscriptions_and_bindings(parties, spread, name):
    parties.sns.publish(TopicArn=spread, Message="news", MessageAttributes=KIND)
    assert heard(parties, name) == ("news",) * 3


def test_what_amqp_publishes_to_the_topic_reaches_subscriptions_and_bindings(parties, spread, name):
    parties.channel.basic_publish(f"t-{name}", "any key", b"news", pika.BasicProperties(headers={"kind": "tea"}), mandatory=True)
    assert heard(parties, name) == ("news",) * 3


def test_a_batch_of_sns_and_a_transaction_of_amqp_reach_all(parties, spread, name):
    parties.sns.publish_batch(TopicArn=spread, PublishBatchRequestEntries=[
        {"Id": str(n), "Message": f"batch {n}", "MessageAttributes": KIND} for n in range(3)])
    channel = parties.connection.channel()
    channel.tx_select()
    for number in range(3):
        channel.basic_publish(f"t-{name}", "", f"tx {number}".encode(), pika.BasicProperties(headers={"kind": "tea"}))
    assert parties.counts(f"{name}-bound") == (3, 0, 0)
    channel.tx_commit()
    assert [heard(parties, name)[0] for _ in range(6)] == [f"batch {n}" for n in range(3)] + [f"tx {n}" for n in range(3)]


def test_the_queue_of_a_subscription_that_amqp_reads_has_the_message_itself(parties, spread, name):
    parties.sns.publish(TopicArn=spread, Message="news", Subject="about", MessageAttributes=KIND)
    assert parties.printed(f"{name}-envelope", "peek")["body"] == "news"
    assert parties.take(f"{name}-envelope")[2] == b"news"


def test_one_that_is_not_text_reaches_all_three(parties, spread, name):
    body = bytes(range(256))
    parties.channel.basic_publish(f"t-{name}", "", body, pika.BasicProperties())
    envelope = json.loads(parties.receive(f"{name}-envelope")["Body"])
    assert base64.b64decode(envelope["Message"]) == body
    assert envelope["MessageAttributes"] == {"RowMQ.BodyEncoding": {"Type": "String", "Value": "base64"}}
    raw = parties.receive(f"{name}-raw")
    assert base64.b64decode(raw["Body"]) == body
    assert raw["MessageAttributes"] == {"RowMQ.BodyEncoding": {"DataType": "String", "StringValue": "base64"}}
    assert parties.take(f"{name}-bound")[2] == body


def test_deleting_in_one_queue_leaves_the_copies_of_the_others(parties, spread, name):
    parties.sns.publish(TopicArn=spread, Message="news", MessageAttributes=KIND)
    parties.delete(f"{name}-raw", parties.receive(f"{name}-raw"))
    parties.channel.queue_purge(f"{name}-bound")
    assert [parties.counts(f"{name}-{which}")[0] for which in ("envelope", "raw", "bound")] == [1, 0, 0]


def test_a_key_and_headers_and_a_topic_decide_together(parties, name):
    """AMQP's topic exchange feeds a topic of SNS and a queue; only what fits goes further."""
    topic = spread_out(parties, name)
    parties.channel.exchange_declare(f"in-{name}", "topic", durable=True)
    parties.channel.exchange_bind(topic.rpartition(":")[2], f"in-{name}", "orders.#")
    for key in ("orders.eu.new", "invoices.eu"):
        parties.channel.basic_publish(f"in-{name}", key, key.encode(), pika.BasicProperties(headers={"kind": "tea"}))
    envelope = json.loads(parties.receive(f"{name}-envelope")["Body"])
    method, _, body = parties.take(f"{name}-bound", auto_ack=True)
    assert envelope["Message"] == body.decode() == method.routing_key == "orders.eu.new"
    assert envelope["TopicArn"] == topic and topic in envelope["UnsubscribeURL"]
    assert [parties.counts(f"{name}-{which}")[0] for which in ("envelope", "raw", "bound")] == [0, 1, 0]


def test_what_amqp_copies_by_CC_is_received_by_sqs(parties, shared, name):
    parties.sqs.create_queue(QueueName=f"{name}-copy")
    parties.publish(shared, headers={"CC": [f"{name}-copy"], "kind": "tea"})
    for queue in (shared, f"{name}-copy"):
        assert parties.receive(queue)["MessageAttributes"] == {"kind": {"DataType": "String", "StringValue": "tea"}}


def test_a_fanout_exchange_of_amqp_is_a_topic(parties, name):
    parties.channel.exchange_declare(f"t-{name}", "fanout", durable=True)
    arn, = [one["TopicArn"] for one in parties.sns.list_topics()["Topics"] if one["TopicArn"].endswith(f":t-{name}")]
    parties.sqs.create_queue(QueueName=name)
    parties.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=parties.arn(name), Attributes={"RawMessageDelivery": "true"})
    parties.channel.basic_publish(f"t-{name}", "", b"news")
    assert parties.receive(name)["Body"] == "news"


def test_an_exchange_of_another_type_is_no_topic(parties, name, error_of):
    parties.channel.exchange_declare(f"t-{name}", "topic", durable=True)
    assert error_of(parties.sns.create_topic, Name=f"t-{name}")[0] == "InvalidParameter"
    assert all(not one["TopicArn"].endswith(name) for one in parties.sns.list_topics()["Topics"])


def test_a_topic_that_sns_deletes_is_an_exchange_that_is_gone(parties, spread, name):
    parties.sns.delete_topic(TopicArn=spread)
    assert amqp_client.closed_by(parties.channel.exchange_declare, f"t-{name}", passive=True)[0] == 404


def test_an_exchange_that_amqp_deletes_is_a_topic_that_is_gone(parties, spread, name, error_of):
    parties.channel.exchange_delete(f"t-{name}")
    assert error_of(parties.sns.publish, TopicArn=spread, Message="x")[0].startswith("NotFound")
    assert all(one["TopicArn"] != spread for one in parties.sns.list_subscriptions()["Subscriptions"])


# ------------------------------------------------------------------ a restart between publish and receive

@pytest.mark.parametrize("end", ["stop", "kill"])
def test_all_that_was_published_is_received_by_the_other_side_after_a_restart(own_parties, own_server, name, end):
    parties = own_parties
    topic = spread_out(parties, name)
    parties.channel.queue_declare(name, durable=True)
    parties.sns.publish(TopicArn=topic, Message="news", MessageAttributes=KIND)
    parties.send(name, "by SQS", MessageAttributes=KIND)
    parties.publish(name, b"by AMQP", headers={"kind": "tea"}, correlation_id="c")
    parties.program("send", "--header", "kind=tea", name, "by the program")

    if end == "stop":
        parties.part()  # a stop waits for who is connected
    getattr(own_server, end)()
    own_server.start()
    parties.meet()

    assert heard(parties, name) == ("news",) * 3
    first = parties.take(name, auto_ack=True)
    second, third = parties.receive(name), parties.printed(name)
    assert [first[2], second["Body"], third["body"]] == [b"by SQS", "by AMQP", "by the program"]
    assert first[1].headers == {"kind": "tea"} and second["MessageAttributes"] == KIND
    assert third["properties"]["headers"] == {"kind": "tea"}


def test_the_program_alone_reads_what_both_protocols_left(own_parties, own_server, name):
    """Without a server the program opens the store itself: the library."""
    own_parties.channel.queue_declare(name, durable=True)
    own_parties.send(name, "by SQS")
    own_parties.publish(name, b"\xff by AMQP", message_id="m")
    own_parties.part()
    assert own_server.stop() == 0

    assert own_parties.printed(name)["body"] == "by SQS"
    assert own_parties.printed(name)["properties"]["message_id"] == "m"
    own_parties.program("send", name, stdin=b"\x00 by the library")

    own_server.start()
    with Parties(own_server) as parties:
        assert parties.take(name)[2] == b"\x00 by the library"
