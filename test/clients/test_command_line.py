"""The program's own verbs, beside a running server and alone, and the README's curl lines."""
import subprocess

import pytest


class CommandLine:
    def __init__(self, program, folder, store):
        self.program, self.folder, self.store = program, folder, store

    def __call__(self, *arguments, stdin=None, expect=0):
        verb, rest = arguments[0], arguments[1:]
        done = subprocess.run([self.program, verb, "--store", self.store, *rest], cwd=self.folder, input=stdin or "",
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == expect, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(params=["beside the server", "alone"])
def rowmq(request, own_server):
    if request.param == "alone":
        assert own_server.stop() == 0
    return CommandLine(own_server.program, own_server.folder, own_server.store)


def test_send_and_receive(rowmq):
    rowmq("send", "--create", "jobs", "two teapots", "one kettle")
    assert "two teapots" in rowmq("receive", "jobs")
    assert "one kettle" in rowmq("receive", "jobs")
    assert "teapots" not in rowmq("receive", "jobs", expect=2)


def test_queues_are_listed_with_their_counts(rowmq):
    rowmq("send", "--create", "jobs", "a", "b", "c")
    line, = [line for line in rowmq("queues").splitlines() if "jobs" in line]
    assert "3" in line.split()


def test_lines_of_standard_input_are_messages(rowmq):
    rowmq("send", "--create", "--lines", "jobs", stdin="first\nsecond\n")
    assert [rowmq("receive", "jobs").strip() for _ in range(2)] == ["first", "second"]


def test_a_backup_holds_what_the_store_holds(rowmq, tmp_path):
    rowmq("send", "--create", "jobs", "kept")
    rowmq("backup", str(tmp_path / "copy.db"))
    copy = CommandLine(rowmq.program, rowmq.folder, f"sqlite:{tmp_path}/copy.db")
    assert "kept" in copy("receive", "jobs")
    assert "kept" in rowmq("receive", "jobs")


def test_check_finds_a_sound_store_sound_and_leaves_one_in_use_alone(own_server):
    rowmq = CommandLine(own_server.program, own_server.folder, own_server.store)
    rowmq("send", "--create", "jobs", "x")
    rowmq("check", expect=1)
    own_server.stop()
    rowmq("check")


def test_wrong_arguments_are_exit_1_and_missing_queues_exit_2(rowmq):
    rowmq("receive", expect=1)
    rowmq("fly", expect=1)
    rowmq("send", "never-made", "x", expect=2)


def test_the_readmes_curl_lines(server, name):
    def curl(*arguments):
        return subprocess.run(["curl", "-sS", "--fail", *arguments], capture_output=True, text=True, timeout=30, check=True).stdout

    curl(f"{server.url}/?Action=CreateQueue&QueueName={name}")
    queue = f"{server.url}/000000000000/{name}"
    curl(queue, "-d", "Action=SendMessage", "--data-urlencode", "MessageBody=two teapots")
    assert "<Body>two teapots</Body>" in curl(f"{queue}?Action=ReceiveMessage&WaitTimeSeconds=20")
