"""Dead letters across protocols: whoever set the policy, and whoever gave the message up."""
import json

import pytest

import amqp_client


@pytest.fixture
def by_amqp(parties, name):
    """(queue, its dead-letter queue), as AMQP sets it, with a limit of deliveries."""
    dead = f"{name}-dead"
    parties.channel.queue_declare(dead, durable=True)
    parties.channel.queue_declare(name, durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead,
                                                                 "x-delivery-limit": 1})
    return name, dead


@pytest.fixture
def by_sqs(parties, name):
    """(queue, its dead-letter queue), as SQS sets it: two receives."""
    dead = f"{name}-dead"
    parties.sqs.create_queue(QueueName=dead)
    policy = json.dumps({"deadLetterTargetArn": parties.arn(dead), "maxReceiveCount": 2})
    parties.sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})
    return name, dead


def test_what_sqs_does_not_delete_goes_where_amqp_said(parties, by_amqp):
    queue, dead = by_amqp
    parties.publish(queue, b"unwanted", headers={"kind": "tea"}, message_id="m")
    for _ in range(2):
        parties.receive(queue, VisibilityTimeout=0)
    assert parties.receive(queue, WaitTimeSeconds=0) is None
    _, properties, body = parties.take(dead)
    assert body == b"unwanted" and properties.headers["kind"] == "tea" and properties.message_id == "m"
    death = properties.headers["x-death"][0]
    assert (death["queue"], death["reason"], death["count"]) == (queue, "delivery_limit", 1)


def test_what_amqp_rejects_goes_where_sqs_said(parties, by_sqs):
    queue, dead = by_sqs
    sent = parties.send(queue, "unwanted", MessageAttributes={"n": {"DataType": "Number.int", "StringValue": "1"}})
    parties.channel.basic_reject(parties.take(queue)[0].delivery_tag, requeue=False)
    message = parties.receive(dead)
    assert message["MessageId"] == sent["MessageId"] and message["Body"] == "unwanted"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == parties.arn(queue)
    assert message["MessageAttributes"] == {"n": {"DataType": "Number.int", "StringValue": "1"}}


def test_receives_of_both_protocols_count_towards_the_policy_of_sqs(parties, by_sqs):
    queue, dead = by_sqs
    parties.send(queue)
    parties.channel.basic_reject(parties.take(queue)[0].delivery_tag, requeue=True)
    parties.receive(queue, VisibilityTimeout=0)
    assert parties.channel.basic_get(queue)[0] is None
    _, properties, _ = parties.take(dead)
    assert properties.headers["x-death"][0]["queue"] == queue
    assert properties.headers["x-first-death-queue"] == queue


def test_amqp_sees_the_policy_of_sqs_work_and_sqs_moves_back_what_it_moved(parties, by_sqs):
    queue, dead = by_sqs
    parties.publish(queue, b"again", message_id="m")
    parties.channel.basic_reject(parties.take(queue)[0].delivery_tag, requeue=False)
    amqp_client.until(lambda: parties.counts(dead) == (1, 0, 0))
    parties.sqs.start_message_move_task(SourceArn=parties.arn(dead))
    method, properties, body = parties.take(queue)
    assert (body, properties.message_id) == (b"again", "m")
    parties.channel.basic_ack(method.delivery_tag)


def test_sqs_is_told_the_redrive_policy_that_amqp_set(parties, by_amqp):
    queue, dead = by_amqp
    told = parties.sqs.get_queue_attributes(QueueUrl=parties.url(queue), AttributeNames=["All"])["Attributes"]
    assert json.loads(told["RedrivePolicy"]) == {"deadLetterTargetArn": parties.arn(dead), "maxReceiveCount": 2}
    assert parties.sqs.list_dead_letter_source_queues(QueueUrl=parties.url(dead))["queueUrls"] == [parties.url(queue)]


def test_what_expires_by_amqp_s_rules_is_a_dead_letter_that_sqs_receives(parties, name):
    parties.channel.queue_declare(f"{name}-dead", durable=True)
    parties.channel.queue_declare(name, durable=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}-dead"})
    parties.publish(name, b"late", expiration="50")
    message = parties.receive(f"{name}-dead", WaitTimeSeconds=10)
    assert message["Body"] == "late" and message["Attributes"]["DeadLetterQueueSourceArn"] == parties.arn(name)


def test_a_dead_letter_exchange_fans_out_to_queues_that_sqs_reads(parties, name):
    parties.channel.exchange_declare(f"x-{name}", "fanout", durable=True)
    for which in ("one", "two"):
        parties.sqs.create_queue(QueueName=f"{name}-{which}")
        parties.channel.queue_bind(f"{name}-{which}", f"x-{name}")
    parties.channel.queue_declare(name, durable=True, arguments={"x-dead-letter-exchange": f"x-{name}"})
    parties.send(name, "to both")
    parties.channel.basic_reject(parties.take(name)[0].delivery_tag, requeue=False)
    assert [parties.receive(f"{name}-{which}")["Body"] for which in ("one", "two")] == ["to both"] * 2


def test_a_topic_of_sns_takes_dead_letters_of_amqp(parties, name):
    topic = parties.sns.create_topic(Name=f"t-{name}")["TopicArn"]
    parties.sqs.create_queue(QueueName=f"{name}-sub")
    parties.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=parties.arn(f"{name}-sub"))
    parties.channel.queue_declare(name, durable=True, arguments={"x-dead-letter-exchange": f"t-{name}"})
    parties.send(name, "given up")
    parties.channel.basic_reject(parties.take(name)[0].delivery_tag, requeue=False)
    envelope = json.loads(parties.receive(f"{name}-sub")["Body"])
    assert (envelope["Message"], envelope["TopicArn"]) == ("given up", topic)
