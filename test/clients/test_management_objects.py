"""RabbitMQ's management API: queues, exchanges, bindings, messages, policies, and what lists can be asked."""
import pytest

from management_client import connect, named, quote


def test_a_queue_is_made_shown_and_deleted(api, vhost):
    body = {"durable": True, "arguments": {"x-max-length": 5, "x-queue-type": "classic"}}
    assert api.put(f"queues/{vhost}/q", body) == 201
    assert api.put(f"queues/{vhost}/q", body) == 204
    queue = api.eventually(f"queues/{vhost}/q", lambda q: "state" in q)
    assert queue["name"] == "q" and queue["vhost"] == vhost and queue["durable"] is True and queue["auto_delete"] is False
    assert queue["arguments"] == {"x-max-length": 5, "x-queue-type": "classic"}
    assert queue["type"] == "classic" and queue["state"] == "running"
    api.delete(f"queues/{vhost}/q")
    assert api.ask("GET", f"queues/{vhost}/q") == (404, {"error": "Object Not Found", "reason": "Not Found"})


@pytest.mark.parametrize("body, reason", [
    ({"durable": True, "arguments": {"x-max-length": 6}},
     "inequivalent arg 'x-max-length' for queue 'q' in vhost '{}': received '6' but current is '5'"),
    ({"durable": False, "arguments": {"x-max-length": 5}},
     "inequivalent arg 'durable' for queue 'q' in vhost '{}': received 'false' but current is 'true'"),
])
def test_a_queue_that_is_declared_otherwise_is_refused_in_the_words_of_amqp(api, vhost, body, reason):
    api.put(f"queues/{vhost}/q", {"durable": True, "arguments": {"x-max-length": 5}})
    assert api.ask("PUT", f"queues/{vhost}/q", body) == (400, {"error": "bad_request", "reason": reason.format(vhost)})


def test_a_body_that_is_text_is_refused(api, vhost):
    status, answer = api.ask("PUT", f"queues/{vhost}/q", "x")
    assert status == 400 and answer["reason"].startswith("invalid payload: the request body JSON-decoded to a string")


def test_a_queue_with_messages_is_not_deleted_if_it_is_to_be_empty(api, vhost):
    api.put(f"queues/{vhost}/q", {"durable": True})
    api.post(f"exchanges/{vhost}/amq.default/publish", {"properties": {}, "routing_key": "q", "payload": "x", "payload_encoding": "string"})
    status, answer = api.ask("DELETE", f"queues/{vhost}/q?if-empty=true")
    assert status == 400 and answer["reason"].endswith(f"queue 'q' in vhost '{vhost}' not empty")
    api.delete(f"queues/{vhost}/q/contents")
    api.delete(f"queues/{vhost}/q?if-empty=true")


def test_messages_are_published_and_got(api, vhost):
    api.put(f"queues/{vhost}/q", {"durable": True})
    properties = {"delivery_mode": 2, "headers": {"n": 1, "list": [1, "a"]}, "content_type": "text/plain", "priority": 3}
    for payload, encoding in (("hello", "string"), ("/wA=", "base64")):
        assert api.post(f"exchanges/{vhost}/amq.default/publish",
                        {"properties": properties, "routing_key": "q", "payload": payload, "payload_encoding": encoding}) == {"routed": True}
    assert api.post(f"exchanges/{vhost}/amq.default/publish",
                    {"properties": {}, "routing_key": "none", "payload": "", "payload_encoding": "string"}) == {"routed": False}
    look = {"count": 5, "ackmode": "ack_requeue_true", "encoding": "auto"}
    first, second = api.post(f"queues/{vhost}/q/get", look)
    assert first["payload"] == "hello" and first["payload_encoding"] == "string" and first["payload_bytes"] == 5
    assert first["properties"] == properties and first["routing_key"] == "q" and first["exchange"] == ""
    assert first["message_count"] == 1 and second["message_count"] == 0 and first["redelivered"] is False
    assert second["payload"] == "/wA=" and second["payload_encoding"] == "base64" and second["payload_bytes"] == 2
    again = api.post(f"queues/{vhost}/q/get", look | {"ackmode": "ack_requeue_false", "truncate": 2})
    assert [one["payload"] for one in again] == ["he", "/wA="] and again[0]["redelivered"] is True
    assert api.post(f"queues/{vhost}/q/get", look) == []


def test_what_is_missing_is_named(api, vhost):
    api.put(f"queues/{vhost}/q", {})
    assert api.ask("POST", f"queues/{vhost}/q/get", {"count": 5}) == (
        400, {"error": "bad_request", "reason": "[{key_missing,ackmode},{key_missing,encoding}]"})


def test_numbers_of_messages_are_told(api, server, vhost):
    api.put(f"queues/{vhost}/q", {"durable": True})
    connection = connect(server, vhost)
    channel = connection.channel()
    channel.confirm_delivery()
    for number in range(3):
        channel.basic_publish("", "q", b"x")
    channel.basic_get("q")
    queue = api.eventually(f"queues/{vhost}/q", lambda q: q.get("messages_unacknowledged") == 1)
    assert queue["messages"] == 3 and queue["messages_ready"] == 2
    assert queue["messages_ready_details"]["rate"] >= 0
    assert queue["message_stats"]["publish"] == 3
    totals = api.get("overview")["queue_totals"]
    assert totals["messages"] >= 3 and "messages_details" in totals
    connection.close()


def test_exchanges_and_bindings_of_all_forms(api, vhost):
    api.put(f"queues/{vhost}/q", {"durable": True})
    assert api.put(f"exchanges/{vhost}/x", {"type": "topic", "durable": True}) == 201
    api.put(f"exchanges/{vhost}/y", {"type": "headers"})
    exchange = api.get(f"exchanges/{vhost}/x")
    assert exchange["type"] == "topic" and exchange["durable"] and not exchange["internal"] and exchange["arguments"] == {}
    names = {one["name"] for one in api.get(f"exchanges/{vhost}")}
    assert {"", "amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match", "x", "y"} <= names
    api.post(f"bindings/{vhost}/e/x/q/q", {"routing_key": "a.*"})
    assert api.headers["Location"].endswith("q/a.%252A")
    api.post(f"bindings/{vhost}/e/x/q/q", {"routing_key": ""})
    api.post(f"bindings/{vhost}/e/y/q/q", {"routing_key": "k", "arguments": {"kind": "b", "x-match": "any"}})
    api.post(f"bindings/{vhost}/e/x/e/y", {"routing_key": "#"})
    both = api.get(f"bindings/{vhost}/e/x/q/q")
    assert {one["properties_key"] for one in both} == {"a.%2A", "~"}
    assert named(both, routing_key="a.*")["destination_type"] == "queue"
    headers = api.get(f"bindings/{vhost}/e/y/q/q")[0]
    assert headers["arguments"] == {"kind": "b", "x-match": "any"} and headers["routing_key"] == "k"
    assert headers["properties_key"].startswith("k~")
    assert {one["source"] for one in api.get(f"queues/{vhost}/q/bindings")} == {"", "x", "y"}
    assert [one["destination"] for one in api.get(f"exchanges/{vhost}/y/bindings/destination")] == ["y"]
    assert len(api.get(f"exchanges/{vhost}/x/bindings/source")) == 3
    assert api.get(f"bindings/{vhost}/e/x/q/q/a.%2A")["routing_key"] == "a.*"
    api.delete(f"bindings/{vhost}/e/x/q/q/a.%2A")
    api.delete(f"bindings/{vhost}/e/x/q/q/~")
    api.delete(f"bindings/{vhost}/e/y/q/q/{quote(headers['properties_key'])}")
    api.delete(f"bindings/{vhost}/e/x/e/y/{quote('#')}")
    assert api.get(f"bindings/{vhost}") == [one for one in api.get(f"bindings/{vhost}") if one["source"] == ""]
    assert api.ask("DELETE", f"bindings/{vhost}/e/x/q/q/a.%2A")[0] == 404
    api.delete(f"exchanges/{vhost}/x")
    assert api.ask("DELETE", f"exchanges/{vhost}/amq.direct")[0] == 401


@pytest.mark.parametrize("method, path, body, status", [
    ("PUT", "exchanges/{}/x", {"type": "nosuch"}, 400),
    ("POST", "bindings/{}/e/amq.direct/q/none", {"routing_key": "k"}, 404),
    ("GET", "exchanges/{}/none", None, 404),
    ("GET", "queues/nowhere", None, 404),
    ("GET", "nosuch", None, 404),
    ("PATCH", "queues/{}/q", {}, 405),
    ("DELETE", "queues/{}/none", None, 404),
    ("POST", "queues/{}/none/get", {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}, 404),
    ("PUT", "parameters/shovel/{}/s", {"value": {}}, 400),
])
def test_what_is_not_there_or_wrong_is_refused(api, vhost, method, path, body, status):
    assert api.ask(method, path.format(vhost), body)[0] == status


def test_lists_have_pages_are_sorted_and_show_what_is_asked_for(api, vhost):
    for number in range(5):
        api.put(f"queues/{vhost}/q{number}", {"durable": True})
    page = api.get(f"queues/{vhost}?page=1&page_size=2&sort=name&sort_reverse=true&columns=name,arguments")
    assert page == {"filtered_count": 5, "item_count": 2, "items": [{"name": "q4", "arguments": {}}, {"name": "q3", "arguments": {}}],
                    "page": 1, "page_count": 3, "page_size": 2, "total_count": 5}
    assert [one["name"] for one in api.get(f"queues/{vhost}?page=3&page_size=2&sort=name&columns=name")["items"]] == ["q4"]
    matching = api.get(f"queues/{vhost}?page=1&name=q[13]&use_regex=true&columns=name")
    assert matching["filtered_count"] == 2 and matching["total_count"] == 5
    assert api.ask("GET", f"queues/{vhost}?page=9&page_size=2")[0] == 400


def test_a_policy_holds_until_it_is_deleted(api, server, vhost):
    api.put(f"queues/{vhost}/q", {"durable": True, "arguments": {"x-max-length": 4}})
    api.put(f"policies/{vhost}/low", {"pattern": "^q", "definition": {"max-length": 3, "message-ttl": 60000}, "apply-to": "queues", "priority": 1})
    api.put(f"policies/{vhost}/lower", {"pattern": ".*", "definition": {"max-length": 1}, "priority": 0})
    assert api.get(f"policies/{vhost}/low") == {"vhost": vhost, "name": "low", "pattern": "^q", "apply-to": "queues", "priority": 1,
                                                "definition": {"max-length": 3, "message-ttl": 60000}}
    connection = connect(server, vhost)
    channel = connection.channel()
    channel.confirm_delivery()

    def kept():
        for _ in range(6):
            channel.basic_publish("", "q", b"x")
        return channel.queue_purge("q").method.message_count

    def until_policy(name):
        return api.eventually(f"queues/{vhost}/q", lambda q: q.get("policy", "") == name)

    assert until_policy("low")["effective_policy_definition"] == {"max-length": 3, "message-ttl": 60000}
    assert kept() == 3
    api.put(f"operator-policies/{vhost}/op", {"pattern": ".*", "definition": {"max-length": 2}, "apply-to": "queues"})
    api.eventually(f"queues/{vhost}/q", lambda q: q.get("operator_policy") == "op")
    assert kept() == 2
    api.delete(f"operator-policies/{vhost}/op")
    api.delete(f"policies/{vhost}/low")
    until_policy("lower")
    assert kept() == 1
    api.delete(f"policies/{vhost}/lower")
    until_policy(None)
    assert kept() == 4, "what it was declared with"
    channel.queue_declare("q", durable=True, arguments={"x-max-length": 4})
    connection.close()


def test_a_policy_gives_queues_that_come_later_a_dead_letter_exchange(api, server, vhost):
    api.put(f"queues/{vhost}/dead", {"durable": True})
    api.put(f"policies/{vhost}/dlx", {"pattern": "^work", "definition": {"dead-letter-exchange": "", "dead-letter-routing-key": "dead"}})
    connection = connect(server, vhost)
    channel = connection.channel()
    channel.queue_declare("work", durable=True)
    channel.basic_publish("", "work", b"x")
    method = None
    while not method:
        method, _, _ = channel.basic_get("work")
    channel.basic_reject(method.delivery_tag, requeue=False)
    api.eventually(f"queues/{vhost}/dead", lambda q: q.get("messages") == 1)
    connection.close()


@pytest.mark.parametrize("kind, body, reason", [
    ("policies", {"pattern": "^q", "definition": {"nosuch": 5}}, "are not recognised policy settings"),
    ("policies", {"definition": {"max-length": 5}}, "[{key_missing,pattern}]"),
    ("policies", {"pattern": "(", "definition": {"max-length": 5}}, "pattern should be regular expression but is invalid"),
    ("policies", {"pattern": "a", "definition": {"max-length": "x"}}, "is not a valid maximum length"),
    ("operator-policies", {"pattern": "a", "definition": {"dead-letter-exchange": "a"}}, "are not recognised policy settings"),
])
def test_a_policy_that_is_none_is_refused(api, vhost, kind, body, reason):
    status, answer = api.ask("PUT", f"{kind}/{vhost}/p", body)
    assert status == 400 and reason in answer["reason"]


def test_nothing_is_bound_to_what_is_not_there(api, vhost):
    """Tools that delete a binding look for it first, and take an empty list for deleted."""
    for path in (f"queues/{vhost}/none/bindings", f"exchanges/{vhost}/none/bindings/source", f"exchanges/{vhost}/none/bindings/destination",
                 f"bindings/{vhost}/e/none/q/none", f"bindings/{vhost}/e/none/e/none"):
        assert [one for one in api.get(path) if one["source"]] == [], path  # RabbitMQ shows the default exchange's even so
