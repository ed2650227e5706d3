"""What bad consumers of every protocol share: a server with a ledger, bars that are met or not, and the command line."""
import argparse
import atexit
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import dump
from ledger import Ledger
from server import Server

MIB = 1024 * 1024


class Part:
    """A server, a ledger, and complaints."""

    def __init__(self, name, options, arguments=()):
        self.options, self.complaints = options, []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"rowmq-{name}-"))
        self.server = Server(options.program, self.folder, arguments=arguments)
        self.ledger = Ledger(self.folder / "ledger.txt")
        atexit.register(self.server.kill)  # whatever ends the run; nothing when it has stopped
        self.server.start()

    def describe(self, queue, rules):
        """Tells the ledger what a queue is."""
        self.ledger.add(time.monotonic_ns(), "main", "queue", "ok", [(queue, rules)])

    def expect(self, holds, sentence):
        if not holds:
            self.complaints.append(sentence)

    def process(self, name):
        """A figure of /proc/PID/status, in KiB."""
        with open(f"/proc/{self.server.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))

    def forget_peak(self):
        """From here on VmHWM is the highest VmRSS since."""
        pathlib.Path(f"/proc/{self.server.process.pid}/clear_refs").write_text("5")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def await_descriptors(self, at_most, seconds=10):
        """Waits until the process has no more than that. How many it has."""
        until = time.monotonic() + seconds
        while self.descriptors() > at_most and time.monotonic() < until:
            time.sleep(0.05)  # between two looks
        return self.descriptors()

    def rows(self):
        with dump.opened(self.folder / "messages.db") as db:
            tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
            return sum(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)

    def store_bytes(self):
        return sum(path.stat().st_size for path in self.folder.glob("messages.db*"))

    def at_rest(self):
        """What the process holds when nobody works."""
        time.sleep(3)  # sweeps and the checkpoint of a program at rest
        return {"rss_kib": self.process("VmRSS"), "descriptors": self.descriptors(), "rows": self.rows()}

    def gauge(self, name, value, base=False):
        self.ledger.add(time.monotonic_ns(), "main", "gauge", "ok", [(name, f"value={value}" + (" base=1" if base else ""))])

    def gauges(self, base, left):
        for name in base:
            self.gauge(name, base[name], base=True)
            self.gauge(name, left[name])

    def kill(self):
        """SIGKILL, in the ledger; the program is started again."""
        invoked = time.monotonic_ns()
        self.server.kill()
        self.ledger.add(invoked, "main", "kill", "ok")
        self.server.start()

    def abandon(self):
        """Ends without a verdict."""
        self.server.kill()
        self.ledger.close()
        shutil.rmtree(self.folder)

    def end(self):
        """Stops the server, asks the checker, says what was wrong."""
        code = self.server.stop()
        self.expect(code == 0, f"SIGTERM ended the program with {code}")
        self.ledger.close()
        held = self.folder / "dump.txt"
        held.write_text("".join(line + "\n" for line in dump.lines(self.folder / "messages.db")))
        checked = subprocess.run([self.options.checker, "--grant-ms", "5000", str(self.ledger.path), str(held)], capture_output=True,
                                 text=True, timeout=600)
        broken = [line for line in checked.stdout.splitlines() if not line.endswith(": 0 violations")]
        print("  " + "\n  ".join(broken) + checked.stderr)
        self.expect(checked.returncode == 0, "the checker found what is above")
        for complaint in self.complaints:
            print(f"  FAILED: {complaint}")
        if self.complaints:
            print(f"  the ledger is {self.ledger.path}", flush=True)
        else:
            shutil.rmtree(self.folder)
        return not self.complaints


def p99(took):
    return sorted(took)[len(took) * 99 // 100]


def run(doc, parts):
    """The command line of a script of parts, each a function of the options. The exit code."""
    arguments = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("parts", nargs="*", choices=[*parts, []], help="which; all without")
    arguments.add_argument("--program", default="build/release/rowmq")
    arguments.add_argument("--checker", default="build/release/test/torture/checker/checker")
    arguments.add_argument("--full", action="store_true", default=bool(os.environ.get("ROWMQ_FULL")))
    arguments.add_argument("--queues", type=int, help="of the churn")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    options.checker = str(pathlib.Path(options.checker).resolve())
    good = True
    for name in options.parts or parts:
        good &= parts[name](options)
        sys.stdout.flush()
    print("every bar was met" if good else "FAILED")
    return 0 if good else 1
