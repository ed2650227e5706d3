"""The program's own verbs, beside a running server and alone, and the README's curl lines."""
import json
import pathlib
import resource
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


def test_serve_takes_as_many_descriptors_as_the_system_allows(own_server):
    own_server.stop()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        own_server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = pathlib.Path(f"/proc/{own_server.process.pid}/limits").read_text()
    line, = [line for line in limits.splitlines() if line.startswith("Max open files")]
    assert line.split()[3:5] == [str(hard), str(hard)]


def test_wrong_arguments_are_exit_1_and_missing_queues_exit_2(rowmq):
    rowmq("receive", expect=1)
    rowmq("fly", expect=1)
    rowmq("send", "never-made", "x", expect=2)


def test_search_finds_by_body_and_header_without_receiving(rowmq):
    rowmq("send", "--create", "jobs", "blue teapot")
    rowmq("send", "--header", "kind=kettle", "jobs", "green kettle")
    assert "blue" in rowmq("search", "jobs", "teapot") and "green" not in rowmq("search", "jobs", "teapot")
    assert "green" in rowmq("search", "--header", "kind=kettle", "jobs")
    rowmq("search", "jobs", "cup", expect=2)
    assert "blue teapot" in rowmq("receive", "jobs")


def test_topics_fan_out_with_filters(rowmq):
    rowmq("topics", "create", "news")
    for queue in ("all", "red"):
        rowmq("queues", "create", queue)
    rowmq("topics", "subscribe", "news", "all")
    rowmq("topics", "subscribe", "news", "red", "--filter", '{"kind":["red"]}')
    assert "2 queues" in rowmq("topics", "publish", "news", "hot", "--header", "kind=red")
    assert "1 queues" in rowmq("topics", "publish", "news", "cold", "--header", "kind=blue")
    assert "hot" in rowmq("receive", "red")
    rowmq("receive", "red", expect=2)
    assert "news" in rowmq("topics") and '{"kind":["red"]}' in rowmq("topics", "show", "news")
    rowmq("topics", "unsubscribe", "news", "all")
    rowmq("topics", "delete", "news")
    assert "no topics" in rowmq("topics")
    rowmq("topics", "subscribe", "nobody", "all", expect=2)


def test_sql_reads_and_only_reads(rowmq):
    rowmq("send", "--create", "jobs", "grüße", "two")
    lines = rowmq("sql", "SELECT queue, body FROM rowmq_messages ORDER BY message_id").splitlines()
    assert lines == ["queue|body", "jobs|grüße", "jobs|two"]
    assert rowmq("sql", "--csv", "--no-header", stdin="SELECT 1, 'a,b', NULL; SELECT 2").splitlines() == ['1,"a,b",', "2"]
    assert rowmq("sql", "--json", "SELECT count(*) AS n FROM rowmq_messages").strip() == '{"n":2}'
    rowmq("sql", "DELETE FROM messages", expect=3)
    rowmq("sql", "SELEC", expect=1)
    assert "grüße" in rowmq("receive", "jobs")


def test_top_shows_what_waits(rowmq):
    rowmq("send", "--create", "jobs", "a", "b")
    line, = [line for line in rowmq("top", "--once", "--interval", "100ms").splitlines() if line.startswith("jobs")]
    assert line.split()[1] == "2"
    assert '"ready":2' in rowmq("top", "--once", "--json", "--interval", "100ms")


def test_completion_is_understood_by_its_shell(program):
    script = subprocess.run([program, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    asked = script + "\nCOMP_WORDS=(rowmq queues cre); COMP_CWORD=2; _rowmq; echo ${COMPREPLY[@]}"
    assert subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True).stdout.strip() == "create"
    for shell in ("zsh", "fish"):
        assert "forward" in subprocess.run([program, "completion", shell], capture_output=True, text=True, check=True).stdout
    assert subprocess.run([program, "completion", "csh"], capture_output=True).returncode == 1


def test_bench_measures_and_leaves_nothing(program, tmp_path):
    for arguments in ((), ("--memory",), ("--fifo", "--queues", "3"), ("--consumers", "0")):
        done = subprocess.run([program, "bench", "--time", "300ms", "--json", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["published_per_second"] > 0
    assert list(tmp_path.iterdir()) == []


def test_the_readmes_curl_lines(server, name):
    def curl(*arguments):
        return subprocess.run(["curl", "-sS", "--fail", *arguments], capture_output=True, text=True, timeout=30, check=True).stdout

    curl(f"{server.url}/?Action=CreateQueue&QueueName={name}")
    queue = f"{server.url}/000000000000/{name}"
    curl(queue, "-d", "Action=SendMessage", "--data-urlencode", "MessageBody=two teapots")
    assert "<Body>two teapots</Body>" in curl(f"{queue}?Action=ReceiveMessage&WaitTimeSeconds=20")
