"""The fixtures of test/clients, and those of messages that cross from one protocol to another."""
import importlib.util
import pathlib

import pytest

_clients = pathlib.Path(__file__).resolve().parent.parent / "clients" / "conftest.py"
_spec = importlib.util.spec_from_file_location("clients_conftest", _clients)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})

from parties import Parties  # noqa: E402


@pytest.fixture
def parties(server):
    """Clients of every protocol, at one server for all tests."""
    with Parties(server) as clients:
        yield clients


@pytest.fixture
def own_parties(own_server):
    """Clients of every protocol, at a server this test may stop, kill and start again."""
    with Parties(own_server) as clients:
        yield clients


@pytest.fixture
def shared(parties, name):
    """A standard queue that AMQP declared, durable."""
    parties.channel.queue_declare(name, durable=True)
    return name
