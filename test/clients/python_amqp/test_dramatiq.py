"""Dramatiq: actors, results of their work, retries, delays, priorities, dead letters, a worker that is killed."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

import amqp_client

SECONDS = 20
FOLDER = pathlib.Path(__file__).parent


class Worker:
    """The command `dramatiq` over the actors of dramatiq_jobs.py, which write a line for each run."""

    def __init__(self, server, folder, queue):
        self.done = folder / "done"
        self.done.touch()
        self.environment = {"JOBS_URL": f"amqp://guest:guest@127.0.0.1:{server.amqp_port}/", "JOBS_DONE": str(self.done), "JOBS_QUEUE": queue,
                            "PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}
        self.process = None

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-m", "dramatiq", "dramatiq_jobs", "--processes", "1", "--threads", "2"],
                                        env=self.environment, cwd=self.done.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        return self

    def send(self, expression):
        subprocess.run([sys.executable, "-c", f"from dramatiq_jobs import *; {expression}"], env=self.environment, check=True, timeout=SECONDS)

    def lines(self):
        return self.done.read_text().split("\n")[:-1]

    def until(self, holds):
        end = time.monotonic() + SECONDS
        while not holds(self.lines()):
            assert time.monotonic() < end, self.lines()
            time.sleep(0.05)
        return self.lines()

    def end(self, kill=False):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL if kill else signal.SIGTERM)
            self.process.wait(SECONDS)


@pytest.fixture
def worker(server, tmp_path, name):
    running = Worker(server, tmp_path, name)
    yield running
    running.end(kill=True)


def test_jobs_are_done_retried_delayed_and_given_up(worker, server, name):
    worker.start()
    worker.send("[note.send(str(n)) for n in range(30)]; fail_twice.send('again'); note.send_with_options(args=('late',), delay=1500); never.send('dead')")
    lines = worker.until(lambda lines: len(lines) >= 30 + 3 + 1 + 2)
    assert sorted(line for line in lines if line.startswith("note") and "late" not in line) == sorted(f"note {n}" for n in range(30))
    assert [line for line in lines if "again" in line] == ["fail_twice again"] * 3
    assert lines.count("note late") == 1 and lines.count("never dead") == 2
    with amqp_client.connect(server) as connection:  # dramatiq's own dead-letter queue
        assert b"dead" in amqp_client.take(connection.channel(), f"{name}.XQ", auto_ack=True)[2]


def test_a_job_of_a_worker_that_was_killed_is_done_by_the_next(worker):
    worker.start()
    worker.send("slow.send('job')")
    worker.until(lambda lines: "slow begins job" in lines)
    worker.end(kill=True)
    worker.start()
    assert worker.until(lambda lines: "slow ends job" in lines).count("slow begins job") == 2
