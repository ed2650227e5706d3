"""RabbitMQ's management API: what operators ask of a node, and counters that outlive queues."""
import urllib.request

from management_client import SECONDS, Api, connect
from server import Server
from test_tls import flags, make_certificate


def node(api):
    return api.get("overview?columns=node")["node"]


def test_the_sums_of_a_virtual_host_do_not_fall_when_a_queue_goes(api, server, vhost):
    channel = connect(server, vhost).channel()
    channel.queue_declare("q")
    for _ in range(3):
        channel.basic_publish("", "q", b"x")
        assert channel.basic_get("q", auto_ack=True)[2] == b"x"
    api.eventually(f"vhosts/{vhost}", lambda it: it.get("message_stats", {}).get("publish") == 3)
    channel.queue_delete("q")
    assert api.get(f"vhosts/{vhost}")["message_stats"]["publish"] == 3  # a look: what comes between two of them may be taken for what went
    channel.queue_declare("other")
    channel.basic_publish("", "other", b"x")
    stats = api.eventually(f"vhosts/{vhost}", lambda it: it["message_stats"]["publish"] == 4)["message_stats"]
    assert stats["publish_details"]["rate"] >= 0


def test_there_is_nothing_to_rebalance_and_what_is_remembered_can_be_forgotten(api):
    assert api.ask("POST", "rebalance/queues")[0] == 204
    assert api.ask("DELETE", "reset")[0] == 204
    assert api.ask("DELETE", f"reset/{node(api)}")[0] == 204


def test_a_feature_flag_that_is_enabled_stays_so(api):
    for flag in ("quorum_queue", "user_limits"):
        assert api.ask("PUT", f"feature-flags/{flag}/enable", {})[0] == 204
    assert api.ask("PUT", "feature-flags/of_nobody/enable", {})[0] == 400
    for flag in api.get("feature-flags"):
        assert flag["state"] == "enabled" or flag["stability"] == "experimental", "a tool that enables all would fail"
        assert {"name", "desc", "doc_url", "provided_by"} <= set(flag)


def test_a_node_says_how_much_memory_it_has(api):
    memory = api.get(f"nodes/{node(api)}/memory")["memory"]
    assert memory["total"]["rss"] > 1_000_000 and memory["queue_procs"] >= 0
    assert api.ask("GET", "nodes/another@host/memory")[0] == 404


def test_what_needs_a_plugin_elsewhere_is_listed_as_one(api):
    assert {"rabbitmq_management", "rabbitmq_delayed_message_exchange", "rabbitmq_consistent_hash_exchange"} <= set(
        api.get("nodes")[0]["enabled_plugins"])


def test_logins_are_counted(api, server):
    def http():
        found = [one for one in api.get(f"auth/attempts/{node(api)}") if one["protocol"] == "http"]
        return (found[0]["auth_attempts"], found[0]["auth_attempts_failed"]) if found else (0, 0)

    tried, failed = http()
    assert Api(server, "guest", "wrong").ask("GET", "whoami")[0] == 401
    now_tried, now_failed = http()
    assert now_failed == failed + 1 and now_tried > tried + 1
    assert api.get(f"auth/attempts/{node(api)}/source") == []
    assert api.ask("DELETE", f"auth/attempts/{node(api)}")[0] == 204
    assert http()[1] == 0


def test_a_hash_that_was_made_here_is_a_password(api, server, name, vhost):
    hashed = api.get("auth/hash_password/sesame%20open")["ok"]
    api.put("users/guest", {"password": "guest", "tags": "administrator"})  # the guest everybody has at first would go
    api.put(f"users/{name}", {"password_hash": hashed, "tags": "management"})
    assert Api(server, name, "sesame open").get("whoami")["name"] == name
    assert Api(server, name, "sesame").ask("GET", "whoami")[0] == 401
    api.delete(f"users/{name}")
    if hasattr(server, "program"):
        api.delete("users/guest")


def test_actions_of_mirrored_queues_are_taken(api, vhost):
    api.put(f"queues/{vhost}/q", {"durable": True})
    assert api.ask("POST", f"queues/{vhost}/q/actions", {"action": "sync"})[0] == 204
    assert api.ask("POST", f"queues/{vhost}/q/actions", {"action": "dance"})[0] == 400
    assert api.ask("POST", f"queues/{vhost}/none/actions", {"action": "sync"})[0] == 404


def test_who_asks_for_options_is_told_the_methods(api, server):
    request = urllib.request.Request(f"http://127.0.0.1:{server.management_port}/api/queues/%2F/q", method="OPTIONS")
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        allowed = {method.strip() for method in answer.headers["Allow"].split(",")}
    assert {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"} <= allowed and "POST" not in allowed


def test_a_virtual_host_is_started_that_runs(api, vhost):
    assert api.ask("POST", f"vhosts/{vhost}/start/{node(api)}")[0] == 204
    assert api.ask("POST", f"vhosts/{vhost}-none/start/{node(api)}")[0] == 404


def test_no_certificate_ends_where_there_is_none(api):
    assert api.get("health/checks/certificate-expiration/5/years") == {"status": "ok"}
    assert api.ask("GET", "health/checks/certificate-expiration/5/moons")[0] == 400


def test_a_certificate_that_ends_soon_is_named(program, tmp_path):
    server = Server(program, tmp_path, arguments=["--listen", "amqps=127.0.0.1:0", *flags(*make_certificate(tmp_path))]).start()
    api = Api(server)
    assert api.get("health/checks/certificate-expiration/1/days") == {"status": "ok"}
    status, answer = api.ask("GET", "health/checks/certificate-expiration/5/years")
    assert status == 503 and answer["reason"] == "Certificates expiring"
    assert [one["protocol"] for one in answer["expired"]] == ["amqp/ssl"]
    assert answer["expired"][0]["certfile_expires_on"]
    assert server.stop() == 0
