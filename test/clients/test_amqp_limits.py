"""Limits of virtual hosts and users, set through the management API and felt by pika."""
import pytest

from amqp_client import closed_by, connection_closed_by, until
from management_client import connect


@pytest.fixture
def user(api, vhost, name):
    user = name + "-user"
    api.put(f"users/{user}", {"password": "secret", "tags": ""})
    api.put(f"permissions/{vhost}/{user}", {"configure": ".*", "write": ".*", "read": ".*"})
    yield user
    api.ask("DELETE", f"users/{user}")


def limit(api, path, value):
    assert api.put(path, {"value": value}) == 204


def test_a_virtual_host_takes_so_many_connections(api, server, vhost, user):
    limit(api, f"vhost-limits/{vhost}/max-connections", 1)
    first = connect(server, vhost, user, "secret")
    assert connection_closed_by(connect, server, vhost, user, "secret") == (
        530, f"NOT_ALLOWED - access to vhost '{vhost}' refused for user '{user}': connection limit (1) is reached")
    first.close()
    until(lambda: api.get(f"vhosts/{vhost}/connections") == [])
    connect(server, vhost, user, "secret").close()
    limit(api, f"vhost-limits/{vhost}/max-connections", -1)
    for one in [connect(server, vhost, user, "secret") for _ in range(3)]:
        one.close()


def test_a_virtual_host_takes_so_many_queues(api, server, vhost, user):
    limit(api, f"vhost-limits/{vhost}/max-queues", 2)
    assert api.get(f"vhost-limits/{vhost}") == [{"vhost": vhost, "value": {"max-queues": 2}}]
    connection = connect(server, vhost, user, "secret")
    channel = connection.channel()
    for queue in ("a", "b", "a"):
        channel.queue_declare(queue, durable=True)
    assert closed_by(channel.queue_declare, "c", durable=True) == (
        406, f"PRECONDITION_FAILED - cannot declare queue 'c': queue limit in vhost '{vhost}' (2) is reached")
    channel = connection.channel()
    channel.queue_delete("b")
    channel.queue_declare("c", durable=True)
    api.delete(f"vhost-limits/{vhost}/max-queues")
    channel.queue_declare("d", durable=True)
    connection.close()


def test_a_user_has_so_many_connections_and_channels(api, server, vhost, user):
    limit(api, f"user-limits/{user}/max-connections", 2)
    limit(api, f"user-limits/{user}/max-channels", 3)
    assert api.get(f"users/{user}")["limits"] == {"max-connections": 2, "max-channels": 3}
    first, second = (connect(server, vhost, user, "secret") for _ in range(2))
    assert connection_closed_by(connect, server, vhost, user, "secret") == (
        530, f"NOT_ALLOWED - Connection refused for user '{user}': user connection limit (2) is reached")
    for connection in (first, first, second):
        connection.channel()
    assert connection_closed_by(second.channel) == (
        530, f"NOT_ALLOWED - number of channels opened for user '{user}' has reached the maximum allowed user limit of (3)")
    api.delete(f"user-limits/{user}/all")
    assert api.get(f"user-limits/{user}") == []
    for connection in [first, connect(server, vhost, user, "secret"), connect(server, vhost, user, "secret")]:
        connection.channel()
        connection.close()


def test_what_is_no_limit_is_refused(api, vhost, user):
    assert api.ask("PUT", f"vhost-limits/{vhost}/max-queues", {"value": "x"})[0] == 400
    assert api.ask("PUT", f"vhost-limits/{vhost}/nosuch", {"value": 1})[0] == 400
    assert api.ask("PUT", f"user-limits/{user}/max-queues", {"value": 1})[0] == 400
    assert api.get(f"vhost-limits/{vhost}") == [] and api.get(f"user-limits/{user}") == []


def test_a_virtual_host_keeps_its_default_queue_type(api, name):
    assert api.put(f"vhosts/{name}", {"default_queue_type": "quorum"}) == 201
    shown = api.get(f"vhosts/{name}")
    assert shown["default_queue_type"] == shown["metadata"]["default_queue_type"] == "quorum"
    api.delete(f"vhosts/{name}")
