"""Celery over SQS: real workers in processes of their own, killed where a test says so."""
import importlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import boto3
import pytest

HERE = pathlib.Path(__file__).parent
_numbers = itertools.count(1)


class Setup:
    """One application: a queue (or several), its settings, and the workers a test starts."""

    def __init__(self, server, folder, monkeypatch):
        self.sqs = boto3.client("sqs", endpoint_url=server.url, region_name="us-east-1")
        self.queue = f"celery-{os.getpid()}-{next(_numbers)}"
        self.runs_file = folder / "runs"
        self._server, self._folder, self._monkeypatch = server, folder, monkeypatch
        self._workers = []
        self.configure()

    def configure(self, **options):
        """What a program sets before it starts: transport options beside region and the like."""
        settings = {"region": "us-east-1", "is_secure": False, "wait_time_seconds": 5, "polling_interval": 0, "visibility_timeout": 30, **options}
        for name, value in {"ROWMQ_OPTIONS": json.dumps(settings), "ROWMQ_QUEUE": self.queue, "ROWMQ_RUNS": str(self.runs_file),
                            "ROWMQ_BROKER": f"sqs://test:test@{self._server.address('sqs')}//", "PYTHONPATH": str(HERE)}.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.syspath_prepend(str(HERE))
        sys.modules.pop("jobs", None)
        self.jobs = importlib.import_module("jobs")

    def worker(self, queues=None, concurrency=1):
        """A worker in a process group of its own, so that killing it kills its children as a crash of the machine would."""
        log = open(self._folder / f"worker-{len(self._workers)}.log", "w", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "jobs", "worker", "--concurrency", str(concurrency), "--queues", queues or self.queue,
             "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"],
            stdout=log, stderr=subprocess.STDOUT, cwd=self._folder, start_new_session=True)
        log.close()
        self._workers.append(process)
        return process

    def runs(self):
        return [json.loads(line) for line in self.runs_file.read_text().splitlines()] if self.runs_file.exists() else []

    def until(self, condition, what, seconds=40):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text()[-3000:] for path in self._folder.glob("worker-*.log"))
                raise AssertionError(f"waited {seconds} s: {what}; runs: {self.runs()}\n{logs}")
            time.sleep(0.05)

    def ran(self, count):
        self.until(lambda: len(self.runs()) >= count, f"{count} runs of tasks")
        return self.runs()

    def left(self, queue=None):
        """(waiting, in flight, delayed) of a queue."""
        url = self.sqs.get_queue_url(QueueName=queue or self.queue)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return tuple(int(found["ApproximateNumberOfMessages" + suffix]) for suffix in ("", "NotVisible", "Delayed"))

    def end(self):
        for process in self._workers:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def setup(server, tmp_path, monkeypatch):
    made = Setup(server, tmp_path, monkeypatch)
    yield made
    made.end()


def test_tasks_run_once_each_through_a_queue_celery_creates(setup):
    sent = [(number, "grüße 🦊") for number in range(40)]
    for what in sent:
        setup.jobs.note.delay(*what)
    setup.worker(concurrency=2)

    runs = setup.ran(40)
    setup.until(lambda: setup.left() == (0, 0, 0), "everything deleted")

    assert sorted(tuple(run["what"]) for run in runs) == sent
    assert len(setup.runs()) == 40


def test_a_task_that_fails_is_retried_later(setup):
    setup.jobs.flaky.delay(2)
    setup.jobs.hopeless.delay()
    setup.worker()

    runs = setup.ran(6)

    flaky = [run for run in runs if run["task"] == "flaky"]
    assert [run["retries"] for run in flaky] == [0, 1, 2]
    assert all(later["at"] - earlier["at"] > 0.9 for earlier, later in itertools.pairwise(flaky))
    assert [run["retries"] for run in runs if run["task"] == "hopeless"] == [0, 1, 2]


def test_a_countdown_and_an_eta_are_kept(setup):
    setup.worker()
    setup.jobs.note.delay("now")
    setup.ran(1)
    began = time.time()
    setup.jobs.note.apply_async(("countdown",), countdown=2)

    runs = setup.ran(2)

    assert runs[1]["what"] == ["countdown"]
    assert 1.9 < runs[1]["at"] - began < 12
    setup.until(lambda: setup.left() == (0, 0, 0), "everything deleted")


def test_what_a_killed_worker_held_another_one_does(setup):
    setup.configure(visibility_timeout=4)
    setup.jobs.slow.delay(2)
    victim = setup.worker()
    setup.ran(1)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    assert setup.left() == (0, 1, 0)
    setup.worker()

    runs = setup.ran(3)
    setup.until(lambda: setup.left() == (0, 0, 0), "everything deleted")

    assert [run["what"] for run in runs] == [["begins"], ["begins"], ["ends"]]


def test_a_worker_that_is_asked_to_stop_finishes_its_task_and_gives_back_the_rest(setup):
    worker = setup.worker()
    for _ in range(3):
        setup.jobs.slow.delay(1)
    setup.ran(1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    ended = [run["what"] for run in setup.runs()].count(["ends"])
    setup.worker()

    setup.until(lambda: [run["what"] for run in setup.runs()].count(["ends"]) == 3, "all three")

    assert ended >= 1
    assert len(setup.runs()) == 6, "a task ran twice"


def test_several_queues_and_a_route_to_each(setup):
    fast, late = setup.queue + "-fast", setup.queue + "-late"
    for number in range(5):
        setup.jobs.note.apply_async(("fast", number), queue=fast)
        setup.jobs.note.apply_async(("late", number), queue=late)
    setup.worker(queues=fast)
    runs = setup.ran(5)
    assert {run["what"][0] for run in runs} == {"fast"}
    setup.worker(queues=f"{fast},{late}")

    runs = setup.ran(10)

    assert sorted(tuple(run["what"]) for run in runs) == sorted((kind, number) for kind in ("fast", "late") for number in range(5))


def test_predefined_queues_with_a_backoff_policy(setup, server):
    dead = setup.sqs.create_queue(QueueName=setup.queue + "-dead")["QueueUrl"]
    arn = setup.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = setup.sqs.create_queue(QueueName=setup.queue, Attributes={
        "VisibilityTimeout": "2", "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})})["QueueUrl"]
    setup.configure(predefined_queues={setup.queue: {
        "url": url, "access_key_id": "test", "secret_access_key": "test", "backoff_policy": {1: 1, 2: 1}, "backoff_tasks": ["jobs.slow"]}})
    setup.jobs.note.delay("predefined")
    setup.worker()

    setup.ran(1)
    setup.until(lambda: setup.left() == (0, 0, 0), "everything deleted")

    assert setup.runs()[0]["what"] == ["predefined"]


def test_a_fifo_queue_keeps_its_order(setup):
    name = setup.queue + ".fifo"
    url = setup.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    setup.configure(predefined_queues={name: {"url": url, "access_key_id": "test", "secret_access_key": "test"}})
    for number in range(10):
        setup.jobs.note.apply_async((number,), queue=name, MessageGroupId="g")
    setup.worker(queues=name)

    runs = setup.ran(10)

    assert [run["what"] for run in runs] == [[number] for number in range(10)]
