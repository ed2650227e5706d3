"""One `rowmq serve` under test: on ports of its own, over a store of its own, on loopback only."""
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

READY_SECONDS = 20


class NotReady(Exception):
    """The program ended or stayed silent before it said `ready`."""


class Server:
    """Starts, stops and kills one process. `address("sqs")` is where it really listens."""

    def __init__(self, program, folder, store=None, arguments=()):
        self.program = str(pathlib.Path(program).resolve())
        self.folder = pathlib.Path(folder)
        self.store = store or f"sqlite:{self.folder}/messages.db"
        self.arguments = list(arguments)
        self.process = None
        self.environment = {}  # beside the caller's own, which has nothing of ours
        self.output = []
        self.ready_after = None  # seconds from exec to `ready`

    def start(self):
        self.begin()
        self.await_ready()
        return self

    def begin(self):
        """Starts the process and returns at once."""
        assert self.process is None, "started twice"
        self.output, self._ready = [], threading.Event()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROWMQ_")} | self.environment
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            [self.program, "serve", "--listen", "sqs=127.0.0.1:0", "--listen", "amqp=127.0.0.1:0", "--listen", "admin=127.0.0.1:0",
             "--store", self.store, *self.arguments],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def await_ready(self):
        if not self._ready.wait(READY_SECONDS) or self.ready_after is None:
            self.kill()
            raise NotReady("rowmq serve did not say ready:\n" + self.log())

    def _read(self, stream):
        for line in stream:
            self.output.append(line.rstrip("\n"))
            if line.strip() == "ready":
                self.ready_after = time.monotonic() - self._began
                self._ready.set()
        self._ready.set()  # ended: whoever waits looks at ready_after

    def log(self):
        return "\n".join(self.output[-50:])

    def address(self, protocol):
        """HOST:PORT of a listener, as printed."""
        for line in self.output:
            match = re.search(rf"\b{protocol}\b.*?((?:\d+\.){{3}}\d+:\d+)", line)
            if match:
                return match.group(1)
        raise AssertionError(f"no address of {protocol} in:\n{self.log()}")

    @property
    def url(self):
        return f"http://{self.address('sqs')}"

    @property
    def amqp_port(self):
        return int(self.address("amqp").rpartition(":")[2])

    @property
    def management_port(self):
        return int(self.address("admin").rpartition(":")[2])

    def kill(self):
        """SIGKILL: what a crash of the program looks like."""
        return self._end(signal.SIGKILL)

    def stop(self):
        """SIGTERM: what an operator does. The exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number):
        if self.process is None:
            return None
        self.process.send_signal(number)  # Popen sends nothing to a process it has already waited for
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "did not end within 15 s"
        self._reader.join()
        self.process.stdout.close()
        self.process = None
        self.ready_after = None
        return code

    def restart(self):
        self.stop()
        return self.start()
