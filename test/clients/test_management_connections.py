"""RabbitMQ's management API: who is connected, what there is in all, and whether it is well."""
import pytest

from amqp_client import connection_closed_by
from management_client import connect, named, quote


@pytest.fixture
def connection(server):
    opened = connect(server, client_properties={"connection_name": "shown"})
    yield opened
    if opened.is_open:
        opened.close()


def shown(api):
    return api.eventually("connections", lambda all: len([c for c in all if c.get("user_provided_name") == "shown" and c.get("state") == "running"]) == 1)


def test_a_connection_its_channels_and_consumers_are_shown(api, server, connection, name):
    channel = connection.channel()
    channel.queue_declare(name, exclusive=True)
    channel.basic_qos(prefetch_count=5)
    tag = channel.basic_consume(name, lambda *_: None, exclusive=True, arguments={"x-priority": 3})
    channel.basic_publish("", name, b"x")
    connection.process_data_events(0.2)
    one = named(shown(api), user_provided_name="shown")
    assert one["user"] == "guest" and one["vhost"] == "/" and one["protocol"] == "AMQP 0-9-1" and one["port"] == server.amqp_port
    assert one["peer_host"] == "127.0.0.1" and one["ssl"] is False and one["auth_mechanism"] == "PLAIN" and one["frame_max"] == 131072
    assert one["name"] == f"127.0.0.1:{one['peer_port']} -> 127.0.0.1:{server.amqp_port}"
    assert one["client_properties"]["product"] == "Pika Python Client Library"
    path = "connections/" + quote(one["name"])
    api.eventually(path, lambda c: c.get("recv_oct", 0) > 100)
    assert api.get(path)["name"] == one["name"]
    theirs = named(api.eventually(path + "/channels", lambda all: all and all[0].get("messages_unacknowledged") == 1), number=1)
    assert theirs["name"] == one["name"] + " (1)" and theirs["consumer_count"] == 1 and theirs["prefetch_count"] == 5
    assert theirs["confirm"] is False and theirs["transactional"] is False and theirs["connection_details"]["name"] == one["name"]
    assert api.get("channels/" + quote(theirs["name"]))["number"] == 1
    consumer = named(api.eventually("consumers/%2F", lambda all: [c for c in all if c["consumer_tag"] == tag]), consumer_tag=tag)
    assert consumer["queue"] == {"name": name, "vhost": "/"} and consumer["ack_required"] and consumer["exclusive"] and consumer["active"]
    assert consumer["arguments"] == {"x-priority": 3} and consumer["prefetch_count"] == 5
    assert consumer["channel_details"]["connection_name"] == one["name"]
    queue = api.eventually(f"queues/%2F/{name}", lambda q: q.get("consumers") == 1 and q["consumer_details"])
    assert queue["exclusive"] is True and queue["consumer_details"][0]["consumer_tag"] == tag


def test_a_connection_is_closed_by_the_api(api, connection):
    name = named(shown(api), user_provided_name="shown")["name"]
    assert api.ask("DELETE", "connections/" + quote(name), headers={"X-Reason": "enough"})[0] == 204
    assert connection_closed_by(lambda: [connection.process_data_events(0.1) for _ in range(100)]) == (320, "CONNECTION_FORCED - enough")
    assert api.ask("GET", "connections/nobody")[0] == 404
    assert api.ask("DELETE", "connections/nobody")[0] == 404


def test_the_overview_has_what_tools_look_for(api, server, connection):
    connection.channel()
    overview = api.eventually("overview", lambda o: o["object_totals"]["channels"] >= 1)
    assert overview["product_name"] == "RabbitMQ" and overview["rabbitmq_version"].split(".")[0] == "3"
    assert overview["rates_mode"] == "basic" and overview["node"].count("@") == 1
    assert {"queues", "exchanges", "connections", "channels", "consumers"} <= set(overview["object_totals"])
    assert {"direct", "fanout", "topic", "headers"} <= {one["name"] for one in overview["exchange_types"]}
    assert named(overview["listeners"], port=server.amqp_port)["protocol"] == "amqp"
    node = api.get("nodes")[0]
    assert node["name"] == overview["node"] and node["running"] is True and node["mem_used"] > 1_000_000 and node["disk_free"] > 0
    assert node["mem_alarm"] is False and node["disk_free_alarm"] is False
    assert api.get(f"nodes/{node['name']}")["type"] == "disc"
    assert api.get("cluster-name")["name"]


@pytest.mark.parametrize("check", ["alarms", "local-alarms", "virtual-hosts", "node-is-quorum-critical", "protocol-listener/amqp091"])
def test_health_checks_are_good(api, check):
    assert api.get("health/checks/" + check)["status"] == "ok"


def test_health_checks_of_ports(api, server):
    assert api.get(f"health/checks/port-listener/{server.amqp_port}") == {"status": "ok", "port": server.amqp_port}
    status, answer = api.ask("GET", "health/checks/port-listener/1")
    assert status == 503 and answer["status"] == "failed" and answer["reason"] == "No active listener" and server.amqp_port in answer["ports"]
    assert api.ask("GET", "health/checks/protocol-listener/stomp")[0] == 503


def test_aliveness_is_tried(api):
    assert api.get("aliveness-test/%2F") == {"status": "ok"}
    assert api.ask("GET", "aliveness-test/nowhere")[0] == 404


def test_global_parameters(api, name):
    assert api.put(f"global-parameters/{name}", {"value": {"a": 1}}) == 201
    assert api.get(f"global-parameters/{name}") == {"name": name, "value": {"a": 1}}
    assert name in [one["name"] for one in api.get("global-parameters")]
    api.delete(f"global-parameters/{name}")
    assert api.ask("GET", f"global-parameters/{name}")[0] == 404
