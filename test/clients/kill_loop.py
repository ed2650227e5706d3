#!/usr/bin/env python3
"""Kills the program again and again while clients work, and shows from their ledger that it kept its promises.

Producers and consumers work on a standard and a FIFO queue; SIGKILL comes 5 to 1500 ms after `ready`, now and then twice in a
row. Standard library only. Prints the ledger's verdict; exit 1 when an invariant does not hold (the ledger is kept).
--control runs over the store that forgets, memory:, and exits 0 only if the loss is found.
"""
import argparse
import base64
import collections
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True
import ledger as ledgers  # noqa: E402
from server import NotReady, Server  # noqa: E402
from sqs_http import Client, Refused, Unknown, Unreachable  # noqa: E402

STANDARD, FIFO = "work", "work.fifo"
LEASE_SECONDS = 2  # short, so that what a consumer forgot comes back within the run


def body_of(name):
    """The body that belongs to a message: its name, a filling that follows from the name, a checksum."""
    draw = random.Random(name)
    size = 200_000 if draw.random() < 0.01 else int(2 ** draw.uniform(0, 13))
    text = name + "|" + base64.b64encode(draw.randbytes(size * 3 // 4)).decode()
    return f"{text}|{zlib.crc32(text.encode()):08x}"


def attributes_of(name):
    """A third of the messages carry attributes."""
    if zlib.crc32(name.encode()) % 3:
        return {}
    return {"name": {"DataType": "String", "StringValue": name},
            "bytes": {"DataType": "Binary", "BinaryValue": base64.b64encode(name.encode()).decode()}}


def is_intact(message):
    name = message["Body"].split("|", 1)[0]
    attributes = message.get("MessageAttributes", {})
    return message["Body"] == body_of(name) and {
        key: {part: value[part] for part in ("DataType", "StringValue", "BinaryValue") if part in value}
        for key, value in attributes.items()} == attributes_of(name)


class Stuck(Exception):
    """Something that must end did not."""


class Run:
    """What the clients share: where the server is now, and whether they should work."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.change = threading.Condition()
        self.address = None      # none: the server is down or nobody should work
        self.turn = 0            # grows whenever the address changes
        self.idle = set()        # clients that wait for a turn with an address
        self.over = False
        self.surprises = collections.Counter()  # what calls answered that was not success, by its beginning

    def open(self, address):
        with self.change:
            self.address, self.turn = address, self.turn + 1
            self.idle.clear()
            self.change.notify_all()

    def shut(self, clients):
        """No client works on afterwards; returns when the last one has noticed."""
        with self.change:
            self.address, self.turn = None, self.turn + 1
            self.change.notify_all()
            if not self.change.wait_for(lambda: len(self.idle) >= clients, 60):
                raise Stuck(f"of {clients} clients only {sorted(self.idle)} stopped within 60 s")

    def rest(self, who, turn):
        """Until the next turn."""
        with self.change:
            self.idle.add(who)
            self.change.notify_all()
            self.change.wait_for(lambda: self.turn != turn)

    def end(self):
        with self.change:
            self.over = True
            self.turn += 1
            self.change.notify_all()

    def await_turn(self, who):
        """(turn, address); address none when all is over."""
        with self.change:
            while self.address is None and not self.over:
                self.idle.add(who)
                self.change.notify_all()
                self.change.wait()
            return self.turn, None if self.over else self.address


class Worker(threading.Thread):
    """A client that takes one step() after another while there is a server."""

    def __init__(self, run, name, seed):
        super().__init__(name=name, daemon=True)
        self.shared, self.draw, self.client = run, random.Random(f"{seed}/{name}"), None

    def run(self):
        while True:
            turn, address = self.shared.await_turn(self.name)
            if address is None:
                return
            self.client = Client(address)
            while self.shared.turn == turn:
                try:
                    self.step()
                except Unknown as error:  # logged; if the server is gone, connecting anew will tell
                    self.shared.surprises[str(error)[:60]] += 1
                except Unreachable:
                    self.shared.rest(self.name, turn)
            self.client.close()

    def attempt(self, op, action, queue, arguments, detail):
        """One call that stores something: logged with its outcome. The answer; None when it was refused."""
        self.client.connect()
        invoked = time.monotonic_ns()
        try:
            answer = self.client.call(action, queue, **arguments)
        except Refused as error:
            self.shared.surprises[str(error)[:160]] += 1
            self.shared.ledger.add(invoked, self.name, op, "fail", queue=queue, **detail)
            return None
        except Unknown:
            self.shared.ledger.add(invoked, self.name, op, "info", queue=queue, **detail)
            raise
        returned = time.monotonic_ns()
        failed = [detail["ids"][int(entry["Id"])] for entry in answer.get("Failed", [])]
        done = [name for name in detail["ids"] if name not in failed]
        if done:
            self.shared.ledger.add(invoked, self.name, op, "ok", returned, queue=queue, **(detail | {"ids": done}))
        if failed:
            self.shared.ledger.add(invoked, self.name, op, "fail", returned, queue=queue, **(detail | {"ids": failed}))
        return answer


class Producer(Worker):
    """Sends one or several at a time. In the FIFO queue what is unknown is sent again with its deduplication id."""

    def __init__(self, run, number, seed):
        super().__init__(run, f"producer-{number}", seed)
        self.sent, self.again = 0, None

    def step(self):
        queue, group, names = self.again or self.next()
        entries = [{"MessageBody": body_of(name), "MessageAttributes": attributes_of(name)} for name in names]
        if group:
            for entry, name in zip(entries, names):
                entry.update(MessageGroupId=group, MessageDeduplicationId=name)
        self.again = (queue, group, names) if group and self.draw.random() < 0.7 else None
        detail = {"group": group, "ids": names}
        if len(names) == 1:
            self.attempt("send", "SendMessage", queue, entries[0], detail)
        else:
            numbered = [{"Id": str(number), **entry} for number, entry in enumerate(entries)]
            self.attempt("send", "SendMessageBatch", queue, {"Entries": numbered}, detail)
        self.again = None

    def next(self):
        group = f"{self.name}-{self.draw.randrange(2)}" if self.draw.random() < 0.4 else None
        names = [f"{self.name}:{self.sent + n}" for n in range(1 if self.draw.random() < 0.5 else self.draw.randint(2, 10))]
        self.sent += len(names)
        return (FIFO if group else STANDARD), group, names


class Consumer(Worker):
    """Receives and deletes; now and then gives back or forgets what it received (unless it drains)."""

    def __init__(self, run, number, seed):
        super().__init__(run, f"consumer-{number}", seed)
        self.queue = FIFO if number % 2 else STANDARD
        self.draining = False

    def step(self):
        messages = self.receive(wait=1)
        if not messages:
            return
        choice = 1.0 if self.draining else self.draw.random()
        if choice < 0.03:
            return  # forgotten: comes back when its lease is over
        names = [message["Body"].split("|", 1)[0] for message in messages]
        if choice < 0.06:
            entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                       for number, message in enumerate(messages)]
            self.attempt("release", "ChangeMessageVisibilityBatch", self.queue, {"Entries": entries}, {"ids": names})
        elif choice < 0.3:
            for message, name in zip(messages, names):
                self.attempt("delete", "DeleteMessage", self.queue, {"ReceiptHandle": message["ReceiptHandle"]}, {"ids": [name]})
        else:
            entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)]
            self.attempt("delete", "DeleteMessageBatch", self.queue, {"Entries": entries}, {"ids": names})

    def receive(self, wait):
        self.client.connect()
        invoked = time.monotonic_ns()
        try:
            answer = self.client.call("ReceiveMessage", self.queue, MaxNumberOfMessages=self.draw.randint(1, 10),
                                      WaitTimeSeconds=wait, VisibilityTimeout=LEASE_SECONDS, MessageAttributeNames=["All"])
        except Refused as error:
            self.shared.surprises[str(error)[:160]] += 1
            return []
        messages = answer.get("Messages", [])
        self.shared.ledger.add(invoked, self.name, "receive", "ok", queue=self.queue, visibility_ms=LEASE_SECONDS * 1000,
                               got=[[message["Body"].split("|", 1)[0], is_intact(message)] for message in messages])
        return messages


def count(address, queue):
    client = Client(address)
    try:
        attributes = client.call("GetQueueAttributes", queue, AttributeNames=["All"])["Attributes"]
        return sum(int(attributes["ApproximateNumberOfMessages" + kind]) for kind in ("", "NotVisible", "Delayed"))
    finally:
        client.close()


def log_counts(server, ledger, op):
    for queue in (STANDARD, FIFO):
        invoked = time.monotonic_ns()
        held = count(server.address("sqs"), queue)
        ledger.add(invoked, "main", op, "ok", queue=queue, count=held)


def create_queues(server):
    """Finds them, after the first time."""
    client = Client(server.address("sqs"))
    client.call("CreateQueue", QueueName=STANDARD)
    client.call("CreateQueue", QueueName=FIFO, Attributes={"FifoQueue": "true"})
    client.close()


class Loop:
    """The whole run: N kills, then a drain, then the verdict."""

    def __init__(self, options, folder):
        self.options, self.draw = options, random.Random(options.seed)
        self.server = Server(options.program, folder, store="memory:" if options.control else None)
        self.path = pathlib.Path(folder) / "ledger.jsonl"
        self.ledger = ledgers.Ledger(self.path)
        self.producing, self.consuming = Run(self.ledger), Run(self.ledger)
        self.producers = [Producer(self.producing, n, options.seed) for n in range(options.producers)]
        self.consumers = [Consumer(self.consuming, n, options.seed) for n in range(options.consumers)]
        self.ready = []

    def start(self):
        """Starts the program; a fifth of the time it is killed once more while it does."""
        while self.draw.random() < 0.2:
            self.server.begin()
            time.sleep(self.draw.uniform(0, 0.05))  # the moment of the kill, drawn
            self.kill()
        self.server.start()
        self.ready.append(self.server.ready_after)
        create_queues(self.server)

    def kill(self):
        invoked = time.monotonic_ns()
        self.server.kill()
        self.ledger.add(invoked, "main", "kill", "ok")

    def open(self):
        self.consuming.open(self.server.address("sqs"))
        self.producing.open(self.server.address("sqs"))

    def shut(self):
        self.producing.shut(len(self.producers))
        self.consuming.shut(len(self.consumers))

    def rounds(self):
        self.start()
        for worker in self.producers + self.consumers:
            worker.start()
        for number in range(1, self.options.kills + 1):
            self.open()
            time.sleep(self.draw.uniform(0.005, 1.5))  # the moment of the kill, drawn
            self.kill()
            self.shut()
            self.start()
            log_counts(self.server, self.ledger, "counted")
            if number % 25 == 0:
                self.drain()
                print(f"{number} kills, drained", flush=True)
        self.drain()

    def drain(self):
        """Consumers alone, until both queues have been empty or the time is up."""
        for consumer in self.consumers:
            consumer.draining = True
        self.consuming.open(self.server.address("sqs"))
        until = time.monotonic() + 120
        while time.monotonic() < until and any(count(self.server.address("sqs"), queue) for queue in (STANDARD, FIFO)):
            time.sleep(0.05)  # between two looks at the counts, which nothing announces
        self.consuming.shut(len(self.consumers))
        log_counts(self.server, self.ledger, "drained")
        for consumer in self.consumers:
            consumer.draining = False

    def end(self):
        self.producing.end()
        self.consuming.end()
        for worker in self.producers + self.consumers:
            worker.join(30)
        code = self.server.stop()
        self.ledger.close()
        return code

    def store_is_sound(self):
        """What the program's own check says of the file after all that."""
        done = subprocess.run([self.server.program, "check", "--store", self.server.store], cwd=self.server.folder,
                              capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            print(f"rowmq check: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.returncode == 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default="build/release/rowmq")
    arguments.add_argument("--kills", type=int, default=200 if os.environ.get("ROWMQ_FULL") else 20)
    arguments.add_argument("--producers", type=int, default=3)
    arguments.add_argument("--consumers", type=int, default=4)
    arguments.add_argument("--control", action="store_true", help="show that the loop finds loss")
    arguments.add_argument("--seed", type=int, default=None, help="repeats a run's choices (not its timing)")
    options = arguments.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
    folder = tempfile.mkdtemp(prefix="rowmq-kills-")
    print(f"seed {options.seed}, {options.kills} kills, in {folder}", flush=True)
    began = time.monotonic()
    loop = Loop(options, folder)
    try:
        loop.rounds()
        code = loop.end()
    except (NotReady, Stuck, Refused, Unknown, Unreachable) as error:
        print(f"FAILED: {error}\n{loop.server.log()}")
        return 1
    finally:
        loop.server.kill()  # whatever ended the run; nothing when it has stopped
    verdict = ledgers.check(ledgers.read(loop.path))
    sound = options.control or loop.store_is_sound()
    ready = sorted(loop.ready)
    print(verdict)
    print(f"ready again: p50 {ready[len(ready) // 2] * 1000:.0f} ms, max {ready[-1] * 1000:.0f} ms; "
          f"{time.monotonic() - began:.0f} s in all; SIGTERM ended it with {code}")
    good = verdict.holds and sound and code == 0 and verdict.counts["confirmed"] > 0
    if options.control:
        print("the loss was found" if verdict.violations["lost"] else "FAILED: memory: lost nothing in a kill?")
        good = bool(verdict.violations["lost"])
    if good:
        shutil.rmtree(folder)
    for surprise, times in sorted((loop.producing.surprises + loop.consuming.surprises).items()):
        print(f"  {times} x {surprise}")
    if not options.control:
        print("every promise was kept" if good else f"FAILED, the ledger is {loop.path}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
