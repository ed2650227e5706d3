"""Too much memory in use, as publishers of AMQP and SQS, monitoring and a consumer see it."""
import pika
import pytest

from admin_http import ask
from amqp_client import bodies, connect, connection_closed_by, until
from management_client import Api
from server import Server
from sqs_http import Client, Unknown

MIB = 1024 * 1024


@pytest.fixture
def small_server(program, tmp_path):
    (tmp_path / "rowmq.toml").write_text(f"[limits]\nmemory_bytes = {50 * MIB}\n")
    running = Server(program, tmp_path, arguments=["--config", str(tmp_path / "rowmq.toml")]).start()
    yield running
    running.kill()


def watermark(server):
    text = ask(server, "GET", "/metrics")[2]
    return next(line.split()[1] for line in text.splitlines() if line.startswith("rabbitmq_alarms_memory_used_watermark "))


def test_publishers_wait_while_the_program_holds_too_much(small_server):
    connection, hoarding = connect(small_server), connect(small_server)
    told = []
    connection.add_on_connection_blocked_callback(lambda _, frame: told.append(frame.method.reason))
    connection.add_on_connection_unblocked_callback(lambda _, frame: told.append("unblocked"))
    channel = connection.channel()
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"before")
    api, sqs = Api(small_server), Client(small_server.address("sqs"))
    node = lambda: api.get("nodes")[0]  # noqa: E731
    assert node()["mem_alarm"] is False and node()["mem_limit"] == 50 * MIB and node()["mem_used"] > 0
    assert watermark(small_server) == "0"

    hoard = hoarding.channel()
    hoard.tx_select()
    while not node()["mem_alarm"]:  # a transaction is held in memory until its end
        hoard.basic_publish("", "q", b"x" * (MIB // 4))
    channel.basic_publish("", "q", b"after", pika.BasicProperties(delivery_mode=2))
    until(lambda: told, connection)
    assert told == ["low on memory"]
    status, answer = api.ask("GET", "health/checks/alarms")
    assert status == 503 and [alarm["resource"] for alarm in answer["alarms"]] == ["memory"] and "limits.memory_bytes" in answer["reason"]
    assert watermark(small_server) == "1"
    with pytest.raises(Unknown, match="ServiceUnavailable.*limits.memory_bytes"):
        sqs.call("SendMessage", "q", MessageBody="refused")
    other = connect(small_server).channel()
    assert bodies(other, "q", 1) == [b"before"], "consumers go on"

    hoard.tx_rollback()  # heard although the connection publishes
    hoarding.close()
    until(lambda: len(told) == 2, connection)
    assert told == ["low on memory", "unblocked"] and node()["mem_alarm"] is False
    assert bodies(other, "q", 1) == [b"after"]
    sqs.call("SendMessage", "q", MessageBody="taken")


@pytest.fixture
def large_server(program, tmp_path):
    (tmp_path / "rowmq.toml").write_text(f"[limits]\nmemory_bytes = {1024 * MIB}\n")
    running = Server(program, tmp_path, arguments=["--config", str(tmp_path / "rowmq.toml")]).start()
    yield running
    running.kill()


def transaction(server, messages, size=8 * MIB):
    """A channel with a transaction that is not committed."""
    channel = connect(server).channel()
    channel.tx_select()
    for _ in range(messages):
        channel.basic_publish("", "q", b"x" * size)
    channel.queue_declare("q", durable=True)  # answered when all before it is heard
    return channel


def test_open_transactions_are_bounded_together(large_server):
    large = [transaction(large_server, 7) for _ in range(4)]
    code, text = connection_closed_by(transaction, large_server, 4)
    assert code == 506 and text.startswith("RESOURCE_ERROR - open transactions hold ") and str(256 * MIB) in text
    small = transaction(large_server, 1, 1_000)
    small.tx_commit()
    assert small.basic_get("q", auto_ack=True)[2] == b"x" * 1_000, "small ones go on"

    large[0].tx_rollback()
    large[1].close()
    large[2].connection.close()
    large += [transaction(large_server, 7) for _ in range(2)] + [transaction(large_server, 4)]
