"""Closed-loop load by wrk: the same requests to a durable store and to one in memory, in turns."""
import json
import os
import subprocess
import tempfile

import sqs
from report import Figure, load, median
from served import CannotMeasure, Server

BODY_BYTES = 1024
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sqs.lua")


def run_wrk(server, what, queue, connections, seconds):
    """One run: its figures, with the processor time of both sides in cores."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", SCRIPT, server.url, "--",
               what, queue, str(BODY_BYTES)]
    before = server.processor_seconds()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    server_seconds = server.processor_seconds() - before
    line = next((line for line in said.splitlines() if line.startswith("figures ")), None)
    if process.returncode != 0 or line is None:
        raise CannotMeasure(f"wrk failed: {said}")
    figures = json.loads(line.removeprefix("figures "))
    figures["rate"] = figures["messages"] / figures["seconds"]
    figures["server cores"] = server_seconds / figures["seconds"]
    figures["wrk cores"] = (used.ru_utime + used.ru_stime) / figures["seconds"]
    if figures["failures"] or not figures["messages"]:
        raise CannotMeasure(f"{figures['failures']} of {figures['requests']} requests failed: {figures['first_failure']}")
    return figures


def one_round(server, what, connections, seconds, number):
    """A run on a queue of its own, which is gone when it returns."""
    queue = sqs.create_queue(server.port, f"{what}-{connections}-{number}")
    server.await_quiet()
    figures = run_wrk(server, what, queue, connections, seconds)
    sqs.delete_queue(server.port, queue)
    server.await_quiet()
    return figures


def compare(settings, what, connections):
    """The rounds of SQLite and of memory, in turns; who begins changes."""
    rounds = []
    with settings.scratch() as directory, Server(settings.server, f"sqlite:{directory}/{what}.db") as durable, \
            Server(settings.server, "memory:") as memory:
        for number in range(settings.rounds):
            order = [("sqlite", durable), ("memory", memory)]
            found = {name: one_round(server, what, connections, settings.seconds, number)
                     for name, server in (order if number % 2 == 0 else reversed(order))}
            rounds.append(found)
    return rounds


def middle(rounds, engine, name):
    return median([found[engine][name] for found in rounds])


def add(report, name, rounds, settings, connections, bars, others, before):
    """Two rows: the ratio and the rate."""
    share, rate = bars
    measured, raw = middle(rounds, "sqlite", "rate"), middle(rounds, "memory", "rate")
    ratio = median([found["sqlite"]["rate"] / found["memory"]["rate"] for found in rounds])
    cores = {engine: (middle(rounds, engine, "server cores"), middle(rounds, engine, "wrk cores")) for engine in ("sqlite", "memory")}
    note = (f"{connections} connections{others}; {settings.rounds} x {settings.seconds} s each; raw: memory; cores used: sqlite "
            f"{cores['sqlite'][0]:.2f} + wrk {cores['sqlite'][1]:.2f}, memory {cores['memory'][0]:.2f} + wrk {cores['memory'][1]:.2f}; "
            f"p99 of a request {middle(rounds, 'sqlite', 'p99_ms'):.1f} ms; ")
    if max(cores["sqlite"][1], cores["memory"][1]) > 0.9:
        note += "wrk's one thread was full; "
    short = sum(found[engine]["short"] for found in rounds for engine in found)
    if short:
        note += f"{short} receives of fewer than 10; "
    note += f"load {before:.1f} before, {load():.1f} after"
    report.add(Figure(name=name, unit="msg/s", value=measured, raw=raw, ratio=ratio, bar=share, note=note))
    report.add(Figure(name=f"{name}, rate", unit="msg/s", value=measured, bar=rate, note="the same runs"))


def measure(settings, report, what, name, connection_counts, bars):
    """Of several numbers of connections the one with which SQLite is fastest counts, for both."""
    before = load()
    tried = {connections: compare(settings, what, connections) for connections in connection_counts}
    best = max(tried, key=lambda connections: middle(tried[connections], "sqlite", "rate"))
    others = "".join(f" (with {c}: {middle(r, 'sqlite', 'rate'):.0f}, memory {middle(r, 'memory', 'rate'):.0f})"
                     for c, r in tried.items() if c != best)
    add(report, name, tried[best], settings, best, bars, others, before)


def batches(settings, report):
    measure(settings, report, "batches", "SQS, SendMessageBatch of 10", (16, 64), (0.5, 20_000))


def flow(settings, report):
    measure(settings, report, "flow", "SQS, send, receive and delete in batches of 10", (16, 64), (0.5, 10_000))


def single(settings, report):
    measure(settings, report, "single", "SQS, SendMessage", (64,), (0.5, 8_000))
