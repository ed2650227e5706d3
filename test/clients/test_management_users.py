"""RabbitMQ's management API: virtual hosts, users, tags, permissions - and what AMQP refuses by them."""
import base64
import hashlib
import struct
import time

import pika
import pytest

from amqp_client import Wire, closed_by, connection_closed_by
from management_client import Api, connect, named


@pytest.fixture
def user(api, name):
    api.put(f"users/{name}", {"password": "secret", "tags": ""})
    yield name
    api.ask("DELETE", f"users/{name}")


def permit(api, vhost, user, configure=".*", write=".*", read=".*"):
    return api.put(f"permissions/{vhost}/{user}", {"configure": configure, "write": write, "read": read})


def test_a_virtual_host_is_apart_from_others(api, server, vhost):
    assert api.put(f"vhosts/{vhost}", {"description": "mine", "tags": "a,b"}) == 204
    shown = api.get(f"vhosts/{vhost}")
    assert shown["name"] == vhost and shown["description"] == "mine" and shown["tags"] == ["a", "b"] and shown["tracing"] is False
    here, there = connect(server, vhost), connect(server)
    here.channel().queue_declare("apart", durable=True)
    code, text = closed_by(there.channel().queue_declare, "apart", passive=True)
    assert (code, text) == (404, "NOT_FOUND - no queue 'apart' in vhost '/'")
    channel = here.channel()
    for exchange in ("amq.direct", "amq.topic", "amq.fanout", "amq.headers", "amq.match"):
        channel.exchange_declare(exchange, passive=True)
    here.close()
    there.close()


def test_deleting_a_virtual_host_ends_its_connections_and_all_in_it(api, server, vhost):
    connection = connect(server, vhost)
    connection.channel().queue_declare("q", durable=True)
    api.delete(f"vhosts/{vhost}")
    assert connection_closed_by(lambda: [connection.process_data_events(0.1) for _ in range(100)]) == (
        320, f"CONNECTION_FORCED - vhost '{vhost}' is deleted")
    assert connection_closed_by(connect, server, vhost) == (530, f"NOT_ALLOWED - vhost {vhost} not found")
    assert api.ask("GET", f"vhosts/{vhost}")[0] == 404
    assert api.ask("DELETE", f"vhosts/{vhost}")[0] == 404
    api.put(f"vhosts/{vhost}")
    assert api.get(f"queues/{vhost}") == []


def test_users_are_shown_without_their_passwords(api, user):
    shown = named(api.get("users"), name=user)
    assert shown["tags"] == [] and "secret" not in str(shown) and shown["password_hash"]
    assert api.put(f"users/{user}", {"password": "p", "tags": ["management", "x"]}) == 204
    assert api.get(f"users/{user}")["tags"] == ["management", "x"]
    assert api.put(f"users/{user}", {"password": "p", "tags": "management, policymaker"}) == 204
    assert api.get(f"users/{user}")["tags"] == ["management", "policymaker"]
    assert named(api.get("users/without-permissions"), name=user)
    assert api.ask("PUT", f"users/{user}", {"password": "p"}) == (400, {"error": "bad_request", "reason": "tags_not_present"})


def test_a_user_comes_in_where_it_has_permissions(api, server, vhost, user):
    assert connection_closed_by(connect, server, vhost, user, "secret") == (
        530, f"NOT_ALLOWED - access to vhost '{vhost}' refused for user '{user}'")
    assert permit(api, vhost, user) == 201
    assert permit(api, vhost, user) == 204
    connection = connect(server, vhost, user, "secret")
    connection.channel().queue_declare("mine")
    connection.close()
    for wrong in ("wrong", ""):
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            connect(server, vhost, user, wrong)
    assert api.get(f"permissions/{vhost}/{user}") == {"user": user, "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"}
    assert [one["vhost"] for one in api.get(f"users/{user}/permissions")] == [vhost]
    assert user in [one["user"] for one in api.get(f"vhosts/{vhost}/permissions")]
    api.delete(f"permissions/{vhost}/{user}")
    assert api.ask("GET", f"permissions/{vhost}/{user}")[0] == 404


def test_a_user_without_a_password_does_not_come_in(api, server, vhost, user):
    api.put(f"users/{user}", {"tags": ""})
    permit(api, vhost, user)
    for password in ("", "secret"):
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            connect(server, vhost, user, password)


@pytest.mark.parametrize("digest", [hashlib.sha256, hashlib.sha512, hashlib.md5])
def test_a_password_hash_that_does_not_say_how_it_was_made_is_known_by_its_size(api, server, vhost, user, digest):
    hashed = base64.b64encode(b"salt" + digest(b"saltS3cret").digest()).decode()
    api.put(f"users/{user}", {"password_hash": hashed, "tags": ""})
    permit(api, vhost, user)
    connect(server, vhost, user, "S3cret").close()
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        connect(server, vhost, user, "secret")


def test_deleting_a_user_ends_its_connections(api, server, vhost, user):
    permit(api, vhost, user)
    connection = connect(server, vhost, user, "secret")
    api.delete(f"users/{user}")
    assert connection_closed_by(lambda: [connection.process_data_events(0.1) for _ in range(100)]) == (
        320, f"CONNECTION_FORCED - user '{user}' is deleted")
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        connect(server, vhost, user, "secret")
    assert user not in [one["user"] for one in api.get("permissions")]


def publish(channel, exchange, key="k"):
    channel.confirm_delivery()
    channel.basic_publish(exchange, key, b"")


METHODS = {
    "queue.declare": (lambda c: c.queue_declare("x"), "configure access to queue 'x'"),
    "queue.declare with dead letters": (lambda c: c.queue_declare("c2", arguments={"x-dead-letter-exchange": "w"}), "read access to queue 'c2'"),
    "queue.declare by the server": (lambda c: c.queue_declare(""), "configure access to queue 'amq.gen-"),
    "queue.purge": (lambda c: c.queue_purge("w1"), "read access to queue 'w1'"),
    "queue.delete": (lambda c: c.queue_delete("r1"), "configure access to queue 'r1'"),
    "queue.bind to": (lambda c: c.queue_bind("r1", "r2", "k"), "write access to queue 'r1'"),
    "queue.bind from": (lambda c: c.queue_bind("w1", "w2", "k"), "read access to exchange 'w2'"),
    "queue.unbind": (lambda c: c.queue_unbind("r1", "r2", "k"), "write access to queue 'r1'"),
    "exchange.declare": (lambda c: c.exchange_declare("x"), "configure access to exchange 'x'"),
    "exchange.declare with an alternate": (lambda c: c.exchange_declare("c4", arguments={"alternate-exchange": "q"}), "read access to exchange 'c4'"),
    "exchange.delete": (lambda c: c.exchange_delete("r2"), "configure access to exchange 'r2'"),
    "exchange.bind": (lambda c: c.exchange_bind("r3", "r2", "k"), "write access to exchange 'r3'"),
    "basic.publish": (lambda c: publish(c, "r2"), "write access to exchange 'r2'"),
    "basic.publish to the default exchange": (lambda c: publish(c, ""), "write access to exchange 'amq.default'"),
    "basic.get": (lambda c: c.basic_get("w1"), "read access to queue 'w1'"),
    "basic.consume": (lambda c: c.basic_consume("w1", lambda *_: None), "read access to queue 'w1'"),
}


@pytest.fixture
def restricted(api, server, vhost, user):
    own = connect(server, vhost)
    channel = own.channel()
    for queue in ("r1", "w1"):
        channel.queue_declare(queue)
    for exchange in ("r2", "w2", "r3"):
        channel.exchange_declare(exchange)
    channel.exchange_declare("wt", "topic")
    permit(api, vhost, user, "^c", "^w", "^r")
    connection = connect(server, vhost, user, "secret")
    yield connection
    connection.close()
    own.close()


@pytest.mark.parametrize("method", METHODS)
def test_what_a_user_may_not_is_refused(restricted, vhost, user, method):
    call, words = METHODS[method]
    code, text = closed_by(call, restricted.channel())
    assert code == 403
    # Until 3.12 RabbitMQ does not say which access.
    assert text.startswith("ACCESS_REFUSED - " + words) or text.startswith("ACCESS_REFUSED - " + words.split(" ", 1)[1])
    assert text.endswith(f"' in vhost '{vhost}' refused for user '{user}'")


def test_what_a_user_may_is_done(restricted):
    channel = restricted.channel()
    channel.queue_declare("c9")
    channel.queue_declare("r1", passive=True)
    channel.queue_bind("w1", "r2", "k")
    publish(channel, "w2")
    channel.basic_get("r1")
    channel.exchange_declare("w2", passive=True)
    channel.queue_delete("c9")


def test_permissions_change_under_an_open_connection(api, server, restricted, vhost, user):
    publish(restricted.channel(), "w2")
    permit(api, vhost, user, "", "", "")
    code, text = closed_by(publish, restricted.channel(), "w2")
    assert code == 403 and "access to exchange 'w2'" in text


def test_routing_keys_of_topic_exchanges_have_permissions_of_their_own(api, restricted, vhost, user):
    body = {"exchange": "wt", "write": "^ok\\.{username}", "read": "^no"}
    assert api.put(f"topic-permissions/{vhost}/{user}", body) == 201
    assert api.get(f"topic-permissions/{vhost}/{user}") == [{"user": user, "vhost": vhost, **body}]
    publish(restricted.channel(), "wt", f"ok.{user}")
    code, text = closed_by(publish, restricted.channel(), "wt", "ok.other")
    assert code == 403 and f"access to topic 'ok.other' in exchange 'wt' in vhost '{vhost}' refused for user '{user}'" in text
    api.delete(f"topic-permissions/{vhost}/{user}")
    publish(restricted.channel(), "wt", "ok.other")


@pytest.mark.parametrize("body, reason", [
    ({"configure": ".*", "write": ".*"}, "[{key_missing,read}]"),
    ({"configure": "(", "write": ".*", "read": ""}, "invalid_regexp"),
])
def test_permissions_that_are_none_are_refused(api, vhost, user, body, reason):
    status, answer = api.ask("PUT", f"permissions/{vhost}/{user}", body)
    assert status == 400 and reason in str(answer["reason"])


def test_permissions_are_of_users_and_virtual_hosts_that_are_there(api, vhost, user):
    body = {"configure": "", "write": "", "read": ""}
    for place in (f"nowhere/{user}", f"{vhost}/nobody"):
        assert api.ask("PUT", f"permissions/{place}", body) == (400, {"error": "bad_request", "reason": "vhost_or_user_not_found"})


def test_tags_say_who_may_ask_what(api, server, vhost, user):
    def sees(tags):
        api.put(f"users/{user}", {"password": "secret", "tags": tags})
        theirs = Api(server, user, "secret")
        return {path: theirs.ask("GET", path)[0] for path in ("whoami", "nodes", "users", f"queues/{vhost}")}

    assert sees("") == {"whoami": 401, "nodes": 401, "users": 401, f"queues/{vhost}": 401}
    assert sees("management") == {"whoami": 200, "nodes": 401, "users": 401, f"queues/{vhost}": 401}
    permit(api, vhost, user)
    assert sees("management") == {"whoami": 200, "nodes": 401, "users": 401, f"queues/{vhost}": 200}
    assert sees("monitoring") == {"whoami": 200, "nodes": 200, "users": 401, f"queues/{vhost}": 200}
    assert sees("policymaker") == {"whoami": 200, "nodes": 401, "users": 401, f"queues/{vhost}": 200}
    theirs = Api(server, user, "secret")
    assert theirs.ask("PUT", f"policies/{vhost}/p", {"pattern": "a", "definition": {"max-length": 1}})[0] == 201
    assert theirs.ask("PUT", f"operator-policies/{vhost}/p", {"pattern": "a", "definition": {"max-length": 1}})[0] == 401


def test_a_wrong_password_is_told_how_to_log_in(server):
    api = Api(server, "guest", "wrong")
    status, answer = api.ask("GET", "whoami")
    assert status == 401 and answer["error"] == "not_authorized" and "Basic" in api.headers["WWW-Authenticate"]


def test_a_wrong_password_ends_the_connection_of_a_client_that_understands_no_more(server, user):
    wire = Wire(server)
    wire.send(b"AMQP\x00\x00\x09\x01")
    assert wire.next_method()[1:3] == (10, 10)
    response = f"\0{user}\0wrong".encode()
    began = time.monotonic()
    wire.method(0, 10, 11, struct.pack(">I", 0) + b"\x05PLAIN" + struct.pack(">I", len(response)) + response + b"\x05en_US")
    assert wire.ended() and time.monotonic() - began < 5


def test_an_impersonator_publishes_for_others(api, server, user):
    permit(api, "%2F", user)
    other = pika.BasicProperties(user_id="somebody else")
    for tags, refused in (("management", True), ("impersonator", False)):
        api.put(f"users/{user}", {"password": "secret", "tags": tags})
        connection = connect(server, "/", user, "secret")
        channel = connection.channel()
        channel.basic_publish("amq.fanout", "", b"x", other)
        if refused:
            assert closed_by(channel.queue_declare, "", exclusive=True)[0] == 406
        else:
            channel.queue_declare("", exclusive=True)
        connection.close()


def test_guest_may_until_there_is_another_administrator(own_server):
    api = Api(own_server)
    assert api.get("whoami") == {"name": "guest", "tags": ["administrator"]}
    answer = api.ask("PUT", "topic-permissions/%2F/guest", {"exchange": "amq.topic", "write": ".*", "read": ".*"})
    assert answer[0] == 400 and "PUT users/guest" in answer[1]["reason"]
    api.post("definitions", api.get("definitions"))
    assert api.get("whoami")["name"] == "guest", "what is not stored is not imported either"
    api.put("users/worker", {"password": "w", "tags": ""})
    api.put("permissions/%2F/worker", {"configure": ".*", "write": ".*", "read": ".*"})
    api.put("users/admin", {"password": "a", "tags": "administrator"})
    assert api.ask("GET", "whoami")[0] == 401
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        connect(own_server)
    connect(own_server, "/", "worker", "w").close()
    admin = Api(own_server, "admin", "a")
    assert {one["name"] for one in admin.get("users")} == {"worker", "admin"}
    assert admin.get("queues/%2F") == [], "an administrator may look"
    assert admin.ask("PUT", "queues/%2F/q", {})[0] == 401, "and has no permissions by itself"


def test_all_of_it_survives_a_crash(own_server):
    api = Api(own_server)
    api.put("vhosts/kept")
    api.put("users/worker", {"password": "w", "tags": ""})
    api.put("permissions/kept/worker", {"configure": ".*", "write": ".*", "read": "^k"})
    api.put("queues/kept/k", {"durable": True})
    api.put("policies/kept/p", {"pattern": "k", "definition": {"max-length": 7}})
    own_server.kill()
    own_server.start()
    api = Api(own_server)
    assert api.get("queues/kept/k")["policy"] == "p"
    connection = connect(own_server, "kept", "worker", "w")
    assert closed_by(connection.channel().queue_purge, "other")[0] == 403
    connection.channel().queue_purge("k")
    connection.close()
