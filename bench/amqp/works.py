"""What is measured of AMQP: the same client program against RowMQ and RabbitMQ, by turns."""
import json
import os
import resource
import subprocess

import brokers
from report import Figure, fdatasync_times, load, median
from served import CannotMeasure

CLASSIC, QUORUM = "classic", "quorum"
LATE = "RowMQ without early delivery"
LONGEST = 1_800  # seconds of one run, whatever happens


def run_client(settings, broker, work, **words):
    """One run of the client: its figures, with the processor time of both sides in cores."""
    before = broker.processor_seconds() if broker else 0
    port = {"port": broker.port} if broker else {}
    command = [settings.client, work, *(f"{name}={value}" for name, value in (port | words).items())]
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    line = next((line for line in done.stdout.splitlines() if line.startswith("figures ")), None)
    if done.returncode != 0 or line is None:
        raise CannotMeasure(f"{' '.join(command[1:])}: {done.stderr.strip() or done.stdout.strip()}")
    figures = json.loads(line.removeprefix("figures "))
    if figures.get("rate") == 0:
        raise CannotMeasure(f"{' '.join(command[1:])}: not one message came through in that time")
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    if broker and used > 0:  # of the whole run, setting up included: told as a share, which that hardly changes
        figures["broker_share"] = (broker.processor_seconds() - before) / used
    return figures


class Pair:
    """A RowMQ and, where it is installed, a RabbitMQ; with `late`, another RowMQ whose early delivery is off."""

    def __init__(self, settings, late=False):
        self.settings, self.with_late, self.late = settings, late, None

    def __enter__(self):
        self.scratch = self.settings.scratch()
        self.rabbitmq = None
        self.rowmq = brokers.rowmq(self.settings, self.scratch.name)
        try:
            if self.with_late:
                self.late = brokers.rowmq(self.settings, self.scratch.name, early="off")
            if self.settings.rabbitmq:
                self.rabbitmq = brokers.RabbitMQ(self.scratch.name)
        except CannotMeasure:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for broker in (self.rowmq, self.late, self.rabbitmq):
            if broker:
                broker.stop()
        self.scratch.cleanup()

    def quiet(self):
        self.rowmq.await_quiet()
        if self.late:
            self.late.await_quiet()
        if self.rabbitmq:
            self.rabbitmq.await_quiet(idle=0.1)  # it is never quite still

    def sides(self, number, *types):
        """(name, broker, words) of this round; who begins changes."""
        order = [("RowMQ", self.rowmq, {})]
        if self.late:
            order.append((LATE, self.late, {}))
        if self.rabbitmq:
            order += [(kind, self.rabbitmq, {"type": kind}) for kind in types or (CLASSIC,)]
        return order if number % 2 == 0 else list(reversed(order))


def compare(settings, pair, work, types=(CLASSIC,), **words):
    """Every round of every side: {name: [figures]}."""
    found = {}
    for number in range(settings.rounds):
        for name, broker, own in pair.sides(number, *types):
            pair.quiet()
            figures = run_client(settings, broker, work, name=f"{work}-{number}-{name}", seconds=settings.seconds,
                                 warm=settings.warm, **own, **words)
            found.setdefault(name, []).append(figures)
    return found


def middle(found, name, key="rate"):
    return median([figures[key] for figures in found[name]])


def ratio(found, other, key="rate", of="RowMQ"):
    return median([a[key] / b[key] for a, b in zip(found[of], found[other])])


def conditions_of(settings, found, before, what):
    note = f"{what}; {settings.rounds} x {settings.seconds} s each; "
    for name in found:
        cores = middle(found, name, "client_cores")
        note += f"client's cores with {name} {cores:.2f}{' (full)' if cores > 0.9 else ''}; "
    return note + f"load {before:.1f} before, {load():.1f} after"


def add_rates(settings, report, name, found, bars, note, unit="msg/s"):
    """A row for each other side; without one, the rate alone."""
    others = [other for other in found if other != "RowMQ"]
    for other in others:
        report.add(Figure(name=f"{name}, against {other}", unit=unit, value=middle(found, "RowMQ"), raw=middle(found, other),
                          ratio=ratio(found, other), bar=bars.get(other), note=note))
    if not others:
        report.add(Figure(name=name, unit=unit, value=middle(found, "RowMQ"), note=note))


def raw_rates(settings, bytes_each):
    """Rounds of the same rows written by SQLite alone."""
    rates = []
    for number in range(settings.rounds):
        with settings.scratch() as directory:
            rates.append(run_client(settings, None, "raw", file=os.path.join(directory, f"raw-{number}.db"), bytes=bytes_each,
                                    seconds=settings.seconds, warm=settings.warm))
    return rates


def flow(settings, report):
    for bytes_each in (1024, 100, 16):
        before = load()
        with Pair(settings, late=True) as pair:
            found = compare(settings, pair, "flow", (CLASSIC, QUORUM), bytes=bytes_each)
        name = f"AMQP, 1 producer, 1 consumer, {bytes_each} B"
        note = conditions_of(settings, found, before, "window 1000, prefetch 500")
        add_rates(settings, report, name, found, {CLASSIC: 5, QUORUM: 4} if bytes_each >= 1024 else {CLASSIC: 4}, note)
        if CLASSIC in found:
            report.add(Figure(name=f"{name}, without early delivery, against {CLASSIC}", unit="msg/s", value=middle(found, LATE),
                              raw=middle(found, CLASSIC), ratio=ratio(found, CLASSIC, of=LATE), bar=2.5, note="the same runs"))
        found["SQLite alone"] = raw_rates(settings, bytes_each)
        report.add(Figure(name=f"{name}, against SQLite's rows", unit="msg/s", value=middle(found, "RowMQ"),
                          raw=middle(found, "SQLite alone"), ratio=ratio(found, "SQLite alone"), bar=0.6,
                          note=f"raw: rows of 500 messages put and 500 removed in one commit, no broker; after the rounds above; load {load():.1f}"))


def backlog(settings, report):
    count, before = settings.backlog, load()
    rounds = max(1, settings.rounds // 2 + 1)
    published, consumed, memory = {}, {}, {}
    for number in range(rounds):
        with Pair(settings) as pair:  # their memory begins anew
            for name, broker, own in pair.sides(number):
                pair.quiet()
                words = {"name": f"backlog-{number}", "count": count} | own
                published.setdefault(name, []).append(run_client(settings, broker, "fill", **words))
                broker.await_quiet(300, idle=0.1)
                memory.setdefault(name, []).append({"rate": broker.resident_mib()})
                consumed.setdefault(name, []).append(run_client(settings, broker, "drain", **words))
    note = f"1024 B, {count} messages, window 1000, prefetch 500; {rounds} rounds; load {before:.1f} before, {load():.1f} after"
    add_rates(settings, report, f"AMQP, publish only, {count}", published, {CLASSIC: 4}, note)
    add_rates(settings, report, f"AMQP, consume only, {count}", consumed, {CLASSIC: 4}, note)
    others = [name for name in memory if name != "RowMQ"]
    report.add(Figure(name=f"AMQP, resident memory at {count} waiting", unit="MiB", value=middle(memory, "RowMQ"),
                      raw=middle(memory, others[0]) if others else None, ratio=ratio(memory, others[0]) if others else None,
                      bar=0.3 if others else None, at_least=False, note=note))


def latency(settings, report):
    before = load()
    with Pair(settings) as pair:
        kind = CLASSIC if pair.rabbitmq else "RowMQ"
        reference = pair.rabbitmq or pair.rowmq
        pair.quiet()
        most = run_client(settings, reference, "flow", name="most", seconds=settings.seconds, warm=settings.warm)["rate"]
        found = compare(settings, pair, "latency", per_second=most / 2)
    note = conditions_of(settings, found, before, f"{most / 2:.0f} a second, half of what {kind} reached; 1024 B")
    for what, key in (("publish to received", "reached"), ("publish to confirmed", "confirm")):
        for share in ("p50", "p99"):
            row = Figure(name=f"AMQP, {what}, {share}", unit="ms", value=middle(found, "RowMQ", f"{key}_{share}"), note=note, at_least=False)
            if CLASSIC in found:
                row.raw, row.ratio = middle(found, CLASSIC, f"{key}_{share}"), ratio(found, CLASSIC, f"{key}_{share}")
                row.bar = 0.5 if key == "reached" else None
            report.add(row)


def confirm(settings, report):
    before = load()
    syncs = []
    with Pair(settings) as pair:
        for _ in range(settings.rounds):
            syncs.append(median(fdatasync_times(pair.scratch.name)))
        found = compare(settings, pair, "latency", window=1, consumers=0)
        syncs.append(median(fdatasync_times(pair.scratch.name)))
    sync = median(syncs)
    others = [name for name in found if name != "RowMQ"]
    report.add(Figure(name="AMQP, confirm with a window of 1, p50", unit="ms", value=middle(found, "RowMQ", "confirm_p50"), at_least=False,
                      bar=2 * sync + 0.3, note=f"fdatasync p50 {sync:.3f} ms; p99 {middle(found, 'RowMQ', 'confirm_p99'):.3f} ms; "
                      + "".join(f"{name}: p50 {middle(found, name, 'confirm_p50'):.3f} ms; " for name in others)
                      + f"load {before:.1f} before, {load():.1f} after"))


def crowd(settings, report):
    for name, what, words in (
            ("AMQP, 100 queues, 20 producers, 20 consumers", "window 1000 and prefetch 500 each, 1024 B",
             {"queues": 100, "producers": 20, "consumers": 20}),
            ("AMQP, fan-out of 1 to 10 queues", "deliveries counted; 10 consumers; 1024 B",
             {"queues": 10, "consumers": 10, "exchange": "fanout"}),
            ("AMQP, topic routing, 10000 bindings", "10 queues, one of which each message reaches; 100 B",
             {"queues": 10, "consumers": 10, "exchange": "topic", "bindings": 10_000, "bytes": 100})):
        before = load()
        with Pair(settings) as pair:
            found = compare(settings, pair, "flow", **words)
        add_rates(settings, report, name, found, {CLASSIC: 4}, conditions_of(settings, found, before, what))


def reply(settings, report):
    before = load()
    with Pair(settings) as pair:
        found = compare(settings, pair, "reply")
    add_rates(settings, report, "AMQP, direct reply-to", found, {CLASSIC: 2},
              conditions_of(settings, found, before, "10 requesters with 10 requests each under way, one answerer, a transient queue; 100 B; "
                            f"p50 {middle(found, 'RowMQ', 'answered_p50'):.2f} ms"), unit="requests/s")


def delayed(settings, report):
    """Only ours: RabbitMQ as Debian packages it has no delayed exchange."""
    count, before = 10_000 if settings.quick else 100_000, load()
    with settings.scratch() as directory, brokers.rowmq(settings, directory) as broker:
        found = [run_client(settings, broker, "delayed", name=f"delayed-{number}", count=count,
                            from_ms=3_000 if settings.quick else 10_000, to_ms=6_000 if settings.quick else 20_000)
                 for number in range(max(1, settings.rounds // 2))]
    if any(figures["early"] for figures in found):
        raise CannotMeasure(f"{max(figures['early'] for figures in found)} messages came before they were due")
    report.add(Figure(name=f"AMQP, {count} delayed messages: latest", unit="ms", value=median([f["late_max"] for f in found]), bar=100,
                      at_least=False, note=f"after it was due; p50 {median([f['late_p50'] for f in found]):.1f} ms, p99 "
                      f"{median([f['late_p99'] for f in found]):.1f} ms; x-delay of 10 to 20 s; load {before:.1f} before, {load():.1f} after"))


def priority(settings, report):
    count, before = 10_000 if settings.quick else 100_000, load()
    rates = {"with": [], "without": []}
    wrong = 0
    with settings.scratch() as directory, brokers.rowmq(settings, directory) as broker:
        for number in range(settings.rounds):
            for name, words in (("with", {"priorities": 10}), ("without", {})):
                words |= {"name": f"{name}-{number}", "count": count}
                run_client(settings, broker, "fill", **words)
                broker.await_quiet()
                figures = run_client(settings, broker, "drain", **words)
                broker.await_quiet()
                rates[name].append(figures["rate"])
                wrong += figures["out_of_order"]
    if wrong:
        raise CannotMeasure(f"{wrong} messages came out of order")
    report.add(Figure(name=f"AMQP, priorities 0 to 9, backlog of {count}: consume in strict order", unit="msg/s", value=median(rates["with"]),
                      raw=median(rates["without"]), ratio=median([a / b for a, b in zip(rates["with"], rates["without"])]), bar=0.7,
                      note=f"raw: the same without priorities; 1024 B, prefetch 500; {settings.rounds} rounds; load {before:.1f} before, "
                      f"{load():.1f} after"))
