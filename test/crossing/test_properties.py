"""Ids, groups, priorities, times and counts: what each protocol tells of a message the other published."""
import time

import pika
import pytest

import amqp_client

NOW = int(time.time())
BASIC = {"content_type": "text/plain", "content_encoding": "utf-8", "headers": {"a": {"b": [1]}}, "delivery_mode": 2, "priority": 3,
         "correlation_id": "c", "reply_to": "r", "expiration": "60000", "message_id": "m", "timestamp": NOW, "type": "t",
         "user_id": "guest", "app_id": "a", "cluster_id": "cl"}


def test_basic_properties_survive_a_look_by_sqs_a_return_and_a_restart(own_parties, own_server, name):
    own_parties.channel.queue_declare(name, durable=True)
    own_parties.publish(name, **BASIC)
    seen = own_parties.receive(name, VisibilityTimeout=0)
    own_server.kill()
    own_server.start()
    own_parties.meet()
    method, properties, _ = own_parties.take(name)
    assert properties == pika.BasicProperties(**BASIC)
    own_parties.channel.basic_nack(method.delivery_tag, requeue=True)
    assert own_parties.receive(name)["MessageId"] == seen["MessageId"]


def test_sqs_tells_of_a_message_of_amqp_what_it_has_a_name_for(parties, shared):
    before = int(time.time() * 1000)
    parties.publish(shared, **BASIC)
    message = parties.receive(shared)
    told = message["Attributes"]
    assert told["SenderId"] == "guest" and told["ApproximateReceiveCount"] == "1"
    assert before - 1000 <= int(told["SentTimestamp"]) <= int(told["ApproximateFirstReceiveTimestamp"]) <= time.time() * 1000 + 1000
    assert set(told) == {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"}
    assert "MessageAttributes" not in message  # the only header is a table


def test_the_program_tells_all_properties_of_a_message_of_amqp(parties, shared):
    parties.publish(shared, **BASIC)
    told = parties.printed(shared)["properties"]
    expected = dict(BASIC, timestamp_ms=NOW * 1000, expiration_ms=60000, opaque={"amqp.cluster_id": "cl"})
    for gone in ("timestamp", "expiration", "cluster_id"):
        del expected[gone]
    assert told == expected


def test_amqp_tells_of_a_message_of_sqs_what_it_has_a_name_for(parties, shared):
    parties.send(shared, "plain")
    method, properties, _ = parties.take(shared)
    assert properties == pika.BasicProperties()
    assert (method.exchange, method.routing_key, method.redelivered) == ("", shared, False)


def test_every_receiver_sees_the_same_id(parties, shared):
    sent = parties.send(shared)["MessageId"]
    by_program = parties.printed(shared, "peek")["id"]
    assert parties.receive(shared, VisibilityTimeout=0)["MessageId"] == sent
    parties.take(shared, auto_ack=True)
    topic = parties.sns.create_topic(Name=f"t-{shared}")["TopicArn"]
    parties.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=parties.arn(shared), Attributes={"RawMessageDelivery": "true"})
    published = parties.sns.publish(TopicArn=topic, Message="x")["MessageId"]
    assert parties.receive(shared)["MessageId"] == published != sent and by_program > 0


def test_a_priority_orders_messages_whoever_gave_it(parties, name):
    parties.channel.queue_declare(name, durable=True, arguments={"x-max-priority": 9})
    number = {"DataType": "Number", "StringValue": "5"}
    parties.publish(name, b"amqp 1", priority=1)
    parties.send(name, "sqs 5", MessageAttributes={"RowMQ.Priority": number})
    parties.program("send", "--priority", "7", name, "program 7")
    parties.publish(name, b"amqp 9", priority=9)
    parties.send(name, "sqs 0")

    first = parties.receive(name)
    parties.delete(name, first)
    (second, _, second_body), (third, properties, third_body) = parties.take(name), parties.take(name)
    parties.channel.basic_ack(third.delivery_tag, multiple=True)
    rest = [parties.receive(name)["Body"], parties.printed(name)["body"]]

    assert [first["Body"], second_body, third_body, *rest] == ["amqp 9", b"program 7", b"sqs 5", "amqp 1", "sqs 0"]
    assert properties.priority == 5


def test_a_queue_of_sqs_with_priorities_orders_what_amqp_publishes(parties, name):
    parties.sqs.create_queue(QueueName=name, Attributes={"RowMQ.MaxPriority": "3"})
    for priority in (None, 1, 200, 3):
        parties.publish(name, str(priority).encode(), priority=priority)
    assert [parties.receive(name)["Body"] for _ in range(4)] == ["200", "3", "1", "None"]


def test_an_expiration_of_amqp_takes_the_message_from_sqs_too(parties, shared):
    parties.publish(shared, b"short", expiration="150")
    parties.publish(shared, b"long", expiration="60000")
    time.sleep(0.4)  # the time itself is what is tested
    assert parties.receive(shared)["Body"] == "long"
    assert parties.is_empty(shared)


def test_an_expiry_of_sqs_takes_the_message_from_amqp_too(parties, shared):
    parties.send(shared, "short", MessageAttributes={"RowMQ.ExpireSeconds": {"DataType": "Number", "StringValue": "1"}})
    parties.send(shared, "long")
    time.sleep(1.2)  # the time itself is what is tested
    assert parties.take(shared, auto_ack=True)[2] == b"long"
    assert parties.is_empty(shared)


def test_the_queue_s_own_expiry_is_the_retention_of_sqs(parties, name):
    parties.channel.queue_declare(name, durable=True, arguments={"x-message-ttl": 3_600_000})
    told = parties.sqs.get_queue_attributes(QueueUrl=parties.url(name), AttributeNames=["MessageRetentionPeriod"])["Attributes"]
    assert told == {"MessageRetentionPeriod": "3600"}


# ------------------------------------------------------------------ delays

@pytest.mark.parametrize("how", ["SQS", "SQS, the queue's", "AMQP", "program"])
def test_what_is_delayed_is_seen_by_nobody_before(parties, name, how):
    parties.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1" if "queue" in how else "0"})
    if how == "SQS":
        parties.send(name, "late", DelaySeconds=1)
    elif how == "AMQP":
        parties.channel.exchange_declare(f"d-{name}", "x-delayed-message", durable=True, arguments={"x-delayed-type": "fanout"})
        parties.channel.queue_bind(name, f"d-{name}", "")
        parties.channel.basic_publish(f"d-{name}", "", b"late", pika.BasicProperties(headers={"x-delay": 1000}))
    elif how == "program":
        parties.program("send", "--delay", "1s", name, "late")
    else:
        parties.publish(name, b"late")
    began = time.monotonic()
    assert parties.counts(name) == (0, 0, 1)
    assert parties.is_empty(name)
    assert parties.take(name, auto_ack=True)[2] == b"late" and time.monotonic() - began > 0.5


def test_a_consumer_of_amqp_is_woken_when_a_delay_of_sqs_ends(parties, shared):
    parties.send(shared, "late", DelaySeconds=1)
    began = time.monotonic()
    (_, _, body), = amqp_client.collect(parties.channel, shared, 1, auto_ack=True)
    assert body == b"late" and time.monotonic() - began > 0.8


# ------------------------------------------------------------------ groups and deduplication

@pytest.fixture
def ordered(parties, name):
    """A FIFO queue."""
    parties.sqs.create_queue(QueueName=name + ".fifo", Attributes={"FifoQueue": "true"})
    return name + ".fifo"


def test_amqp_receives_groups_in_order_and_one_message_of_a_group_at_a_time(parties, ordered):
    for number in range(3):
        for group in "ab":
            parties.send(ordered, f"{group}{number}", MessageGroupId=group, MessageDeduplicationId=f"{group}{number}")
    first, second = parties.take(ordered), parties.take(ordered)
    assert [first[2], second[2]] == [b"a0", b"b0"]
    assert parties.receive(ordered, WaitTimeSeconds=0) is None
    parties.channel.basic_ack(first[0].delivery_tag)
    then = parties.receive(ordered)
    assert then["Body"] == "a1" and then["Attributes"]["MessageGroupId"] == "a"
    assert then["Attributes"]["MessageDeduplicationId"] == "a1"
    parties.channel.basic_reject(second[0].delivery_tag, requeue=True)
    assert parties.take(ordered)[2] == b"b0"


def test_a_group_on_a_standard_queue_comes_back_after_amqp_gave_the_message_back(parties, shared):
    parties.send(shared, MessageGroupId="g")
    parties.channel.basic_reject(parties.take(shared)[0].delivery_tag, requeue=True)
    assert parties.receive(shared)["Attributes"]["MessageGroupId"] == "g"


def test_a_fifo_queue_refuses_what_amqp_publishes_without_a_group(parties, ordered):
    with pytest.raises(pika.exceptions.NackError):
        parties.publish(ordered)
    assert parties.counts(ordered) == (0, 0, 0)


def test_a_fifo_topic_reaches_a_queue_that_amqp_reads_in_order(parties, ordered):
    topic = parties.sns.create_topic(Name=f"t-{ordered}", Attributes={"FifoTopic": "true"})["TopicArn"]
    parties.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=parties.arn(ordered))
    for number in (0, 0, 1, 2):
        parties.sns.publish(TopicArn=topic, Message=str(number), MessageGroupId="g", MessageDeduplicationId=f"d{number}")
    got = amqp_client.collect(parties.channel, ordered, 1, auto_ack=True)
    amqp_client.until(lambda: len(got) == 3, parties.connection)
    assert [body for _, _, body in got] == [b"0", b"1", b"2"]
