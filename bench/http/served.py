"""A server of its own for one benchmark, and what /proc says of it."""
import os
import re
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


class CannotMeasure(Exception):
    """Why a figure could not be measured."""


class Process:
    """A server that runs; to be used with `with`. Those that are one have `process` and `name`."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def processor_seconds(self):
        """Of all its threads, since its start."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) / 1024

    def await_quiet(self, at_most=60, idle=0.02):
        """Until what an earlier round left to do is done: less than `idle` of a core over half a second."""
        last = time.monotonic() + at_most
        while time.monotonic() < last:
            before = self.processor_seconds()
            time.sleep(0.5)
            if self.processor_seconds() - before < idle / 2:
                return
        raise CannotMeasure(f"{self.name} was still busy {at_most} s after its clients had ended")


class Server(Process):
    """`rowmq serve` with one protocol, on ports the system chooses, with a store of its own."""

    def __init__(self, program, store, protocol="sqs", more=()):
        self.name = f"the server on {store}"
        others = [word for other in ("sqs", "amqp") if other != protocol for word in ("--listen", f"{other}=off")]
        self.process = subprocess.Popen(
            [program, "serve", "--store", store, "--durability", "full", "--log-level", "warning",
             "--listen", f"{protocol}=127.0.0.1:0", *others, "--listen", "admin=127.0.0.1:0", *more],
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        said = ""
        for line in self.process.stdout:
            said += line
            if line == "ready\n":
                break
        else:
            self.process.wait()
            raise CannotMeasure(f"the server on {store} did not become ready: {said}")
        self.port = int(re.search(rf"^{protocol}\s+\w+://127\.0\.0\.1:(\d+)$", said, re.MULTILINE).group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
