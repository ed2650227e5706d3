"""Long polls: what 1,000 of them cost while nothing comes, and how soon a message reaches the one that waits for it."""
import json
import os
import select
import subprocess
import time

import sqs
from report import Figure, load, median, percentile
from served import CannotMeasure, Server

WAIT_SECONDS = 20


class Waiter:
    def __init__(self, port, queue):
        self.connection = sqs.Connection(port)
        self.queue = queue
        self.question = sqs.request(port, "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=WAIT_SECONDS)

    def ask(self):
        self.connection.ask(self.question)


class Waiters:
    """Connections that each wait on a queue of their own, and ask again whenever an answer came."""

    def __init__(self, port, count):
        self.events = select.epoll()
        self.all, self.by_descriptor = [], {}
        creator = sqs.Connection(port)
        for i in range(count):
            waiter = Waiter(port, creator.call("CreateQueue", QueueName=f"waiting-{i}")["QueueUrl"])
            descriptor = waiter.connection.socket.fileno()
            self.all.append(waiter)
            self.by_descriptor[descriptor] = waiter
            self.events.register(descriptor, select.EPOLLIN)
        creator.close()
        for waiter in self.all:
            waiter.ask()

    def close(self):
        for waiter in self.all:
            waiter.connection.close()
        self.events.close()

    def answers(self, timeout):
        """(waiter, body) of what is answered within `timeout` seconds, once something is."""
        for descriptor, _ in self.events.poll(max(0.0, timeout)):
            waiter = self.by_descriptor[descriptor]
            body = waiter.connection.take()
            if body is not None:
                yield waiter, body

    def keep_waiting(self, seconds):
        """Asks again whatever ends; returns how often."""
        last, asked = time.monotonic() + seconds, 0
        while (left := last - time.monotonic()) > 0:
            for waiter, body in self.answers(left):
                if b'"ReceiptHandle"' in body:
                    raise CannotMeasure("a message came that nobody sent")
                waiter.ask()
                asked += 1
        return asked


def latencies(settings, port, file, count, samples):
    """(publish until received, raw commit), both in milliseconds, of a client in C++ (waiters.cpp)."""
    program = os.path.join(os.path.dirname(settings.server), "bench/rowmq_bench_waiters")
    done = subprocess.run([program, str(port), file, str(count), str(samples)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasure(done.stderr.strip())
    times = json.loads(done.stdout)
    return times["received"], times["committed"]


def waiting(settings, report):
    count, seconds, samples = (100, 3, 300) if settings.quick else (1_000, 30, 2_000)
    before = load()
    with settings.scratch() as directory, Server(settings.server, f"sqlite:{directory}/waiting.db") as server:
        waiters = Waiters(server.port, count)
        waiters.keep_waiting(1)
        used = server.processor_seconds()
        asked = waiters.keep_waiting(seconds)
        used = (server.processor_seconds() - used) / seconds * 100
        resident = server.resident_mib()
        waiters.close()
        rounds = [latencies(settings, server.port, f"{directory}/raw-{i}.db", count, samples) for i in range(settings.rounds)]
    what = f"SQS, {count} long polls on {count} queues"
    report.add(Figure(name=f"{what}: processor", unit="% of a core", value=used, bar=0.5, at_least=False,
                      note=f"{seconds} s; {asked} asked again; load {before:.1f} before, {load():.1f} after"))
    report.add(Figure(name=f"{what}: memory", unit="MiB", value=resident, bar=64, at_least=False, note="resident"))
    for name, share, bar in (("p50", 0.5, None), ("p99", 0.99, 1.5)):
        pairs = [(percentile(received, share), percentile(committed, share)) for received, committed in rounds]
        value, raw = (median([pair[side] for pair in pairs]) for side in (0, 1))
        ratios = sorted(ours / theirs for ours, theirs in pairs)
        report.add(Figure(name=f"{what}: publish to received, {name}", unit="ms", value=value, raw=raw, ratio=median(ratios), bar=bar,
                          at_least=False, note=f"{len(rounds)} x {samples} publishes ({ratios[0]:.2f} to {ratios[-1]:.2f}); "
                                               "raw: SQLite commits the same rows, in turns with them"))
