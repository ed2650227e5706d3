#!/usr/bin/env python3
"""AMQP 0-9-1: RowMQ against Debian's RabbitMQ, by turns, asked by the same client program.

Where rabbitmq-server is not installed, RowMQ is measured alone and the ratios are left out.
Exit: 0 all bars held, 1 something could not be measured, 2 wrong usage, 3 a bar was missed.
"""
import argparse
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(ROOT, "test", "support"))  # who starts RabbitMQ
sys.path.append(os.path.join(os.path.dirname(HERE), "http"))  # driver, report and served are those of the benchmarks over HTTP

import brokers  # noqa: E402
import works  # noqa: E402
from driver import drive  # noqa: E402
from report import conditions  # noqa: E402

BENCHMARKS = {
    "flow": ("1 producer, 1 consumer, 1 KiB, 100 B, 16 B; against classic and quorum queues and SQLite alone", works.flow),
    "backlog": ("publish only, memory, then consume only, 1,000,000 messages", works.backlog),
    "latency": ("publish to received at half of RabbitMQ's own highest rate", works.latency),
    "confirm": ("how soon a message is confirmed when each waits for the one before", works.confirm),
    "crowd": ("100 queues with 20 producers and 20 consumers; fan-out to 10; topic with 10,000 bindings", works.crowd),
    "reply": ("requests and answers over direct reply-to", works.reply),
    "delayed": ("100,000 delayed messages: how late the latest is", works.delayed),
    "priority": ("a backlog of 100,000 with priorities: order and rate", works.priority),
}


class Settings:
    def __init__(self, words):
        self.server, self.client = os.path.abspath(words.server), os.path.abspath(words.client)
        self.directory, self.quick = words.directory, words.quick
        self.rounds = words.rounds or (2 if words.quick else 5)
        self.seconds = words.seconds or (2 if words.quick else 10)
        self.warm = min(2, self.seconds / 2)
        self.backlog = words.backlog or (20_000 if words.quick else 1_000_000)
        self.rabbitmq = not words.alone and brokers.rabbitmq_is_here()

    def scratch(self):
        """A folder for one benchmark, gone after it."""
        return tempfile.TemporaryDirectory(prefix="amqp-", dir=self.directory)


def parse():
    names = "\n".join(f"  {name:<9} {what}" for name, (what, _) in BENCHMARKS.items())
    parser = argparse.ArgumentParser(prog="tools/dev bench amqp", description=f"benchmarks (default: all):\n{names}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks")
    parser.add_argument("--rounds", type=int, help="of each side of a comparison (5)")
    parser.add_argument("--seconds", type=int, help="of each round (10)")
    parser.add_argument("--backlog", type=int, help="messages of the benchmark of that name (1000000)")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 2 s, small backlogs: does it work at all")
    parser.add_argument("--alone", action="store_true", help="without RabbitMQ")
    parser.add_argument("--server", default=os.path.join(ROOT, "build/release/rowmq"), metavar="PROGRAM")
    parser.add_argument("--client", default=os.path.join(ROOT, "build/release/bench/rowmq_bench_amqp"), metavar="PROGRAM")
    parser.add_argument("--directory", default=os.path.join(ROOT, "build/bench"), metavar="DIR", help="for stores, on the disk to measure")
    parser.add_argument("--json", metavar="FILE", help="writes conditions and figures there too")
    words = parser.parse_args()
    for name in words.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark '{name}'; there are: {' '.join(BENCHMARKS)}")
    for program in (words.server, words.client):
        if not os.path.exists(program):
            parser.error(f"no program at {program}")
    if min(words.rounds or 1, words.seconds or 1, words.backlog or 1) < 1:
        parser.error("--rounds, --seconds and --backlog are at least 1")
    return words


def main():
    words = parse()
    settings = Settings(words)
    os.makedirs(settings.directory, exist_ok=True)
    circumstances = conditions(settings.server, settings.directory, wrk=False)
    circumstances["RabbitMQ"] = brokers.rabbitmq_version() if settings.rabbitmq else "none"
    if not settings.rabbitmq:
        print("RabbitMQ is not installed (Debian's package rabbitmq-server) or not wanted: RowMQ is measured alone", file=sys.stderr)
    return drive(BENCHMARKS, words, settings, circumstances)


if __name__ == "__main__":
    sys.exit(main())
