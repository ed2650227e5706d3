"""AMQP by librabbitmq, through Debian's amqp-tools."""
import subprocess

import pytest

from amqp_client import SECONDS


@pytest.fixture
def tool(server):
    def run(name, *arguments, standard_input=None):
        command = [f"amqp-{name}", f"--server=127.0.0.1:{server.amqp_port}", *arguments]
        return subprocess.run(command, input=standard_input, capture_output=True, timeout=SECONDS, check=False)

    return run


def test_a_message_is_sent_and_taken(tool, name):
    assert tool("declare-queue", "-q", name, "-d").stdout.decode().strip() == name
    assert tool("publish", "-r", name, "-p", "-C", "text/plain", "-b", "hello").returncode == 0
    assert tool("publish", "-r", name, standard_input=b"x" * 200_000).returncode == 0
    assert tool("get", "-q", name).stdout == b"hello"
    assert tool("get", "-q", name).stdout == b"x" * 200_000
    assert tool("get", "-q", name).returncode == 2
    assert tool("delete-queue", "-q", name).returncode == 0


def test_messages_are_consumed_by_a_command(tool, name):
    tool("declare-queue", "-q", name)
    for word in ("one", "two", "three"):
        tool("publish", "-e", "", "-r", name, "-b", word)
    assert tool("consume", "-q", name, "-c", "3", "cat").stdout == b"onetwothree"
    tool("delete-queue", "-q", name)


def test_errors_are_told(tool, name):
    failed = tool("get", "-q", name)
    assert failed.returncode == 1 and f"NOT_FOUND - no queue '{name}' in vhost '/'" in failed.stderr.decode()
    failed = tool("get", "-q", name, "--password=wrong")
    assert failed.returncode == 1 and "ACCESS_REFUSED" in failed.stderr.decode()
