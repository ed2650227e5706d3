"""RabbitMQ's management API: what tools of others ask of it, and RabbitMQ answers."""
import json
import urllib.request

import pytest

from management_client import Api, connect, named

ALL = {"configure": ".*", "write": ".*", "read": ".*"}


@pytest.fixture
def user(api, name):
    """Makes users; their password is their name."""
    made = []

    def make(tags, vhost=None):
        made.append(f"{name}-{len(made)}")
        api.put(f"users/{made[-1]}", {"password": made[-1], "tags": tags})
        if vhost:
            api.put(f"permissions/{vhost}/{made[-1]}", ALL)
        return made[-1]

    yield make
    for one in made:
        api.delete(f"users/{one}")


@pytest.fixture
def guest_stays(api, server, vhost):
    """A stored one: the guest everybody has at first goes when there is another administrator."""
    api.put("users/guest", {"password": "guest", "tags": "administrator"})
    for place in ("%2F", vhost):
        api.put(f"permissions/{place}/guest", ALL)
    yield
    if hasattr(server, "program"):
        api.delete("users/guest")


def of(server, user):
    return Api(server, user, user)


def test_an_administrator_needs_no_permissions_to_look_and_to_make_policies(api, server, vhost, guest_stays, user):
    api.put(f"queues/{vhost}/q", {"durable": True})
    boss = of(server, user("administrator"))
    assert boss.get(f"queues/{vhost}/q?columns=name") == {"name": "q"}
    for what in ("queues", "exchanges", "bindings", "consumers", "policies", "definitions", "vhost-limits"):
        boss.get(f"{what}/{vhost}")
    boss.get(f"vhosts/{vhost}/connections")
    assert "q" in [one["name"] for one in boss.get("queues")]
    boss.put(f"policies/{vhost}/p", {"pattern": "^q", "definition": {"max-length": 5}})
    boss.delete(f"policies/{vhost}/p")
    boss.put(f"operator-policies/{vhost}/p", {"pattern": "^q", "definition": {"max-length": 5}})
    boss.delete(f"operator-policies/{vhost}/p")
    look = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
    assert boss.ask("PUT", f"queues/{vhost}/other", {})[0] == 401, "what AMQP would ask permissions for needs them"
    assert boss.ask("POST", f"queues/{vhost}/q/get", look)[0] == 401
    assert boss.ask("DELETE", f"queues/{vhost}/q/contents")[0] == 401


def test_definitions_are_for_administrators_also_those_of_one_virtual_host(server, vhost, user):
    maker = of(server, user("policymaker", vhost))
    assert maker.ask("GET", f"definitions/{vhost}")[0] == 401
    limit = {"component": "operator_policy", "name": "op", "value": {"pattern": ".*", "definition": {"max-length": 1}, "priority": 0}}
    assert maker.ask("POST", f"definitions/{vhost}", {"parameters": [limit]})[0] == 401
    assert maker.ask("PUT", f"operator-policies/{vhost}/op", limit["value"])[0] == 401


def test_a_policymaker_changes_global_parameters(api, server, vhost, user, name):
    maker = of(server, user("policymaker", vhost))
    maker.put(f"global-parameters/{name}", {"value": 1})
    assert api.get(f"global-parameters/{name}")["value"] == 1
    maker.delete(f"global-parameters/{name}")


@pytest.mark.parametrize("path", ["health/checks/alarms", "health/checks/local-alarms", "health/checks/virtual-hosts", "healthchecks/node",
                                  "health/checks/node-is-quorum-critical", "health/checks/protocol-listener/amqp"])
def test_health_is_told_to_everybody_with_the_tag_management(server, vhost, user, path):
    assert of(server, user("management", vhost)).get(path)["status"] == "ok"


def test_health_of_a_node_by_its_name(api):
    node = api.get("nodes")[0]["name"]
    assert api.get(f"healthchecks/node/{node}") == {"status": "ok"}
    assert api.ask("GET", "healthchecks/node/nobody@nowhere")[0] == 404


@pytest.mark.parametrize("query", ["name=Q", "name=^Q[0-9]$&use_regex=true"])
def test_the_case_of_names_that_are_looked_for_does_not_matter(api, vhost, query):
    for queue in ("q1", "Q2", "other"):
        api.put(f"queues/{vhost}/{queue}", {})
    page = api.get(f"queues/{vhost}?page=1&columns=name&{query}")
    assert sorted(one["name"] for one in page["items"]) == ["Q2", "q1"] and page["filtered_count"] == 2


def test_the_page_behind_the_last_full_one_is_empty(api, vhost):
    for number in range(4):
        api.put(f"queues/{vhost}/q{number}", {})
    page = api.get(f"queues/{vhost}?page=3&page_size=2")
    assert page["items"] == [] and page["item_count"] == 0 and page["page_count"] == 2
    assert api.ask("GET", f"queues/{vhost}?page=4&page_size=2")[0] == 400


def test_a_list_of_nothing_has_no_pages(api, vhost):
    page = api.get(f"queues/{vhost}?page=1")
    assert page["page_count"] == 0 and page["items"] == []


def test_columns_are_chosen_in_lists_within(api, server, vhost):
    api.put(f"queues/{vhost}/q", {})
    connection = connect(server, vhost)
    connection.channel().basic_consume("q", lambda *_: None, consumer_tag="tag")
    queue = api.eventually(f"queues/{vhost}/q?columns=name,consumer_details.consumer_tag", lambda q: q.get("consumer_details"))
    assert queue == {"name": "q", "consumer_details": [{"consumer_tag": "tag"}]}
    assert "amqp" in [one.get("protocol") for one in api.get("overview?columns=listeners.protocol")["listeners"]]
    connection.close()


def test_an_exchange_is_durable_only_if_that_is_said(api, vhost):
    api.put(f"exchanges/{vhost}/x", {"type": "topic"})
    assert api.get(f"exchanges/{vhost}/x")["durable"] is False


@pytest.mark.parametrize("source, arguments", [
    ("amq.topic", {"z": 1, "a": "b"}), ("amq.direct", {"z": 1}), ("amq.headers", {"x-match": "all", "n": 5})])
def test_a_binding_is_listed_under_the_name_it_was_given_and_has_its_arguments(api, vhost, source, arguments):
    """Terraform looks for it under that name, and takes it for deleted if it is not there."""
    api.put(f"queues/{vhost}/q", {})
    api.post(f"bindings/{vhost}/e/{source}/q/q", {"routing_key": "k", "arguments": arguments})
    key = urllib.request.unquote(api.headers["Location"].rpartition("/")[2])
    binding = api.get(f"bindings/{vhost}/e/{source}/q/q")[0]
    assert binding["properties_key"] == key and binding["arguments"] == arguments
    exported = named(api.get("definitions")["bindings"], vhost=vhost, source=source)
    assert exported["arguments"] == arguments


@pytest.mark.parametrize("key, written", [("a b", "a+b"), ("a b", "a%20b"), ("a/b c", "a%252Fb%20c"), ("ä.#", "%25C3%25A4.%2523")])
def test_a_binding_is_named_by_its_routing_key_however_that_is_written(api, vhost, key, written):
    api.put(f"queues/{vhost}/q", {})
    api.post(f"bindings/{vhost}/e/amq.topic/q/q", {"routing_key": key})
    assert api.get(f"bindings/{vhost}/e/amq.topic/q/q/{written}")["routing_key"] == key
    api.delete(f"bindings/{vhost}/e/amq.topic/q/q/{written}")


def test_bindings_of_one_key_are_told_apart_by_their_arguments(api, server, vhost):
    connection = connect(server, vhost)
    channel = connection.channel()
    channel.queue_declare("q")
    for arguments in ({}, {"n": 1}, {"n": 2}):
        channel.queue_bind("q", "amq.topic", "k", arguments)
    for arguments in ({"n": 1}, {"n": 3}):
        channel.queue_unbind("q", "amq.topic", "k", arguments)
    bindings = api.get(f"bindings/{vhost}/e/amq.topic/q/q")
    assert sorted(one["arguments"].get("n", 0) for one in bindings) == [0, 2]
    api.delete(f"bindings/{vhost}/e/amq.topic/q/q/{named(bindings, arguments={})['properties_key']}")
    channel.basic_publish("amq.topic", "k", b"x")
    assert channel.queue_purge("q").method.message_count == 1
    connection.close()


def test_arguments_of_an_exchange_that_nobody_knows_are_kept(api, vhost):
    api.put(f"exchanges/{vhost}/x", {"type": "topic", "arguments": {"upstreams": ["a", "b"], "n": 1}})
    assert api.get(f"exchanges/{vhost}/x")["arguments"] == {"upstreams": ["a", "b"], "n": 1}


@pytest.mark.parametrize("path", ["queues/{}/q", "exchanges/{}/x"])
@pytest.mark.parametrize("member", ["durable", "auto_delete"])
def test_what_is_neither_true_nor_false_is_refused(api, vhost, path, member):
    assert api.ask("PUT", path.format(vhost), {"type": "direct", member: "troo"})[0] == 400


def test_a_queue_that_is_exclusive_to_a_connection_is_not_purged(api, server, vhost):
    connection = connect(server, vhost)
    connection.channel().queue_declare("mine", exclusive=True)
    assert api.ask("DELETE", f"queues/{vhost}/mine/contents")[0] == 400
    connection.close()


def test_consumers_of_others_are_shown_to_monitors_only(api, server, vhost, user):
    somebody = user("management", vhost)
    api.put(f"queues/{vhost}/q", {})
    mine, other = connect(server, vhost, somebody, somebody), connect(server, vhost)
    mine.channel().basic_consume("q", lambda *_: None, consumer_tag="mine")
    other.channel().basic_consume("q", lambda *_: None, consumer_tag="other")
    assert len(api.eventually(f"consumers/{vhost}", lambda all: len(all) == 2)) == 2
    for path in ("consumers", f"consumers/{vhost}"):
        assert [one["consumer_tag"] for one in of(server, somebody).get(path)] == ["mine"]
    mine.close()
    other.close()


def test_the_single_active_consumer_is_told_from_those_that_wait(api, server, vhost):
    api.put(f"queues/{vhost}/q", {"durable": True, "arguments": {"x-single-active-consumer": True}})
    connection = connect(server, vhost)
    channel = connection.channel()
    for tag in ("first", "second"):
        channel.basic_consume("q", lambda *_: None, consumer_tag=tag)
    consumers = api.eventually(f"consumers/{vhost}", lambda all: len(all) == 2)
    assert named(consumers, consumer_tag="first")["activity_status"] == "single_active"
    assert named(consumers, consumer_tag="second")["activity_status"] == "waiting"
    connection.close()


def test_permissions_for_one_exchange_are_taken_away_alone(api, vhost, user):
    somebody = user("")
    for exchange in ("amq.topic", "other"):
        api.ask("PUT", f"topic-permissions/{vhost}/{somebody}", {"exchange": exchange, "write": "w", "read": "r"})
    api.delete(f"topic-permissions/{vhost}/{somebody}/amq.topic")
    assert [one["exchange"] for one in api.get(f"topic-permissions/{vhost}/{somebody}")] == ["other"]


def test_a_user_is_made_with_permissions_and_limits(api, vhost, user):
    somebody = user("")
    api.delete(f"users/{somebody}")
    api.put(f"users/{somebody}", {"password": "x", "tags": "", "permissions": {vhost: ALL}, "limits": {"max-connections": 5}})
    assert named(api.get(f"users/{somebody}/permissions"), vhost=vhost)["write"] == ".*"
    assert api.get(f"users/{somebody}")["limits"] == {"max-connections": 5}


@pytest.mark.parametrize("body", [{"password": "x", "password_hash": "", "tags": ""}, {"password": 5, "tags": ""}])
def test_a_user_whose_password_is_unclear_is_refused(api, user, body):
    somebody = user("")
    assert api.ask("PUT", f"users/{somebody}", body)[0] in (400, 500)  # RabbitMQ: 500 for a number


def test_definitions_are_taken_from_a_form_with_a_file(api, vhost):
    """As the pages for people send them, and `curl --form file=@definitions.json`."""
    queue = {"name": "form", "vhost": vhost, "durable": True, "auto_delete": False, "arguments": {}}
    body = ("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d.json\"\r\nContent-Type: application/json\r\n\r\n"
            + json.dumps({"queues": [queue]}) + "\r\n--edge--\r\n")
    request = urllib.request.Request(api.base + "definitions", method="POST", data=body.encode())
    request.add_header("Authorization", api.authorization)
    request.add_header("Content-Type", "multipart/form-data; boundary=edge")
    with urllib.request.urlopen(request, timeout=15) as answer:
        assert answer.status == 204
    assert api.get(f"queues/{vhost}/form")["durable"] is True


def test_definitions_that_are_a_list_are_refused(api):
    assert api.ask("POST", "definitions", [])[0] == 400


def test_definitions_with_queues_the_server_had_named_are_taken_without_those(api, vhost):
    queues = [{"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": {}} for name in ("amq.gen-x", "q")]
    api.post("definitions", {"queues": queues})
    assert [one["name"] for one in api.get(f"queues/{vhost}?columns=name")] == ["q"]


def test_passwords_of_a_release_before_3_6_are_those_of_md5(api, user):
    somebody = user("")
    old = {"name": somebody, "password_hash": "WAbU0ZIcvjTpxM3Q3SbJhEAM2tQ=", "tags": ""}
    api.post("definitions", {"rabbit_version": "3.5.4", "users": [old]})
    assert api.get(f"users/{somebody}")["hashing_algorithm"] == "rabbit_password_hashing_md5"


def test_an_administrator_as_old_tools_name_one(api, user):
    """The text "true", as well as true; without the tag, which would end the guest everybody has at first."""
    somebody = user("")
    api.put(f"users/{somebody}", {"password": "x", "administrator": "false"})
    assert api.get(f"users/{somebody}")["tags"] == []


def test_headers_that_are_an_empty_list_are_none(api, vhost):
    """PHP writes an empty table so."""
    api.put(f"queues/{vhost}/q", {})
    answer = api.post(f"exchanges/{vhost}/amq.default/publish",
                      {"properties": {"headers": []}, "routing_key": "q", "payload": "x", "payload_encoding": "string"})
    assert answer == {"routed": True}


def test_parameters_of_a_virtual_host_that_is_not_there_are_not_found(api):
    assert api.ask("GET", "parameters/shovel/nowhere")[0] == 404


def test_limits_of_a_virtual_host_are_a_parameter_too(api, vhost):
    api.put(f"parameters/vhost-limits/{vhost}/limits", {"value": {"max-queues": 7}})
    assert api.get(f"vhost-limits/{vhost}") == [{"vhost": vhost, "value": {"max-queues": 7}}]


def test_definitions_under_their_old_name(api, vhost):
    assert vhost in [one["name"] for one in api.get("all-configuration")["vhosts"]]


def test_what_checks_compute_percentages_of_is_there(api):
    node = api.eventually("nodes", lambda nodes: "fd_total" in nodes[0])[0]
    assert {"fd_used", "fd_total", "sockets_used", "sockets_total", "proc_used", "proc_total", "mem_used", "mem_limit", "disk_free",
            "disk_free_limit", "run_queue"} - set(node) == set()


# What RabbitMQ 3.13 has and 3.10 has not is asked of a server of our own.

def test_every_setting_of_a_policy_that_rabbitmq_3_13_knows_is_taken(own_server):
    own = Api(own_server)
    known = {"consumer-timeout": 60000, "stream-filter-size-bytes": 64, "initial-cluster-size": 3, "target-group-size": 3}
    for key, value in known.items():
        assert own.put(f"policies/%2F/{key}", {"pattern": "^q", "definition": {key: value}}) == 201
    for definition in ({"overflow": "reject-publish"}, {"queue-version": 2}, {"ha-mode": "all", "ha-sync-mode": "automatic"},
                       {"ha-mode": "exactly", "ha-params": 2}, {"target-group-size": 3}):
        assert own.ask("PUT", "operator-policies/%2F/p", {"pattern": "^q", "definition": definition})[0] in (201, 204), definition


def test_deprecated_features_are_listed(own_server):
    for path in ("deprecated-features", "deprecated-features/used"):
        assert isinstance(Api(own_server).get(path), list)
