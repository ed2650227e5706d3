#!/usr/bin/env python3
"""The server's SQS over HTTP: rates against the same server in memory, long polls, idle connections.

Exit: 0 all bars held, 1 something could not be measured, 2 wrong usage, 3 a bar was missed.
"""
import argparse
import os
import resource
import sys
import tempfile

import idle
import load
import waiting
from driver import drive
from report import conditions

BENCHMARKS = {
    "batches": ("SendMessageBatch of 10, SQLite against memory", load.batches),
    "flow": ("send, receive and delete in batches of 10, SQLite against memory", load.flow),
    "single": ("SendMessage over 64 connections, SQLite against memory", load.single),
    "waiting": ("1,000 long polls: processor, memory, how soon a message comes", waiting.waiting),
    "idle": ("10,000 idle connections: memory, a client beside them", idle.idle),
}
DESCRIPTORS = 10_200  # of this program and of the server, at most


class Settings:
    def __init__(self, words):
        self.server = os.path.abspath(words.server)
        self.directory = words.directory
        self.quick = words.quick
        self.rounds = words.rounds or (2 if words.quick else 5)
        self.seconds = words.seconds or (2 if words.quick else 5)

    def scratch(self):
        """A folder for one benchmark, gone after it."""
        return tempfile.TemporaryDirectory(prefix="http-", dir=self.directory)


def parse():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    names = "\n".join(f"  {name:<8} {what}" for name, (what, _) in BENCHMARKS.items())
    parser = argparse.ArgumentParser(prog="tools/dev bench http", description=f"benchmarks (default: all):\n{names}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks")
    parser.add_argument("--rounds", type=int, help="of each side of a comparison (5)")
    parser.add_argument("--seconds", type=int, help="of each round (5)")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 2 s, a tenth of the connections: does it work at all")
    parser.add_argument("--server", default=os.path.join(root, "build/release/rowmq"), metavar="PROGRAM")
    parser.add_argument("--directory", default=os.path.join(root, "build/bench"), metavar="DIR", help="for stores, on the disk to measure")
    parser.add_argument("--json", metavar="FILE", help="writes conditions and figures there too")
    words = parser.parse_args()
    for name in words.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark '{name}'; there are: {' '.join(BENCHMARKS)}")
    if not os.access(words.server, os.X_OK):
        parser.error(f"no server to measure at {words.server}")
    if (words.rounds or 1) < 1 or (words.seconds or 1) < 1:
        parser.error("--rounds and --seconds are at least 1")
    return words


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        print(f"only {hard} open files are allowed here (ulimit -Hn); idle needs {DESCRIPTORS}", file=sys.stderr)


def main():
    words = parse()
    settings = Settings(words)
    os.makedirs(settings.directory, exist_ok=True)
    raise_descriptors()
    circumstances = conditions(settings.server, settings.directory)
    return drive(BENCHMARKS, words, settings, circumstances)


if __name__ == "__main__":
    sys.exit(main())
