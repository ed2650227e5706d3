"""A server of its own for one benchmark, and what /proc says of it."""
import os
import re
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


class CannotMeasure(Exception):
    """Why a figure could not be measured."""


class Server:
    """`rowmq serve` on ports the system chooses, with a store of its own; to be used with `with`."""

    def __init__(self, program, store):
        self.store = store
        self.process = subprocess.Popen(
            [program, "serve", "--store", store, "--durability", "full", "--log-level", "warning",
             "--listen", "sqs=127.0.0.1:0", "--listen", "amqp=off", "--listen", "admin=127.0.0.1:0"],
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        said = ""
        for line in self.process.stdout:
            said += line
            if line == "ready\n":
                break
        else:
            self.process.wait()
            raise CannotMeasure(f"the server on {store} did not become ready: {said}")
        self.port = int(re.search(r"^sqs\s+http://127\.0\.0\.1:(\d+)$", said, re.MULTILINE).group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def processor_seconds(self):
        """Of all its threads, since its start."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.MULTILINE).group(1)) / 1024

    def await_quiet(self, at_most=60):
        """Until what an earlier round left to do is done: less than 2 % of a core over half a second."""
        last = time.monotonic() + at_most
        while time.monotonic() < last:
            before = self.processor_seconds()
            time.sleep(0.5)
            if self.processor_seconds() - before < 0.01:
                return
        raise CannotMeasure(f"the server on {self.store} was still busy {at_most} s after its clients had ended")
