#!/usr/bin/env python3
"""Ten million waiting messages: memory while they come and go, kill -9 on top of them, an exact count, and a file that shrinks again.

Exit: 0 all bars held, 1 something could not be measured, 3 a bar was missed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../bench/http"))
from served import CannotMeasure, Server  # noqa: E402

FLAT_FROM = 1_000_000  # waiting messages; from there memory may grow by FLAT_SHARE
FLAT_SHARE = 1.10
MOST_MIB = 256
READY_SECONDS = 2
SHRINKS_WITHIN = 120  # seconds
SMALL_SHARE = 0.05  # of the largest size, and at least SMALL_BYTES
SMALL_BYTES = 64 * 1024 * 1024


def waiting(port):
    """ApproximateNumberOfMessages; None before there is a queue."""
    body = json.dumps({"QueueUrl": "http://127.0.0.1/000000000000/backlog", "AttributeNames": ["ApproximateNumberOfMessages"]})
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", body.encode(), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.GetQueueAttributes"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(json.load(answer)["Attributes"]["ApproximateNumberOfMessages"])
    except urllib.error.HTTPError:
        return None


class Samples:
    """(messages waiting, resident MiB) of a server, while something runs."""

    def __init__(self, server):
        self.server, self.all = server, []

    def while_running(self, *command):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            while client.poll() is None:
                self.all.append((waiting(self.server.port), self.server.resident_mib()))
                time.sleep(0.5)
            said = client.stdout.read()
        if client.returncode != 0:
            raise CannotMeasure(f"{' '.join(command)} ended with {client.returncode}")
        return said

    def peak(self):
        return max(mib for _, mib in self.all)

    def peak_up_to(self, messages):
        return max((mib for depth, mib in self.all if (depth or 0) <= messages), default=0)


def size(store):
    return os.path.getsize(store) if os.path.exists(store) else 0


def shrunk(store, largest):
    """The size once it is small, or after SHRINKS_WITHIN seconds; and how long it took."""
    began = time.monotonic()
    while size(store) > max(SMALL_BYTES, SMALL_SHARE * largest) and time.monotonic() - began < SHRINKS_WITHIN:
        time.sleep(0.5)
    return size(store), time.monotonic() - began


class Verdict:
    def __init__(self):
        self.held = True

    def bar(self, what, value, held, bar):
        self.held &= held
        print(f"  {what}: {value} ({bar}) {'held' if held else 'MISSED'}", flush=True)


def run(words):
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="backlog-", dir=words.directory) as directory:
        store = f"{directory}/backlog.db"
        with Server(words.program, f"sqlite:{store}") as server:
            began = time.monotonic()
            filling = Samples(server)
            filling.while_running(words.client, "fill", str(server.port), str(words.messages))
            print(f"  {words.messages} messages in {time.monotonic() - began:.0f} s, {size(store) / 1e9:.2f} GB", flush=True)
            server.process.kill()
        began = time.monotonic()
        with Server(words.program, f"sqlite:{store}") as server:
            ready = time.monotonic() - began
            largest = size(store)
            draining = Samples(server)
            began = time.monotonic()
            said = draining.while_running(words.client, "drain", str(server.port), str(words.messages)).strip()
            print(f"  drained in {time.monotonic() - began:.0f} s", flush=True)
            left, took = shrunk(store, largest)
    flat, peak = filling.peak_up_to(FLAT_FROM), filling.peak()
    verdict.bar("resident while filling, peak", f"{peak:.1f} MiB", peak <= MOST_MIB, f"<= {MOST_MIB} MiB")
    verdict.bar("of that with at most 1,000,000 waiting", f"{flat:.1f} MiB", words.messages <= FLAT_FROM or peak <= FLAT_SHARE * flat,
                f"the peak is at most {FLAT_SHARE} x")
    verdict.bar("ready after kill -9", f"{ready:.2f} s", ready <= READY_SECONDS, f"<= {READY_SECONDS} s")
    verdict.bar("resident while draining, peak", f"{draining.peak():.1f} MiB", draining.peak() <= MOST_MIB, f"<= {MOST_MIB} MiB")
    verdict.bar("drained", said, said == "missing 0 twice 0", "missing 0 twice 0")
    verdict.bar("file afterwards", f"{left / 1e6:.0f} MB of {largest / 1e6:.0f} after {took:.0f} s",
                left <= max(SMALL_BYTES, SMALL_SHARE * largest), f"<= {SMALL_SHARE:.0%}, or 64 MiB")
    return verdict.held


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=f"{root}/build/release/rowmq")
    parser.add_argument("--client", default=f"{root}/build/release/test/torture/backlog/torture_backlog")
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--directory", default=f"{root}/build", help="on the disk to measure; some 4 GB")
    words = parser.parse_args()
    try:
        return 0 if run(words) else 3
    except (CannotMeasure, OSError) as failure:
        print(f"could not be measured: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
