"""A message that one client has is nobody else's, whatever the protocols; how it ends in one is how it ended in all."""
import time

import pytest

import amqp_client


def test_what_sqs_hides_amqp_does_not_see(parties, shared):
    parties.send(shared)
    message = parties.receive(shared)
    assert parties.counts(shared) == (0, 1, 0)
    assert parties.channel.basic_get(shared)[0] is None
    assert parties.program("receive", shared, expect=2) == b""
    parties.delete(shared, message)
    assert parties.counts(shared) == (0, 0, 0)


def test_what_a_channel_holds_sqs_does_not_see(parties, shared):
    parties.publish(shared)
    method, *_ = parties.take(shared)
    assert parties.counts(shared) == (0, 1, 0)
    assert parties.receive(shared, WaitTimeSeconds=0) is None
    parties.channel.basic_ack(method.delivery_tag)
    amqp_client.until(lambda: parties.counts(shared) == (0, 0, 0))


def test_what_the_program_keeps_nobody_else_sees(parties, shared):
    parties.send(shared)
    parties.program("receive", "--keep", "--lease", "60s", shared)
    assert parties.channel.basic_get(shared)[0] is None and parties.receive(shared, WaitTimeSeconds=0) is None


def test_a_channel_that_ends_gives_back_to_sqs_at_once(parties, shared):
    parties.publish(shared)
    channel = parties.connection.channel()
    amqp_client.take(channel, shared)
    channel.close()
    message = parties.receive(shared)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_connection_that_is_lost_gives_back_to_a_waiting_long_poll(parties, shared):
    parties.publish(shared)
    other = amqp_client.connect(parties.server)
    amqp_client.take(other.channel(), shared)
    amqp_client.lose(other)
    assert parties.receive(shared, WaitTimeSeconds=10)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_visibility_that_ends_gives_to_a_consumer_of_amqp(parties, shared):
    parties.send(shared)
    parties.receive(shared, VisibilityTimeout=1)
    (method, _, _), = amqp_client.collect(parties.channel, shared, 1)
    assert method.redelivered


def test_receives_are_counted_over_both_protocols(parties, name):
    parties.channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
    parties.send(name)
    method, properties, _ = parties.take(name)
    assert not method.redelivered and (properties.headers or {}).get("x-delivery-count", 0) == 0
    parties.channel.basic_reject(method.delivery_tag, requeue=True)
    message = parties.receive(name)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    parties.sqs.change_message_visibility(QueueUrl=parties.url(name), ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    method, properties, _ = parties.take(name)
    assert method.redelivered and properties.headers == {"x-delivery-count": 2}


def test_an_old_handle_deletes_nothing_that_amqp_has_received_since(parties, shared):
    parties.send(shared)
    message = parties.receive(shared, VisibilityTimeout=0)
    method, *_ = parties.take(shared)
    parties.delete(shared, message)  # no error, as with SQS
    parties.channel.basic_reject(method.delivery_tag, requeue=True)
    assert parties.receive(shared)["MessageId"] == message["MessageId"]


def test_an_exclusive_consumer_keeps_sqs_out(parties, shared, error_of):
    tag = parties.channel.basic_consume(shared, lambda *_: None, exclusive=True)
    assert error_of(parties.sqs.receive_message, QueueUrl=parties.url(shared))[0].endswith("UnsupportedOperation")
    parties.channel.basic_cancel(tag)
    parties.send(shared)
    assert parties.receive(shared)


def test_consumers_of_both_protocols_share_a_queue_and_each_message_goes_to_one(parties, shared):
    got = []
    parties.channel.basic_qos(prefetch_count=3)

    def take(channel, method, _, body):
        got.append(body.decode())
        channel.basic_ack(method.delivery_tag)

    for number in range(40):
        (parties.send if number % 2 else parties.publish)(shared, str(number) if number % 2 else str(number).encode())
    parties.channel.basic_consume(shared, take)
    by_sqs = 0
    until = time.monotonic() + amqp_client.SECONDS
    while len(got) < 40 and time.monotonic() < until:
        if message := parties.receive(shared, WaitTimeSeconds=0):
            got.append(message["Body"])
            parties.delete(shared, message)
            by_sqs += 1
        parties.connection.process_data_events(0)
    assert sorted(got, key=int) == [str(number) for number in range(40)] and by_sqs > 0
    amqp_client.until(lambda: parties.counts(shared) == (0, 0, 0))


# ------------------------------------------------------------------ purging and deleting

@pytest.mark.parametrize("by", ["SQS", "AMQP", "program"])
def test_a_purge_is_a_purge_for_all(parties, shared, by):
    for _ in range(3):
        parties.send(shared)
        parties.publish(shared)
    if by == "SQS":
        parties.sqs.purge_queue(QueueUrl=parties.url(shared))
    elif by == "AMQP":
        assert parties.channel.queue_purge(shared).method.message_count == 6
    else:
        parties.program("purge", shared)
    assert parties.counts(shared) == (0, 0, 0)
    assert parties.is_empty(shared)


def test_a_queue_that_sqs_deletes_ends_its_consumers_of_amqp(parties, shared):
    cancelled = []
    parties.channel.add_on_cancel_callback(cancelled.append)
    parties.channel.basic_consume(shared, lambda *_: None)
    parties.sqs.delete_queue(QueueUrl=parties.url(shared))
    amqp_client.until(lambda: cancelled, parties.connection)
    assert amqp_client.closed_by(parties.channel.queue_declare, shared, passive=True)[0] == 404


def test_a_queue_that_amqp_deletes_is_gone_for_sqs(parties, shared, error_of):
    parties.send(shared)
    parties.channel.queue_delete(shared)
    assert "NonExistentQueue" in error_of(parties.sqs.receive_message, QueueUrl=parties.url(shared))[0]
    assert parties.program("receive", shared, expect=2) == b""


def test_a_queue_that_sqs_made_may_be_declared_passively_and_as_it_is(parties, name):
    parties.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})
    parties.send(name)
    assert parties.channel.queue_declare(name, passive=True).method.message_count == 1
    assert parties.channel.queue_declare(name, durable=True).method.message_count == 1
    told = parties.sqs.get_queue_attributes(QueueUrl=parties.url(name), AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert told == {"VisibilityTimeout": "7"}
