"""RabbitMQ's own command line for its management API, as Debian has it."""
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

from management_client import SECONDS

TOOL = shutil.which("rabbitmqadmin") or str(pathlib.Path(__file__).parents[2] / ".clients" / "rabbitmqadmin")  # tools/dev puts it there


@pytest.fixture
def admin(server):
    def run(*arguments, ok=True, user="guest", password="guest"):
        done = subprocess.run([sys.executable, TOOL, "-H", "127.0.0.1", "-P", str(server.management_port), "-u", user, "-p", password, *arguments],
                              capture_output=True, text=True, timeout=4 * SECONDS, check=False)
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + ("" if ok else done.stderr)

    return run


def listed(admin, what, *columns, vhost=None):
    place = ["-V", vhost] if vhost else []
    return json.loads(admin("-f", "raw_json", *place, "list", what, *columns))


def test_all_of_a_small_system(admin, name, tmp_path):
    admin("declare", "vhost", f"name={name}")
    admin("declare", "user", f"name={name}", "password=p", "tags=management")
    admin("declare", "permission", f"vhost={name}", f"user={name}", "configure=.*", "write=.*", "read=.*")
    own = ["-V", name]
    admin(*own, "declare", "exchange", "name=x", "type=topic")
    admin(*own, "declare", "queue", "name=q", "durable=true", 'arguments={"x-max-length": 10}')
    admin(*own, "declare", "binding", "source=x", "destination=q", "routing_key=a.#")
    admin(*own, "declare", "policy", "name=p", "pattern=^q", 'definition={"message-ttl": 60000}', "apply-to=queues", "priority=1")
    assert "Message published" in admin(*own, "publish", "exchange=x", "routing_key=a.b", "payload=hello")
    assert "NOT routed" in admin(*own, "publish", "exchange=x", "routing_key=b", "payload=hello")
    assert "hello" in admin(*own, "get", "queue=q", "ackmode=ack_requeue_true")
    assert "hello" in admin(*own, "get", "queue=q", "ackmode=ack_requeue_false")
    assert "No items" in admin(*own, "get", "queue=q")
    assert listed(admin, "queues", "name", vhost=name) == [{"name": "q"}]
    assert [one["destination"] for one in listed(admin, "bindings", vhost=name) if one["source"] == "x"] == ["q"]
    assert name in [one["name"] for one in listed(admin, "vhosts")]
    assert name in [one["user"] for one in listed(admin, "permissions")]
    for what in ("connections", "channels", "consumers", "nodes", "users", "exchanges", "policies", "parameters"):
        listed(admin, what)
    assert "rabbitmq_version" in admin("show", "overview")
    file = tmp_path / "definitions.json"
    admin("export", str(file))
    assert "q" in [one["name"] for one in json.loads(file.read_text())["queues"] if one["vhost"] == name]
    admin(*own, "purge", "queue", "name=q")
    admin(*own, "delete", "binding", "source=x", "destination=q", "destination_type=queue", "properties_key=a.%23")
    admin(*own, "delete", "policy", "name=p")
    admin(*own, "delete", "queue", "name=q")
    admin(*own, "delete", "exchange", "name=x")
    admin("delete", "permission", f"vhost={name}", f"user={name}")
    admin("delete", "user", f"name={name}")
    admin("delete", "vhost", f"name={name}")
    admin("import", str(file))
    assert name in [one["name"] for one in listed(admin, "vhosts")]
    admin("delete", "user", f"name={name}")
    admin("delete", "vhost", f"name={name}")


def test_what_is_refused_is_said(admin, name):
    assert "Not found" in admin("delete", "queue", f"name={name}", ok=False)
    assert "Access refused" in admin("list", "queues", ok=False, password="wrong")
