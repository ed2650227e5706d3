"""RabbitMQ's management API: definitions out of one broker and into another."""
import json

import pytest

from management_client import Api, connect, named
from server import Server

# As RabbitMQ 3.10.8 and 3.13 export them; the passwords are "s3kRe7" (SHA-256) and "other" (SHA-512).
EXPORTED = {
    "rabbit_version": "3.13.7", "rabbitmq_version": "3.13.7", "product_name": "RabbitMQ", "product_version": "3.13.7",
    "users": [
        {"name": "old", "password_hash": "@sha256@", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ["administrator"],
         "limits": {}},
        {"name": "older", "password_hash": "@sha512@", "hashing_algorithm": "rabbit_password_hashing_sha512", "tags": "management"},
    ],
    "vhosts": [{"name": "/"}, {"name": "shop", "description": "of the shop", "tags": ["t"], "metadata": {"description": "of the shop", "tags": ["t"]}}],
    "permissions": [{"user": "old", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
                    {"user": "older", "vhost": "shop", "configure": "", "write": ".*", "read": ".*"}],
    "topic_permissions": [{"user": "older", "vhost": "shop", "exchange": "news", "write": "^a", "read": ".*"}],
    "parameters": [{"value": {"pattern": "^o", "definition": {"max-length": 3}, "priority": 0, "apply-to": "all"}, "vhost": "shop",
                    "component": "operator_policy", "name": "op"}],
    "global_parameters": [{"name": "cluster_name", "value": "moved"}, {"name": "internal_cluster_id", "value": "rabbitmq-cluster-id-x"}],
    "policies": [{"vhost": "shop", "name": "ttl", "pattern": "^orders", "apply-to": "queues", "definition": {"message-ttl": 60000}, "priority": 2}],
    "queues": [{"name": "orders", "vhost": "shop", "durable": True, "auto_delete": False, "arguments": {"x-queue-type": "quorum"}},
               {"name": "small", "vhost": "/", "durable": False, "auto_delete": False, "arguments": {"x-max-priority": 5}}],
    "exchanges": [{"name": "news", "vhost": "shop", "type": "topic", "durable": True, "auto_delete": False, "internal": False, "arguments": {}},
                  {"name": "all", "vhost": "shop", "type": "fanout", "durable": True, "auto_delete": False, "internal": True,
                   "arguments": {"alternate-exchange": "news"}}],
    "bindings": [{"source": "news", "vhost": "shop", "destination": "orders", "destination_type": "queue", "routing_key": "a.#", "arguments": {}},
                 {"source": "news", "vhost": "shop", "destination": "all", "destination_type": "exchange", "routing_key": "#", "arguments": {}}],
}


def exported():
    """With hashes made here, so that no password hash of anybody stands in the tree."""
    import base64
    import hashlib
    import os
    text = json.dumps(EXPORTED)
    for mark, digest, password in (("@sha256@", hashlib.sha256, "s3kRe7"), ("@sha512@", hashlib.sha512, "other")):
        salt = os.urandom(4)
        text = text.replace(mark, base64.b64encode(salt + digest(salt + password.encode()).digest()).decode())
    return json.loads(text)


@pytest.fixture
def moved(own_server):
    """A server that has taken the definitions of a RabbitMQ."""
    Api(own_server).post("definitions", exported())
    return own_server


def test_passwords_work_that_rabbitmq_hashed(moved):
    api = Api(moved, "old", "s3kRe7")
    assert api.get("whoami") == {"name": "old", "tags": ["administrator"]}
    assert Api(moved, "old", "wrong").ask("GET", "whoami")[0] == 401
    assert Api(moved, "older", "other").get("whoami") == {"name": "older", "tags": ["management"]}
    connect(moved, "shop", "older", "other").close()


def test_what_was_imported_is_there(moved):
    api = Api(moved, "old", "s3kRe7")
    api.put("permissions/shop/old", {"configure": ".*", "write": ".*", "read": ".*"})
    assert api.get("vhosts/shop")["description"] == "of the shop"
    orders = api.get("queues/shop/orders")
    assert orders["type"] == "quorum" and orders["durable"] and orders["policy"] == "ttl" and orders["operator_policy"] == "op"
    assert orders["effective_policy_definition"] == {"message-ttl": 60000, "max-length": 3}
    assert api.get("queues/%2F/small")["arguments"] == {"x-max-priority": 5}
    every = api.get("exchanges/shop/all")
    assert every["type"] == "fanout" and every["internal"] is True and every["arguments"] == {"alternate-exchange": "news"}
    assert {one["destination"] for one in api.get("exchanges/shop/news/bindings/source")} == {"orders", "all"}
    assert api.get("topic-permissions/shop/older")[0]["write"] == "^a"
    assert api.get("cluster-name") == {"name": "moved"} and api.get("overview")["cluster_name"] == "moved"


def test_definitions_go_out_and_into_another_server_unchanged(moved, program, tmp_path):
    out = Api(moved, "old", "s3kRe7").get("definitions")
    folder = tmp_path / "other"
    folder.mkdir()
    other = Server(program, folder).start()
    try:
        Api(other).post("definitions", out)
        again = Api(other, "old", "s3kRe7").get("definitions")
    finally:
        other.kill()

    def sorted_lists(definitions):
        out = {}
        for key, value in definitions.items():
            out[key] = sorted(json.dumps(one, sort_keys=True) for one in value) if isinstance(value, list) else value
        out["global_parameters"] = [one for one in out["global_parameters"] if "internal_cluster_id" not in one]
        return out

    assert sorted_lists(again) == sorted_lists(out)
    assert {one["name"] for one in out["queues"]} == {"orders", "small"}
    assert named(out["users"], name="older")["hashing_algorithm"] == "rabbit_password_hashing_sha512"


def test_what_is_there_already_must_be_the_same(moved):
    api = Api(moved, "old", "s3kRe7")
    definitions = exported()
    api.post("definitions", {"queues": definitions["queues"]})
    definitions["queues"][1]["arguments"] = {"x-max-priority": 6}
    status, answer = api.ask("POST", "definitions", {"queues": definitions["queues"]})
    assert status == 400 and "inequivalent arg 'x-max-priority' for queue 'small'" in answer["reason"]


@pytest.mark.parametrize("definitions, reason", [
    ({"users": [{"name": "z"}]}, "tags_not_present"),
    ({"users": [{"name": "z", "tags": [], "password_hash": "AAAA", "hashing_algorithm": "rabbit_password_hashing_sha256"}]},
     "the password hash of user 'z'"),
    ({"queues": [{"vhost": "/"}]}, "an entry of queues has no name"),
    ({"queues": [{"name": "q", "vhost": "nowhere"}]}, "there is no vhost 'nowhere'"),
    ({"bindings": 5}, "bindings is no list"),
    ({"policies": [{"name": "p", "vhost": "/", "pattern": "(", "definition": {"max-length": 1}}]}, "pattern should be regular expression"),
])
def test_definitions_that_are_wrong_are_refused(own_server, definitions, reason):
    status, answer = Api(own_server).ask("POST", "definitions", definitions)
    assert status == 400 and reason in answer["reason"]


def test_definitions_of_one_virtual_host(moved):
    api = Api(moved, "old", "s3kRe7")
    api.put("permissions/shop/old", {"configure": ".*", "write": ".*", "read": ".*"})
    out = api.get("definitions/shop")
    assert "users" not in out and [one["name"] for one in out["queues"]] == ["orders"] and "vhost" not in out["queues"][0]
    api.put("vhosts/copy")
    api.post("definitions/copy", out)
    assert api.get("queues/copy/orders")["policy"] == "ttl"
    assert len(api.get("exchanges/copy/news/bindings/source")) == 2
