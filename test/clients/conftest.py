"""Fixtures of the client tests: a server for the whole run, and queues that nobody else uses."""
import itertools
import os
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "support")]
from server import Server  # noqa: E402

# Nothing of the machine's own AWS settings may reach a client under test.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1",
                  AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true",
                  NO_PROXY="127.0.0.1", AWS_PAGER="")
for _name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"):
    os.environ.pop(_name, None)

_numbers = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--program", default="build/release/rowmq", help="the rowmq to test")
    parser.addoption("--amqp-port", type=int, help="a broker that runs already, on 127.0.0.1: the tests of AMQP are asked of it")
    parser.addoption("--management-port", type=int, help="of its management API, for the tests of that")


def pytest_report_header(config):
    try:
        import boto3
        import botocore
        return f"boto3 {boto3.__version__} ({boto3.__file__}), botocore {botocore.__version__}"
    except ImportError:
        return "no boto3"


@pytest.fixture(scope="session")
def program(request):
    return str(pathlib.Path(request.config.getoption("--program")).resolve())


class Elsewhere:
    """Another broker, whoever started it: do the tests of AMQP say of RabbitMQ what it does?"""

    def __init__(self, port, management_port=None):
        self.amqp_port = port
        self.management_port = management_port


@pytest.fixture(scope="session")
def server(program, request, tmp_path_factory):
    if port := request.config.getoption("--amqp-port"):
        yield Elsewhere(port, request.config.getoption("--management-port"))
        return
    running = Server(program, tmp_path_factory.mktemp("server")).start()
    yield running
    assert running.stop() == 0, "SIGTERM ends the program with code 0:\n" + running.log()


@pytest.fixture
def own_server(program, tmp_path):
    """A server this test may stop, kill and start again."""
    running = Server(program, tmp_path).start()
    yield running
    running.kill()


def connect(server):
    import boto3
    from botocore.config import Config
    return boto3.client("sqs", endpoint_url=server.url, region_name="us-east-1",
                        config=Config(retries={"max_attempts": 0}, read_timeout=40, max_pool_connections=20))


@pytest.fixture
def sqs(server):
    return connect(server)


@pytest.fixture
def name():
    """A queue name nobody used before."""
    return f"q-{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def api(server):
    """RabbitMQ's management API, as guest."""
    import management_client
    return management_client.Api(server)


@pytest.fixture
def vhost(api, name):
    """A virtual host nobody used before."""
    api.put(f"vhosts/{name}")
    yield name
    api.ask("DELETE", f"vhosts/{name}")


@pytest.fixture
def queue(sqs, name):
    """The URL of a fresh standard queue."""
    return sqs.create_queue(QueueName=name)["QueueUrl"]


@pytest.fixture
def fifo(sqs, name):
    """The URL of a fresh FIFO queue."""
    return sqs.create_queue(QueueName=name + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


@pytest.fixture
def connection(server):
    """A connection of pika's."""
    import amqp_client
    opened = amqp_client.connect(server)
    yield opened
    if opened.is_open:
        opened.close()


@pytest.fixture
def channel(connection):
    return connection.channel()


@pytest.fixture
def confirming(connection):
    """A channel whose publishes return when they are stored."""
    opened = connection.channel()
    opened.confirm_delivery()
    return opened


@pytest.fixture
def error_of():
    """Calls and returns the error code a client library reports; no error is a failure."""
    from botocore.exceptions import ClientError

    def code(call, **arguments):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        response = caught.value.response
        return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]

    return code
