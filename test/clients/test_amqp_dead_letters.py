"""AMQP by pika: expiry, limits, dead letters and what x-death says of them."""
import datetime

import pika
import pytest

from amqp_client import bodies, collect, take, until
from management_client import Api


@pytest.fixture
def channel(confirming):
    return confirming


@pytest.fixture
def dead(channel, name):
    """A queue for dead letters."""
    channel.queue_declare(name + "-dead", exclusive=True)
    return name + "-dead"


def deaths(properties):
    """x-death without its times."""
    told = []
    for death in properties.headers["x-death"]:
        assert isinstance(death["time"], datetime.datetime)
        told.append({field: value for field, value in death.items() if field != "time"})
    return told


def reject(channel, queue):
    channel.basic_reject(take(channel, queue)[0].delivery_tag, requeue=False)


def dead_to(exchange, key=None):
    return {"x-dead-letter-exchange": exchange} | ({} if key is None else {"x-dead-letter-routing-key": key})


def test_a_rejected_message_goes_to_the_dead_letter_exchange(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
    channel.queue_bind(name, "amq.topic", "some.#")
    channel.basic_publish("amq.topic", "some.key", b"x", pika.BasicProperties(headers={"mine": 1}, message_id="m"))
    channel.basic_reject(take(channel, name)[0].delivery_tag, requeue=False)
    method, properties, body = take(channel, dead)
    assert (method.exchange, method.routing_key, body, properties.message_id) == ("", dead, b"x", "m")
    assert deaths(properties) == [{"count": 1, "reason": "rejected", "queue": name, "exchange": "amq.topic", "routing-keys": ["some.key"]}]
    rest = {header: value for header, value in properties.headers.items() if header != "x-death"}
    assert rest == {"mine": 1, "x-first-death-exchange": "amq.topic", "x-first-death-queue": name, "x-first-death-reason": "rejected",
                    "x-last-death-exchange": "amq.topic", "x-last-death-queue": name, "x-last-death-reason": "rejected"}


def test_its_own_routing_key_is_kept_where_none_is_named(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments={"x-dead-letter-exchange": "amq.direct"})
    channel.queue_bind(dead, "amq.direct", name)
    channel.basic_publish("", name, b"x")
    channel.basic_reject(take(channel, name)[0].delivery_tag, requeue=False)
    method, properties, _ = take(channel, dead)
    assert (method.exchange, method.routing_key) == ("amq.direct", name)
    assert deaths(properties) == [{"count": 1, "reason": "rejected", "queue": name, "exchange": "", "routing-keys": [name]}]


def test_without_a_target_a_dead_letter_is_dropped(channel, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-dead-letter-exchange": "none-" + name})
    channel.basic_publish("", name, b"x")
    channel.basic_reject(take(channel, name)[0].delivery_tag, requeue=False)
    channel.connection.process_data_events(0.2)
    assert channel.basic_get(name)[0] is None


def test_messages_expire_by_the_queue_or_by_themselves(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments={"x-message-ttl": 400, "x-dead-letter-exchange": "",
                                                           "x-dead-letter-routing-key": dead})
    channel.basic_publish("", name, b"by the queue", pika.BasicProperties(expiration="60000"))
    method, properties, body = take(channel, dead)
    assert body == b"by the queue" and properties.expiration is None
    assert deaths(properties) == [{"count": 1, "reason": "expired", "queue": name, "exchange": "", "routing-keys": [name],
                                   "original-expiration": "60000"}]
    channel.basic_publish("", name, b"by itself", pika.BasicProperties(expiration="50"))
    assert deaths(take(channel, dead)[1])[0]["original-expiration"] == "50"
    assert channel.basic_get(name)[0] is None


def test_a_message_that_expires_at_once_is_delivered_to_nobody(channel, name):
    channel.queue_declare(name, exclusive=True)
    channel.basic_publish("", name, b"x", pika.BasicProperties(expiration="0"))
    channel.basic_publish("", name, b"y")
    assert take(channel, name, auto_ack=True)[2] == b"y"


def test_a_message_that_expires_at_once_is_delivered_to_who_waits(connection, channel, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-message-ttl": 0})
    got = collect(channel, name, 0)
    connection.process_data_events(0.1)
    for number in range(3):
        channel.basic_publish("", name, str(number).encode())
    until(lambda: len(got) == 3, connection)


def test_too_many_drop_the_oldest_to_the_dead_letters(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments={"x-max-length": 1, "x-dead-letter-exchange": "",
                                                           "x-dead-letter-routing-key": dead})
    channel.basic_publish("", name, b"1")
    channel.basic_publish("", name, b"2")
    _, properties, body = take(channel, dead)
    assert body == b"1" and deaths(properties)[0]["reason"] == "maxlen"
    assert bodies(channel, name, 1) == [b"2"]


def test_bytes_are_limited_too(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments={"x-max-length-bytes": 10_000, "x-dead-letter-exchange": "",
                                                           "x-dead-letter-routing-key": dead})
    channel.basic_publish("", name, b"1" * 6_000)
    channel.basic_publish("", name, b"2" * 6_000)
    assert take(channel, dead)[2] == b"1" * 6_000


def test_a_delivery_limit_ends_the_rounds_of_a_message(channel, name, dead):
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 2, "x-dead-letter-exchange": "",
                                                         "x-dead-letter-routing-key": dead})
    channel.basic_publish("", name, b"x")
    counts = []
    for _ in range(3):
        method, properties, _ = take(channel, name)
        counts.append((method.redelivered, (properties.headers or {}).get("x-delivery-count")))
        channel.basic_nack(method.delivery_tag)
    assert counts == [(False, 0), (True, 1), (True, 2)]
    assert deaths(take(channel, dead)[1])[0]["reason"] == "delivery_limit"
    channel.queue_delete(name)


def test_the_way_of_a_message_through_several_queues(channel, name, dead):
    channel.exchange_declare(name, "topic")
    channel.queue_declare(name + "-1", exclusive=True, arguments={"x-dead-letter-exchange": name, "x-dead-letter-routing-key": "to.2"})
    channel.queue_declare(name + "-2", exclusive=True, arguments={"x-message-ttl": 50, "x-dead-letter-exchange": "",
                                                                  "x-dead-letter-routing-key": name + "-3"})
    channel.queue_declare(name + "-3", exclusive=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
    channel.queue_bind(name + "-2", name, "to.*")
    channel.queue_bind(name + "-1", "amq.direct", name + "-key")
    channel.basic_publish("amq.direct", name + "-key", b"x")
    channel.basic_reject(take(channel, name + "-1")[0].delivery_tag, requeue=False)
    channel.basic_reject(take(channel, name + "-3")[0].delivery_tag, requeue=False)
    _, properties, _ = take(channel, dead)
    assert deaths(properties) == [
        {"count": 1, "reason": "rejected", "queue": name + "-3", "exchange": "", "routing-keys": [name + "-3"]},
        {"count": 1, "reason": "expired", "queue": name + "-2", "exchange": name, "routing-keys": ["to.2"]},
        {"count": 1, "reason": "rejected", "queue": name + "-1", "exchange": "amq.direct", "routing-keys": [name + "-key"]}]
    assert properties.headers["x-first-death-queue"] == name + "-1" and properties.headers["x-last-death-queue"] == name + "-3"
    channel.exchange_delete(name)


def test_a_message_that_is_retried_counts_its_rounds(channel, name):
    retry = {"x-message-ttl": 50, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": name}
    channel.queue_declare(name, exclusive=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name + "-wait"})
    channel.queue_declare(name + "-wait", exclusive=True, arguments=retry)
    channel.basic_publish("", name, b"x")
    for number in range(3):
        method, properties, _ = take(channel, name)
        counted = [(death["queue"], death["count"]) for death in (deaths(properties) if properties.headers else [])]
        assert counted == ([(name + "-wait", number), (name, number)] if number else [])
        channel.basic_reject(method.delivery_tag, requeue=False)


def test_what_expires_in_a_circle_is_dropped(channel, connection, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-message-ttl": 30, "x-dead-letter-exchange": "",
                                                           "x-dead-letter-routing-key": name})
    channel.basic_publish("", name, b"x")
    until(lambda: channel.queue_declare(name, passive=True).method.message_count == 0, connection)


@pytest.mark.parametrize("back", [{"x-message-ttl": 30}, {"x-max-length": 0}])
def test_what_nobody_rejects_goes_no_second_round(channel, connection, name, back):
    queues = [name + "-1", name + "-2"]
    channel.queue_declare(queues[0], exclusive=True, arguments={"x-message-ttl": 30} | dead_to("", queues[1]))
    channel.queue_declare(queues[1], exclusive=True, arguments=back | dead_to("", queues[0]))
    channel.basic_publish("", queues[0], b"x")
    connection.process_data_events(0.5)
    counts = [sum(channel.queue_declare(queue, passive=True).method.message_count for queue in queues) for _ in range(10)]
    assert counts == [0] * 10


def test_nobody_who_rejects_without_end_ends_it(channel, name):
    channel.queue_declare(name, exclusive=True, arguments=dead_to("", name))
    channel.basic_publish("", name, b"x")
    for _ in range(3):
        reject(channel, name)
    assert deaths(take(channel, name)[1])[0]["count"] == 3


def test_the_routing_key_of_a_dead_letter_is_kept_where_none_is_named(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments=dead_to("", name + "-next"))
    channel.queue_declare(name + "-next", exclusive=True, arguments=dead_to("amq.topic"))
    channel.queue_bind(name, "amq.topic", name + ".as.published")
    channel.queue_bind(dead, "amq.topic", name + "-next")
    channel.basic_publish("amq.topic", name + ".as.published", b"x")
    reject(channel, name)
    reject(channel, name + "-next")
    method, _, _ = take(channel, dead)
    assert (method.exchange, method.routing_key) == ("amq.topic", name + "-next")
    assert channel.queue_declare(name, passive=True).method.message_count == 0, "not by the key it was published with"


def test_an_empty_routing_key_is_kept_too(channel, name, dead):
    channel.exchange_declare(name, "fanout")
    channel.queue_declare(name, exclusive=True, arguments=dead_to("amq.fanout"))
    channel.queue_bind(name, name)
    channel.queue_bind(dead, "amq.fanout")
    channel.basic_publish(name, "", b"x")
    reject(channel, name)
    method, properties, _ = take(channel, dead)
    assert method.routing_key == "" and deaths(properties)[0]["routing-keys"] == [""]
    channel.exchange_delete(name)


def test_a_dead_letter_goes_by_its_further_keys_too(channel, name):
    keys = {which: f"{name}-{which}" for which in ("to", "cc", "bcc")}
    channel.queue_declare(name, exclusive=True, arguments=dead_to("amq.direct"))
    channel.queue_bind(name, "amq.topic", keys["to"])
    for key in keys.values():
        channel.queue_declare(key, exclusive=True)
        channel.queue_bind(key, "amq.direct", key)
    channel.basic_publish("amq.topic", keys["to"], b"x", pika.BasicProperties(headers={"CC": [keys["cc"]], "BCC": [keys["bcc"]]}))
    reject(channel, name)
    for key in keys.values():
        method, properties, _ = take(channel, key)
        assert method.routing_key == keys["to"]
        assert deaths(properties)[0]["routing-keys"] == [keys["to"], keys["cc"]], "and nobody hears of BCC"


def test_further_keys_end_with_a_dead_letter_routing_key(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments=dead_to("", name + "-next"))
    channel.queue_declare(name + "-next", exclusive=True, arguments=dead_to("", dead))
    channel.basic_publish("", name, b"x", pika.BasicProperties(headers={"CC": [name + "-cc"]}))
    reject(channel, name)
    reject(channel, name + "-next")
    assert [death["routing-keys"] for death in deaths(take(channel, dead)[1])] == [[name + "-next"], [name, name + "-cc"]]


def test_what_a_client_tells_of_deaths_is_kept_until_there_is_one(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments=dead_to("", dead))
    headers = {"x-death": [{"count": 5}], "kept": 1}
    channel.basic_publish("", name, b"x", pika.BasicProperties(headers=headers))
    method, properties, _ = take(channel, name)
    assert properties.headers == headers
    channel.basic_reject(method.delivery_tag, requeue=False)
    assert [death["count"] for death in deaths(take(channel, dead)[1])] == [1]


def test_deaths_are_counted_on_when_a_client_publishes_once_more(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments=dead_to("", dead))
    headers = {}
    for count in range(1, 4):
        channel.basic_publish("", name, b"x", pika.BasicProperties(headers=headers))
        reject(channel, name)
        headers = take(channel, dead)[1].headers
        assert [(death["queue"], death["reason"], death["count"]) for death in headers["x-death"]] == [(name, "rejected", count)]
        assert headers["x-first-death-queue"] == name


def test_what_a_full_queue_refuses_goes_to_the_dead_letter_exchange_where_asked(channel, name, dead):
    channel.queue_declare(name, exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish-dlx",
                                                           "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
    channel.queue_bind(name, "amq.direct", name)
    channel.basic_publish("amq.direct", name, b"1")
    with pytest.raises(pika.exceptions.NackError):
        channel.basic_publish("amq.direct", name, b"2", pika.BasicProperties(headers={"mine": 1}, message_id="m"))
    method, properties, body = take(channel, dead)
    assert (method.exchange, method.routing_key, body, properties.message_id) == ("", dead, b"2", "m")
    assert properties.headers["mine"] == 1
    assert deaths(properties) == [{"count": 1, "reason": "maxlen", "queue": name, "exchange": "amq.direct", "routing-keys": [name]}]
    assert bodies(channel, name, 1) == [b"1"]
    channel.basic_publish("amq.direct", name, b"3")
    assert bodies(channel, name, 1) == [b"3"]


def test_a_policy_may_ask_for_it(channel, server, name, dead):
    api = Api(server)
    api.put(f"policies/%2F/{name}", {"pattern": f"^{name}$", "definition": {"max-length": 1, "overflow": "reject-publish-dlx",
                                                                            "dead-letter-exchange": "", "dead-letter-routing-key": dead}})
    channel.queue_declare(name, exclusive=True)
    channel.basic_publish("", name, b"1")
    with pytest.raises(pika.exceptions.NackError):
        channel.basic_publish("", name, b"2")
    assert bodies(channel, dead, 1) == [b"2"]
    api.delete(f"policies/%2F/{name}")
