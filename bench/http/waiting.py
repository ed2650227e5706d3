"""Long polls: what 1,000 of them cost while nothing comes, and how soon a message reaches the one that waits for it."""
import gc
import json
import select
import sqlite3
import time

import sqs
from report import Figure, load, percentile
from served import CannotMeasure, Server

WAIT_SECONDS = 20
BODY = "x" * 1024


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


class RawSqlite:
    """One table with nothing around it."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")

    def commit(self):
        """Milliseconds of one commit of one row of 1 KiB."""
        began = time.perf_counter()
        self.database.execute("INSERT INTO rows (body) VALUES (?)", (BODY,))
        return (time.perf_counter() - began) * 1e3


def publish(port, waiters, waiter, publisher):
    """Milliseconds from a publish until its waiter has the message. Then it is deleted, and the waiter waits again."""
    question = sqs.request(port, "SendMessage", QueueUrl=waiter.queue, MessageBody=BODY)
    began = time.perf_counter()
    publisher.ask(question)
    reached = None
    while reached is None:
        if time.perf_counter() - began > 10:
            raise CannotMeasure("a message did not reach its waiter within 10 s")
        for answered, body in waiters.answers(10):
            if answered is waiter and b'"ReceiptHandle"' in body:
                reached = (time.perf_counter() - began) * 1e3
                handle = json.loads(body)["Messages"][0]["ReceiptHandle"]
            else:
                answered.ask()
    while publisher.take() is None:
        pass
    publisher.call("DeleteMessage", QueueUrl=waiter.queue, ReceiptHandle=handle)
    waiter.ask()
    return reached


def latencies(port, waiters, raw, count):
    """(publishes, raw commits), in turns and with a pause before each, so that neither finds the disk busy with the other."""
    publisher = sqs.Connection(port)
    published, committed = [], []
    gc.disable()
    for i in range(count):
        waiters.keep_waiting(0.002)
        published.append(publish(port, waiters, waiters.all[i * 7 % len(waiters.all)], publisher))
        waiters.keep_waiting(0.002)
        committed.append(raw.commit())
    gc.enable()
    publisher.close()
    return published, committed


def waiting(settings, report):
    count, seconds, samples = (100, 3, 300) if settings.quick else (1_000, 30, 3_000)
    before = load()
    with settings.scratch() as directory, Server(settings.server, f"sqlite:{directory}/waiting.db") as server:
        waiters = Waiters(server.port, count)
        waiters.keep_waiting(1)
        used = server.processor_seconds()
        asked = waiters.keep_waiting(seconds)
        used = (server.processor_seconds() - used) / seconds * 100
        resident = server.resident_mib()
        published, committed = latencies(server.port, waiters, RawSqlite(f"{directory}/raw.db"), samples)
        waiters.close()
    what = f"SQS, {count} long polls on {count} queues"
    report.add(Figure(name=f"{what}: processor", unit="% of a core", value=used, bar=0.5, at_least=False,
                      note=f"{seconds} s; {asked} asked again; load {before:.1f} before, {load():.1f} after"))
    report.add(Figure(name=f"{what}: memory", unit="MiB", value=resident, bar=64, at_least=False, note="resident"))
    for name, share, bar in (("p50", 0.5, None), ("p99", 0.99, 1.5)):
        value, raw = percentile(published, share), percentile(committed, share)
        report.add(Figure(name=f"{what}: publish to received, {name}", unit="ms", value=value, raw=raw, ratio=value / raw, bar=bar,
                          at_least=False, note=f"{samples} publishes; raw: a commit of one row of 1 KiB, in turns with them"))
