"""Celery over AMQP: real workers, with results, events and remote control as they are by default."""
import importlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import celery
import pytest

HERE = pathlib.Path(__file__).parent
SECONDS = 60
_numbers = itertools.count(1)


class Setup:
    """One application, its queue and the workers a test starts."""

    def __init__(self, server, folder, monkeypatch):
        self.queue = f"celery-amqp-{os.getpid()}-{next(_numbers)}"
        self.runs_file = folder / "runs"
        self._server, self._folder, self._monkeypatch, self._workers = server, folder, monkeypatch, []
        self.configure()

    def configure(self, **settings):
        for name, value in {"ROWMQ_QUEUE": self.queue, "ROWMQ_RUNS": str(self.runs_file), "ROWMQ_SETTINGS": json.dumps(settings),
                            "ROWMQ_BROKER": f"amqp://guest:guest@127.0.0.1:{self._server.amqp_port}//", "PYTHONPATH": str(HERE)}.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.syspath_prepend(str(HERE))
        sys.modules.pop("amqp_jobs", None)
        self.jobs = importlib.import_module("amqp_jobs")

    def worker(self, concurrency=1):
        log = open(self._folder / f"worker-{len(self._workers)}.log", "w", encoding="utf-8")
        process = subprocess.Popen([sys.executable, "-m", "celery", "-A", "amqp_jobs", "worker", "--concurrency", str(concurrency), "-E",
                                    "--hostname", f"w{len(self._workers)}@here", "--loglevel", "INFO"],
                                   stdout=log, stderr=subprocess.STDOUT, cwd=self._folder, start_new_session=True)
        log.close()
        self._workers.append(process)
        return process

    def runs(self):
        return [json.loads(line) for line in self.runs_file.read_text().splitlines()] if self.runs_file.exists() else []

    def until(self, condition, what):
        end = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text()[-3000:] for path in self._folder.glob("worker-*.log"))
                raise AssertionError(f"waited {SECONDS} s: {what}; runs: {self.runs()}\n{logs}")
            time.sleep(0.05)

    def ran(self, count):
        self.until(lambda: len(self.runs()) >= count, f"{count} runs of tasks")
        return self.runs()

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


def test_results_retries_and_groups_come_back(setup):
    setup.worker(concurrency=2)
    assert setup.jobs.add.delay(2, 3).get(timeout=SECONDS) == 5
    results = celery.group(setup.jobs.add.s(number, number) for number in range(30))().get(timeout=SECONDS)
    assert results == [2 * number for number in range(30)]
    assert (setup.jobs.add.s(1, 2) | setup.jobs.add.s(10)).delay().get(timeout=SECONDS) == 13
    assert setup.jobs.flaky.delay(2).get(timeout=SECONDS) == 2


def test_a_worker_is_asked_and_told_from_afar(setup):
    setup.worker()
    assert setup.jobs.add.delay(1, 1).get(timeout=SECONDS) == 2
    control = setup.jobs.app.control
    assert control.ping(timeout=5) == [{"w0@here": {"ok": "pong"}}]
    revoked = setup.jobs.note.apply_async(("never",), countdown=3)
    setup.until(lambda: any((control.inspect(timeout=2).scheduled() or {}).values()), "the task is scheduled")
    revoked.revoke()
    began = time.time()
    setup.jobs.note.apply_async(("later",), countdown=4)
    runs = setup.ran(1)
    assert [run["what"] for run in runs] == [["later"]] and runs[0]["at"] - began > 3.9


def test_what_a_killed_worker_held_another_one_does_at_once(setup):
    setup.jobs.slow.delay(2)
    victim = setup.worker()
    setup.ran(1)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    setup.worker()
    assert [run["what"] for run in setup.ran(3)] == [["begins"], ["begins"], ["ends"]]


def test_urgent_tasks_come_first(setup):
    for priority in (1, 5, 9, 3):
        setup.jobs.note.apply_async((priority,), priority=priority)
    setup.worker()
    runs = setup.ran(4)
    assert [run["what"] for run in runs] == [[9], [5], [3], [1]]


def test_quorum_queues_delay_by_a_topology_of_the_brokers(setup):
    setup.configure(task_default_queue_type="quorum", task_queue_max_priority=None, worker_detect_quorum_queues=True)
    setup.worker()
    setup.jobs.note.delay("now")
    setup.ran(1)
    began = time.time()
    setup.jobs.note.apply_async(("later",), countdown=3)
    runs = setup.ran(2)
    assert runs[1]["what"] == ["later"] and 1.9 < runs[1]["at"] - began < 15
