"""Clients that work while there is a server, and write down what they did and saw."""
import collections
import os
import random
import threading
import time

import messages
from sqs_http import Refused, Unknown, Unreachable

LEASE_SECONDS = 2  # short, so that what a consumer forgot comes back within the run
RECEIVES = 3       # then the dead-letter queue
WORK, FIFO, SCRAP, DEAD, DEAD_FIFO = "work", "work.fifo", "scrap", "dead", "dead.fifo"
# What each queue is told, and what the ledger says of it.
QUEUES = {
    DEAD: ({}, "kind=standard"),
    DEAD_FIFO: ({"FifoQueue": "true"}, "kind=fifo"),
    WORK: ({"RowMQ.StrictCounting": "true"}, f"kind=standard strict=1 max_receives={RECEIVES} dead_letter={DEAD}"),
    FIFO: ({"FifoQueue": "true", "RowMQ.StrictCounting": "true"},
           f"kind=fifo strict=1 max_receives={RECEIVES} dead_letter={DEAD_FIFO}"),
    SCRAP: ({}, "kind=standard"),
}


class Canary(threading.Thread):
    """Syncs a few bytes beside the store again and again: when that takes long, it is the machine that stands still."""

    LONG = 0.2  # seconds

    def __init__(self, ledger, folder):
        super().__init__(name="canary", daemon=True)
        self.ledger, self.path, self.over, self.longest = ledger, folder / "canary", threading.Event(), 0.0
        self.stalls = []  # (from, to), nanoseconds

    def standing(self, began, ended):
        """Seconds between two moments in which the machine stood still."""
        return sum(max(0, min(to, ended) - max(since, began)) for since, to in list(self.stalls)) / 1e9

    def run(self):
        with open(self.path, "wb", buffering=0) as file:
            while not self.over.wait(0.02):
                began = time.monotonic_ns()
                file.write(b"x" * 512)
                os.fsync(file.fileno())
                took = (time.monotonic_ns() - began) / 1e9
                self.longest = max(self.longest, took)
                if took > self.LONG:
                    self.ledger.add(began, "canary", "stall", "ok")
                    self.stalls.append((began, time.monotonic_ns()))

    def end(self):
        self.over.set()
        self.join()


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

    def __init__(self, run, name, seed, library):
        super().__init__(name=name, daemon=True)
        self.shared, self.draw, self.library, self.client = run, random.Random(f"{seed}/{name}"), library, None

    def run(self):
        while True:
            turn, address = self.shared.await_turn(self.name)
            if address is None:
                return
            self.client = self.library(address)
            while self.shared.turn == turn:
                try:
                    self.step()
                except Unknown as error:  # logged; if the server is gone, connecting anew will tell
                    self.shared.surprises[str(error)[:60]] += 1
                except Unreachable:
                    self.shared.rest(self.name, turn)
            self.client.close()

    def attempt(self, op, action, queue, arguments, entries):
        """One call that stores something: logged with its outcome, entry by entry. `entries`: [name, detail]."""
        self.client.connect()
        invoked = time.monotonic_ns()
        try:
            answer = self.client.call(action, queue, **arguments)
        except Refused as error:
            self.shared.surprises[str(error)[:120]] += 1
            self.shared.ledger.add(invoked, self.name, op, "fail", entries)
            return
        except Unreachable:
            raise
        except Unknown:
            self.shared.ledger.add(invoked, self.name, op, "info", entries)
            raise
        returned = time.monotonic_ns()
        failed = {int(entry["Id"]) for entry in answer.get("Failed", [])}
        told = {int(entry["Id"]): entry for entry in answer.get("Successful", [])}
        if "Entries" not in arguments and (op != "send" or "MessageId" in answer):
            told = {0: answer}
        unsaid = [entry for n, entry in enumerate(entries) if n not in failed and n not in told]
        done = [(name, detail + self.told(op, told[n])) for n, (name, detail) in enumerate(entries) if n in told]
        for outcome, of_it in (("ok", done), ("fail", [entries[n] for n in sorted(failed)]), ("info", unsaid)):
            if of_it:
                self.shared.ledger.add(invoked, self.name, op, outcome, of_it, returned)
        if unsaid:  # a library may take an answer that was cut off for a whole one
            length = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-length")
            raise Unknown(f"{action}: nothing of {len(unsaid)} of {len(entries)}, Content-Length {length}")

    @staticmethod
    def told(op, entry):
        """What the server said of a message it took."""
        if op != "send":
            return ""
        sequence = entry.get("SequenceNumber")
        return f" m={entry['MessageId']}" + (f" seq={int(sequence)}" if sequence else "")


class Producer(Worker):
    """Sends one or several at a time. In the FIFO queue what is unknown is sent again with its deduplication id."""

    def __init__(self, run, name, seed, library):
        super().__init__(run, name, seed, library)
        self.sent, self.again = 0, None

    def step(self):
        queue, group, names, delay = self.again or self.next()
        sends, entries = [], []
        for name in names:
            body, attributes = messages.body_of(name), messages.attributes_of(name)
            send = {"MessageBody": body, "MessageAttributes": attributes}
            detail = f"q={queue} crc={messages.checksum(body, attributes)}"
            if group:
                send.update(MessageGroupId=group, MessageDeduplicationId=name)
                detail += f" g={group} dedup={name}"
            if delay:
                send.update(DelaySeconds=delay)
                detail += f" ms={delay * 1000}"
            sends.append(send)
            entries.append((name, detail))
        self.again = (queue, group, names, delay) if group and self.draw.random() < 0.7 else None
        if len(names) == 1:
            self.attempt("send", "SendMessage", queue, sends[0], entries)
        else:
            numbered = [{"Id": str(number), **send} for number, send in enumerate(sends)]
            self.attempt("send", "SendMessageBatch", queue, {"Entries": numbered}, entries)
        self.again = None

    def next(self):
        choice = self.draw.random()
        queue = FIFO if choice < 0.4 else SCRAP if choice < 0.5 else WORK
        group = f"{self.name}-{self.draw.randrange(2)}" if queue == FIFO else None
        delay = 1 if queue == WORK and self.draw.random() < 0.1 else 0
        names = [f"{self.name}:{self.sent + n}" for n in range(1 if self.draw.random() < 0.5 else self.draw.randint(2, 10))]
        self.sent += len(names)
        return queue, group, names, delay


class Consumer(Worker):
    """Receives and deletes; now and then gives back or forgets what it received. What is poison it never deletes."""

    def __init__(self, run, name, seed, library, queues):
        super().__init__(run, name, seed, library)
        self.own_queues, self.queues = queues, queues

    def drains(self, on):
        """All queues, dead letters too, without forgetting anything."""
        self.queues = tuple(QUEUES) if on else self.own_queues
        self.draining = on

    draining = False

    def step(self):
        queue = self.draw.choice(self.queues)
        got = self.receive(queue, wait=0 if len(self.queues) > 1 else 1)
        if not got:
            if self.draining:
                time.sleep(0.01)  # a queue that is empty now is not asked again at once
            return
        poison = [one for one in got if messages.is_poison(one[0]) and queue not in (DEAD, DEAD_FIFO, SCRAP)]
        rest = [one for one in got if one not in poison]
        choice = 1.0 if self.draining else self.draw.random()
        if choice < 0.03:
            return  # forgotten: comes back when its lease is over
        if poison:
            self.settle("extend", queue, poison)
        if choice < 0.06 and rest:
            self.settle("extend", queue, rest)
        elif choice < 0.3:
            for one in rest:
                self.attempt("delete", "DeleteMessage", queue, {"ReceiptHandle": one[1]}, [(one[0], f"q={queue} grant={one[2]}")])
        elif rest:
            self.settle("delete", queue, rest)

    def settle(self, op, queue, got):
        """Deletes, or gives back (visibility 0), in one call."""
        entries = [{"Id": str(number), "ReceiptHandle": handle} for number, (_, handle, _) in enumerate(got)]
        details = [(name, f"q={queue} grant={grant}" + (" ms=0" if op == "extend" else "")) for name, _, grant in got]
        if op == "extend":
            for entry in entries:
                entry["VisibilityTimeout"] = 0
        self.attempt(op, "DeleteMessageBatch" if op == "delete" else "ChangeMessageVisibilityBatch", queue, {"Entries": entries}, details)

    def receive(self, queue, wait):
        """[(name, handle, the ledger's number)]"""
        self.client.connect()
        invoked = time.monotonic_ns()
        common = f"q={queue} ms={LEASE_SECONDS * 1000} wait={wait * 1000}"
        try:
            answer = self.client.call("ReceiveMessage", queue, MaxNumberOfMessages=self.draw.randint(1, 10), WaitTimeSeconds=wait,
                                      VisibilityTimeout=LEASE_SECONDS, MessageAttributeNames=["All"], AttributeNames=["All"])
        except Unreachable:
            raise
        except Refused as error:
            self.shared.surprises[str(error)[:120]] += 1
            self.shared.ledger.add(invoked, self.name, "receive", "fail", [("-", common)])
            return []
        except Unknown:
            self.shared.ledger.add(invoked, self.name, "receive", "info", [("-", common)])
            raise
        returned = time.monotonic_ns()
        got = answer.get("Messages", [])
        entries = []
        for message in got:
            facts = message.get("Attributes", {})
            entries.append((messages.name_of(message), f"{common} crc={messages.checksum_of(message)} m={message['MessageId']}" +
                            f" n={facts.get('ApproximateReceiveCount', 0)}" + ("" if messages.is_intact(message) else " altered=1") +
                            (f" seq={int(facts['SequenceNumber'])}" if "SequenceNumber" in facts else "")))
        first = self.shared.ledger.add(invoked, self.name, "receive", "ok", entries or [("-", common)], returned)
        return [(messages.name_of(message), message["ReceiptHandle"], first + n) for n, message in enumerate(got)]
