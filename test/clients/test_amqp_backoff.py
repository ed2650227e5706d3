"""Exponential backoff by queue arguments of RowMQ's own: what is given back waits longer each time."""
import time
from decimal import Decimal

import pytest

from amqp_client import closed_by, take, until
from management_client import Api

BACKOFF = {"x-retry-backoff": 200, "x-retry-backoff-multiplier": Decimal("2.5"), "x-retry-backoff-jitter": 0}


@pytest.mark.parametrize("by_consuming", [True, False], ids=["consume", "get"])
def test_each_retry_waits_longer(connection, channel, name, by_consuming):
    channel.queue_declare(name, arguments=BACKOFF)
    came = []

    def give_back(_, method, properties, body):
        came.append((time.monotonic(), method.redelivered, (properties.headers or {}).get("x-delivery-count"), body))
        if len(came) < 4:
            channel.basic_nack(method.delivery_tag)
        else:
            channel.basic_ack(method.delivery_tag)

    if by_consuming:
        channel.basic_consume(name, give_back)
    channel.basic_publish("", name, b"again")
    while len(came) < 4:
        if by_consuming:
            until(lambda seen=len(came): len(came) > seen, connection)
        else:
            give_back(channel, *take(channel, name))
    waits = [later[0] - earlier[0] for earlier, later in zip(came, came[1:])]
    assert all(wait >= least - 0.002 for wait, least in zip(waits, (0.2, 0.5, 1.25))), waits
    assert [one[1:] for one in came] == [(False, 0, b"again")] + [(True, count, b"again") for count in (1, 2, 3)]
    assert channel.queue_declare(name, passive=True).method.message_count == 0
    channel.queue_delete(name)


def test_others_go_on_meanwhile(channel, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-retry-backoff": 60_000, "x-retry-backoff-max": 90_000})
    channel.basic_publish("", name, b"broken")
    channel.basic_publish("", name, b"whole")
    method, _, body = take(channel, name)
    assert body == b"broken"
    channel.basic_reject(method.delivery_tag, requeue=True)
    assert take(channel, name)[2] == b"whole"
    assert channel.basic_get(name)[0] is None


def test_who_goes_away_has_not_given_back(connection, channel, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-retry-backoff": 60_000})
    channel.basic_publish("", name, b"at once")
    other = connection.channel()
    take(other, name)
    other.close()
    assert take(channel, name)[2] == b"at once"


def test_the_limit_of_deliveries_holds_beside_it(channel, name):
    channel.queue_declare(f"{name}-dead", exclusive=True)
    channel.queue_declare(name, exclusive=True, arguments={
        "x-retry-backoff": 10, "x-delivery-limit": 2, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{name}-dead"})
    channel.basic_publish("", name, b"poison")
    for _ in range(3):
        channel.basic_nack(take(channel, name)[0].delivery_tag)
    _, properties, body = take(channel, f"{name}-dead")
    assert body == b"poison" and properties.headers["x-first-death-reason"] == "delivery_limit"


@pytest.mark.parametrize("arguments, why", [
    ({"x-retry-backoff": -1}, "invalid arg 'x-retry-backoff' for {}: {{value_negative,-1}}"),
    ({"x-retry-backoff": "1s"}, "invalid arg 'x-retry-backoff' for {}: \"expected integer, got longstr\""),
    ({"x-retry-backoff": 1, "x-retry-backoff-multiplier": Decimal("0.5")},
     "invalid arg 'x-retry-backoff-multiplier' for {}: \"expected a number from 1 to 10\""),
    ({"x-retry-backoff": 1, "x-retry-backoff-jitter": 2}, "invalid arg 'x-retry-backoff-jitter' for {}: \"expected a number from 0 to 1\""),
    ({"x-retry-backoff-max": 1}, "invalid arg 'x-retry-backoff' for {}: \"the others need it\"")])
def test_wrong_arguments_are_named(channel, name, arguments, why):
    expected = "PRECONDITION_FAILED - " + why.format(f"queue '{name}' in vhost '/'")
    assert closed_by(channel.queue_declare, name, arguments=arguments) == (406, expected)


def test_a_queue_keeps_its_backoff(connection, channel, sqs, server, name):
    channel.queue_declare(name, arguments=BACKOFF)
    channel.queue_declare(name, arguments=BACKOFF)
    other = connection.channel()
    code, text = closed_by(other.queue_declare, name, arguments=BACKOFF | {"x-retry-backoff": 300})
    assert code == 406 and "inequivalent arg 'x-retry-backoff'" in text
    assert Api(server).get(f"queues/%2F/{name}")["arguments"] == BACKOFF
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RowMQ.Backoff"])["Attributes"]["RowMQ.Backoff"]
    assert '"initialSeconds":0.2' in told.replace(" ", "") and '"multiplier":2.5' in told.replace(" ", "")
    channel.queue_delete(name)


def test_a_policy_gives_queues_a_backoff(channel, server, name):
    api = Api(server)
    channel.queue_declare(name, exclusive=True)
    api.put(f"policies/%2F/{name}", {"pattern": f"^{name}$", "apply-to": "queues", "definition": {"retry-backoff": 60_000, "retry-backoff-max": 90_000}})
    channel.basic_publish("", name, b"later")
    channel.basic_nack(take(channel, name)[0].delivery_tag)
    assert channel.queue_declare(name, passive=True).method.message_count == 0
    api.ask("DELETE", f"policies/%2F/{name}")
    channel.basic_publish("", name, b"at once")
    channel.basic_nack(take(channel, name)[0].delivery_tag)
    assert take(channel, name)[2] == b"at once"
