"""What the options of the program's verbs do, beside a running server and alone."""
import base64
import http.client
import json
import subprocess

import pytest
from test_command_line import CommandLine


@pytest.fixture(params=["beside the server", "alone"])
def rowmq(request, own_server):
    if request.param == "alone":
        assert own_server.stop() == 0
    return CommandLine(own_server.program, own_server.folder, own_server.store)


def counts(rowmq, queue):
    return json.loads(rowmq("queues", "show", queue, "--json"))["counts"]


def test_send_tells_headers_priorities_and_times_of_messages(rowmq):
    rowmq("queues", "create", "jobs", "--max-priority", "9")
    rowmq("send", "jobs", "low")
    rowmq("send", "--priority", "9", "jobs", "high")
    rowmq("send", "--delay", "1h", "jobs", "late")
    rowmq("send", "--ttl", "1ms", "jobs", "short")
    rowmq("send", "--header", "=x", "jobs", "no name", expect=1)
    rowmq("send", "--priority", "256", "jobs", "x", expect=1)
    assert rowmq("receive", "--max", "10", "jobs").splitlines() == ["high", "low"]
    assert counts(rowmq, "jobs")["delayed"] == 1


def test_send_says_when_a_message_was_refused(rowmq):
    rowmq("queues", "create", "jobs", "--options", '{"max_length": 1, "overflow": "reject"}')
    rowmq("send", "jobs", "one", "two", expect=3)
    assert rowmq("receive", "jobs").strip() == "one"


def test_send_carries_bytes_that_are_no_text(rowmq):
    rowmq("send", "--create", "jobs", "text")
    subprocess.run([rowmq.program, "send", "--store", rowmq.store, "jobs"], cwd=rowmq.folder, input=b"\xff\x00", check=True, capture_output=True)
    messages = [json.loads(line) for line in rowmq("receive", "--max", "2", "--json", "jobs").splitlines()]
    assert messages[0]["body"] == "text" and "body_base64" not in messages[0]
    assert base64.b64decode(messages[1]["body_base64"]) == b"\xff\x00" and "body" not in messages[1]


def test_peek_goes_on_after_a_page_and_shows_what_is_delayed(rowmq):
    rowmq("send", "--create", "jobs", *[f"m{number}" for number in range(3)])
    rowmq("send", "--delay", "1h", "jobs", "late")
    done = subprocess.run([rowmq.program, "peek", "--store", rowmq.store, "--max", "2", "jobs"], cwd=rowmq.folder, capture_output=True,
                          text=True, check=True)
    assert "m0" in done.stdout and "m1" in done.stdout and "m2" not in done.stdout
    rest = rowmq("peek", "--after", done.stderr.split("--after ")[1].strip(), "jobs")
    assert "m2" in rest and "m0" not in rest and "late" not in rest
    assert "late" in rowmq("peek", "--delayed", "jobs") and "m0" not in rowmq("peek", "--delayed", "jobs")
    rowmq("receive", "--max", "10", "jobs")
    rowmq("peek", "jobs", expect=2)


def test_queues_are_deleted_with_what_is_in_them_unless_told_otherwise(rowmq):
    rowmq("send", "--create", "jobs", "x")
    rowmq("queues", "delete", "--if-empty", "jobs", expect=3)
    assert "1 message" in rowmq("queues", "delete", "jobs")
    rowmq("receive", "jobs", expect=2)
    rowmq("queues", "create", "jobs")
    rowmq("queues", "create", "jobs", "--fifo", expect=3)


def test_queues_take_their_options_and_are_all_listed(rowmq):
    rowmq("queues", "create", "dead")
    rowmq("queues", "create", "jobs", "--lease", "5s", "--delay", "1s", "--ttl", "1h", "--backoff", "2s", "--max-receives", "3",
          "--dead-letter", "dead")
    options = json.loads(rowmq("queues", "show", "jobs", "--json"))["options"]
    assert (options["lease_ms"], options["delay_ms"], options["ttl_ms"]) == (5_000, 1_000, 3_600_000)
    assert options["backoff"]["initial_ms"] == 2_000 and options["max_receives"] == 3
    assert "dead" in json.dumps(options["dead_letter"])
    rowmq("queues", "change", "jobs", "--lease", "6s")
    assert json.loads(rowmq("queues", "show", "jobs", "--json"))["options"]["lease_ms"] == 6_000


def test_redrive_moves_where_it_is_told_to(rowmq):
    rowmq("send", "--create", "dead", "a", "b")
    rowmq("queues", "create", "other")
    rowmq("redrive", "dead", "--to", "other")
    assert counts(rowmq, "other")["ready"] == 2 and counts(rowmq, "dead")["ready"] == 0
    rowmq("redrive", "never-made", expect=2)


def test_receive_keeps_what_it_is_told_to_keep(own_server):
    rowmq = CommandLine(own_server.program, own_server.folder, own_server.store)
    rowmq("send", "--create", "jobs", "x")
    assert rowmq("receive", "--keep", "--lease", "1h", "jobs").strip() == "x"
    assert counts(rowmq, "jobs")["leased"] == 1
    rowmq("receive", "jobs", expect=2)


def test_purge_takes_only_what_it_is_told_to(own_server):
    rowmq = CommandLine(own_server.program, own_server.folder, own_server.store)

    def fill():
        rowmq("send", "--create", "jobs", "leased")
        rowmq("receive", "--keep", "--lease", "1h", "jobs")
        rowmq("send", "--delay", "1h", "jobs", "delayed")
        rowmq("send", "jobs", "ready")
    fill()
    assert "1 message" in rowmq("purge", "jobs")
    left = counts(rowmq, "jobs")
    assert (left["ready"], left["leased"], left["delayed"]) == (0, 1, 1)
    rowmq("purge", "--leased", "jobs")
    left = counts(rowmq, "jobs")
    assert (left["leased"], left["delayed"]) == (0, 1)
    rowmq("purge", "--delayed", "jobs")
    assert counts(rowmq, "jobs")["delayed"] == 0


def test_every_queue_is_listed_also_beyond_the_first_page(own_server):
    rowmq = CommandLine(own_server.program, own_server.folder, own_server.store)
    connection = http.client.HTTPConnection(own_server.address("sqs"), timeout=10)
    for number in range(1001):  # the admin API gives a thousand at a time
        connection.request("GET", f"/?Action=CreateQueue&QueueName=q{number}")
        assert connection.getresponse().read()
    connection.close()
    assert len(rowmq("queues", "--json").splitlines()) == 1001
