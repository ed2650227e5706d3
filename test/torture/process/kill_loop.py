#!/usr/bin/env python3
"""Kills the program again and again while clients work; the checker then judges what they saw.

Producers and consumers (raw HTTP, and boto3 where it is installed) work on standard, delayed and FIFO messages with dead-letter
queues. Each round ends with SIGKILL 5 to 1500 ms after it began; for one round in four the program kills itself at a failpoint
(it must be built with them); one in ten ends with SIGTERM, which must drain. One start in five is killed within 50 ms.
Exit 1 when a promise was broken; the ledger is kept then. --control runs over the store that forgets, memory:, and exits 0 only
if the loss is found. --protocol amqp does the same with pika: confirms, transactions, consumers, basic.get (amqp_workers.py).
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "clients")]
sys.dont_write_bytecode = True
import dump  # noqa: E402
import sqs_http  # noqa: E402
from ledger import Ledger  # noqa: E402
from server import NotReady, Server  # noqa: E402
from sqs_http import Refused, Unknown, Unreachable  # noqa: E402
from workers import FIFO, QUEUES, SCRAP, WORK, Canary, Consumer, Producer, Run, Stuck  # noqa: E402

try:
    import sqs_boto3
except ImportError:
    sqs_boto3 = None

# Every place the program can be told to die at, and up to which pass: so that a round reaches it.
FAILPOINTS = {"before_begin": 300, "log_written": 300, "synced": 300, "deduplication_put": 300, "half_move": 4, "half_purge": 1,
              "purged": 1, "half_sweep": 1, "half_reply": 400, "half_checkpoint": 1}
MIGRATIONS = (1, 2, 2, 2, 2)  # of a new store: die in the first, then go on from there and die in the next
DRAIN_EVERY = 25
FAILPOINT_SECONDS = 6   # a failpoint that was not reached by then is none


class Broken(Exception):
    """A promise that is judged here, not by the checker."""


class Sqs:
    """What the loop asks of a protocol."""

    listener, queues, failpoints, arguments = "sqs", QUEUES, FAILPOINTS, ()
    told = ("boto3 and " if sqs_boto3 else "") + "raw HTTP"

    def __init__(self, options):
        self.raw, self.other = sqs_http.Client, sqs_boto3.Client if sqs_boto3 else sqs_http.Client
        self.forgets = options.control

    def producers(self, run, seed):
        return [Producer(run, f"producer-{n}", seed, library) for n, library in enumerate((self.raw, self.raw, self.other))]

    def consumers(self, run, seed):
        raw, other = self.raw, self.other
        return [Consumer(run, f"consumer-{n}", seed, library, queues)
                for n, (library, queues) in enumerate(((raw, (WORK,)), (raw, (FIFO,)), (other, (WORK,)), (raw, (FIFO,)), (raw, (WORK, FIFO))))]

    def purge(self, address):
        client = sqs_http.Client(address)
        try:
            client.connect()
            client.call("PurgeQueue", SCRAP)
            return "ok"
        except Refused:
            return "fail"
        except (Unknown, Unreachable):
            return "info"
        finally:
            client.close()

    def declare(self, address, first):
        """Finds the queues, after the first time."""
        client = sqs_http.Client(address)
        for queue, (attributes, rules) in QUEUES.items():
            client.call("CreateQueue", QueueName=queue, Attributes=attributes)
            if "dead_letter=" in rules:
                target = rules.split("dead_letter=")[1]
                policy = f'{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:{target}","maxReceiveCount":3}}'
                if first or self.forgets:
                    client.call("SetQueueAttributes", queue, Attributes={"RedrivePolicy": policy})
        client.close()

    def measure(self, server):
        pass

    def facts(self):
        return ()

    def complaints(self):
        return ()


class Loop:
    def __init__(self, options, folder, protocol):
        self.protocol = protocol
        self.options, self.draw, self.folder = options, random.Random(options.seed), pathlib.Path(folder)
        self.server = Server(options.program, folder, store="memory:" if options.control else None, arguments=protocol.arguments)
        self.ledger = Ledger(self.folder / "ledger.txt")
        self.canary = Canary(self.ledger, self.folder)
        self.canary.start()
        self.producing, self.consuming = Run(self.ledger), Run(self.ledger)
        self.producers = protocol.producers(self.producing, options.seed)
        self.consumers = protocol.consumers(self.consuming, options.seed)
        self.ready, self.stops, self.ends = [], [], collections.Counter()
        self.reached, self.to_reach = collections.Counter(), []

    # ---------------------------------------------------------------------------------------- starting and ending

    def start(self, failpoint=None):
        """Starts the program; a fifth of the time it is killed once more while it does."""
        while not self.options.control and self.draw.random() < 0.2:  # a control's few kills are of a program that has messages
            self.server.begin()
            time.sleep(self.draw.uniform(0, 0.05))  # the moment of the kill, drawn
            self.kill("double kill")
        self.server.environment = {"ROWMQ_FAILPOINT": failpoint} if failpoint else {}
        began = time.monotonic_ns()
        self.server.start()
        self.ready.append((self.server.ready_after, began, time.monotonic_ns()))

    def kill(self, how):
        invoked = time.monotonic_ns()
        self.server.kill()
        self.ledger.add(invoked, "main", "kill", "ok")
        self.ends[how] += 1

    def stop(self):
        """SIGTERM under load: it answers what it has begun and ends with 0."""
        invoked = time.monotonic_ns()
        code = self.server.stop()
        self.ledger.add(invoked, "main", "stop", "ok")
        ended = time.monotonic_ns()
        self.stops.append((ended - invoked) / 1e9)
        self.ends["SIGTERM"] += 1
        if self.stops[-1] > 5:
            time.sleep(1)  # what the canary is at belongs to it
        if code != 0 or self.stops[-1] - self.canary.standing(invoked, ended) > 5:
            raise Broken(f"SIGTERM ended the program with {code} after {self.stops[-1]:.1f} s:\n{self.server.log()}")

    def migrate(self):
        """A new store: the program dies in each of its migrations first."""
        for passes in MIGRATIONS:
            self.server.environment = {"ROWMQ_FAILPOINT": f"half_migration:{passes}"}
            self.server.begin()
            if not self.await_death(FAILPOINT_SECONDS, "half_migration"):
                raise Broken("half_migration was not reached on a new store")

    def await_death(self, seconds, failpoint):
        """Whether the program killed itself in time; in the ledger the kill lies between two looks."""
        alive, until = time.monotonic_ns(), time.monotonic() + seconds
        while time.monotonic() < until:
            looked = time.monotonic_ns()
            if self.server.process.poll() is not None:
                self.server.kill()
                self.note_death(alive, failpoint)
                return True
            alive = looked
            time.sleep(0.002)  # between two looks at a process that announces nothing
        return False

    def note_death(self, alive, failpoint):
        self.ledger.add(alive, "main", "kill", "ok")
        self.ends["failpoint"] += 1
        self.reached[failpoint] += 1

    # ---------------------------------------------------------------------------------------- rounds

    def address(self):
        return self.server.address(self.protocol.listener)

    def open(self):
        self.consuming.open(self.address())
        self.producing.open(self.address())

    def shut(self):
        self.producing.shut(len(self.producers))
        self.consuming.shut(len(self.consumers))

    def purge(self):
        invoked = time.monotonic_ns()
        self.ledger.add(invoked, "main", "purge", self.protocol.purge(self.address()), [(SCRAP, "")])

    def round_to_failpoint(self, name):
        """Until the program kills itself; what was not reached is tried again later."""
        self.stop_idle()
        invoked = time.monotonic_ns()
        try:
            self.start(f"{name}:{self.draw.randint(1, self.protocol.failpoints[name])}")
        except NotReady:
            if self.server.log():
                raise
            self.note_death(invoked, name)  # it goes on with what it was killed at before, and so early
            return
        try:
            self.create_queues()
        except (Unknown, Unreachable):
            pass  # so early
        self.open()
        if name in ("half_purge", "purged", "half_sweep"):
            time.sleep(0.2)  # so that there is something to purge
            self.purge()
        if name == "half_checkpoint":  # happens when nobody works
            time.sleep(0.2)
            self.producing.shut(len(self.producers))
            self.consuming.shut(len(self.consumers))
        if not self.await_death(FAILPOINT_SECONDS, name):
            self.to_reach.append(name)
            self.kill("SIGKILL")
        self.shut()

    def round_of_chance(self):
        self.open()
        if self.draw.random() < 0.3:
            self.purge()
        time.sleep(self.draw.uniform(0.005, 1.5))  # the moment of the end, drawn
        self.protocol.measure(self.server)
        if not self.options.control and self.draw.random() < 0.13:
            self.stop()
        else:
            self.kill("SIGKILL")
        self.shut()

    def rounds(self):
        if self.options.failpoints:
            self.migrate()
        for worker in self.producers + self.consumers:
            worker.start()
        drained = 0
        self.look()
        while (kills := sum(self.ends.values()) - self.ends["SIGTERM"]) < self.options.kills:
            if self.options.failpoints and self.draw.random() < 0.25:
                if not self.to_reach:
                    self.to_reach = self.draw.sample(list(self.protocol.failpoints), len(self.protocol.failpoints))
                self.round_to_failpoint(self.to_reach.pop())
            else:
                self.round_of_chance()
            self.look()
            if kills // DRAIN_EVERY > drained:
                drained = kills // DRAIN_EVERY
                self.drain()
                print(f"{kills} kills, drained", flush=True)
        self.drain()
        self.ledger.add(time.monotonic_ns(), "main", "quiet", "ok")

    def look(self):
        """After each end: the program starts, its counters are its rows, and what it tells goes to the ledger."""
        self.start()
        self.create_queues()
        self.conserve()
        self.count()

    def stop_idle(self):
        invoked = time.monotonic_ns()
        if (code := self.server.stop()) != 0:
            raise Broken(f"SIGTERM ended the idle program with {code}:\n{self.server.log()}")
        self.ledger.add(invoked, "main", "stop", "ok")

    def conserve(self):
        if not self.options.control and (wrong := dump.conserves(self.folder / "messages.db")):
            raise Broken("; ".join(wrong))

    def create_queues(self):
        """Finds them, after the first time."""
        self.protocol.declare(self.address(), first=not self.described)
        if not self.described:
            for queue, (_, rules) in self.protocol.queues.items():
                self.ledger.add(time.monotonic_ns(), "main", "queue", "ok", [(queue, rules)])
        self.described = True

    described = False

    def counts(self):
        """Told by SQS, whatever the protocol: AMQP says nothing of what is held."""
        client, total = sqs_http.Client(self.server.address("sqs")), {}
        for queue in reversed(self.protocol.queues):  # where dead letters come from first: one that moves meanwhile is counted, if twice
            told = client.call("GetQueueAttributes", queue, AttributeNames=["All"])["Attributes"]
            total[queue] = sum(int(told["ApproximateNumberOfMessages" + kind]) for kind in ("", "NotVisible", "Delayed"))
        client.close()
        return total

    def count(self):
        invoked = time.monotonic_ns()
        for queue, held in self.counts().items():
            self.ledger.add(invoked, "main", "count", "ok", [("-", f"q={queue} value={held}")])

    def told_of(self, queue):
        """What the program says of a queue: what is ready, leased, delayed, and who consumes."""
        with urllib.request.urlopen(f"http://{self.server.address('admin')}/rowmq/v1/queues/{queue}", timeout=10) as answer:
            told = json.load(answer)
        return {name: told[name] for name in ("ready", "leased", "delayed", "consumers", "delivered") if name in told} or told

    def drain(self):
        """Consumers alone, until all queues are empty or the time is up."""
        for consumer in self.consumers:
            consumer.drains(True)
        self.consuming.open(self.address())
        until = time.monotonic() + 120
        while time.monotonic() < until and any(self.counts().values()):
            time.sleep(0.05)  # between two looks at the counts, which nothing announces
        stuck = {queue: self.told_of(queue) for queue, held in self.counts().items() if held}
        self.consuming.shut(len(self.consumers))
        self.count()
        left = {queue: held for queue, held in self.counts().items() if held}
        if left:
            raise Broken(f"not drained: {left}; before the consumers went: {stuck}")
        for consumer in self.consumers:
            consumer.drains(False)

    def end(self):
        self.producing.end()
        self.consuming.end()
        for worker in self.producers + self.consumers:
            worker.join(30)
        self.stop()
        self.canary.end()
        self.ledger.close()

    # ---------------------------------------------------------------------------------------- verdict

    def judged(self):
        """The checker's and the program's own verdict over what is left."""
        arguments = [self.options.checker, "--grant-ms", str(self.options.grant_ms), str(self.ledger.path)]
        if not self.options.control:
            held = self.folder / "dump.txt"
            held.write_text("".join(line + "\n" for line in dump.lines(self.folder / "messages.db")))
            arguments.append(str(held))
        checked = subprocess.run(arguments, capture_output=True, text=True, timeout=600)
        print(checked.stdout + checked.stderr, end="")
        if self.options.control:
            return checked.returncode == 1 and "I1 at least once: 0" not in checked.stdout
        sound = subprocess.run([self.server.program, "check", "--store", self.server.store], cwd=self.folder,
                               capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        if sound.returncode != 0:
            print(f"rowmq check: exit {sound.returncode}\n{sound.stdout}{sound.stderr}")
        return checked.returncode == 0 and sound.returncode == 0

    def told(self, seconds):
        ready = sorted(seconds for seconds, _, _ in self.ready)
        print(f"{sum(self.ends.values()) - self.ends['SIGTERM']} kills: " + ", ".join(f"{n} {how}" for how, n in sorted(self.ends.items())))
        print(f"ready again after {len(ready)} starts: p50 {ready[len(ready) // 2] * 1000:.0f} ms, max {ready[-1] * 1000:.0f} ms")
        print(f"the machine itself: syncing 512 bytes took up to {self.canary.longest * 1000:.0f} ms")
        if self.stops:
            print(f"SIGTERM: {len(self.stops)} drains, the longest {max(self.stops) * 1000:.0f} ms")
        if self.options.failpoints:
            print("failpoints: " + ", ".join(f"{name} {self.reached[name]}" for name in [*self.protocol.failpoints, "half_migration"]))
        for fact in self.protocol.facts():
            print(fact)
        for surprise, times in sorted((self.producing.surprises + self.consuming.surprises).items()):
            print(f"  {times} x {surprise}")
        print(f"{seconds:.0f} s in all")

    def complaints(self):
        slow = max((seconds - self.canary.standing(began, ended) for seconds, began, ended in self.ready), default=0) * 1000
        if slow > self.options.ready_ms:
            yield f"ready again only after {slow:.0f} ms, without those the machine stood still; the bar is {self.options.ready_ms}"
        if self.options.failpoints and self.options.kills >= 100 and (missed := [name for name in self.protocol.failpoints if not self.reached[name]]):
            yield f"failpoints that were never reached: {', '.join(missed)}"
        yield from self.protocol.complaints()


def protocol_of(options):
    if options.protocol == "sqs":
        return Sqs(options)
    from amqp_workers import Amqp  # needs pika
    return Amqp(options)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default="build/release/rowmq_failing")
    arguments.add_argument("--checker", default="build/release/test/torture/checker/checker")
    arguments.add_argument("--kills", type=int, default=1000 if os.environ.get("ROWMQ_FULL") else 100)
    arguments.add_argument("--control", action="store_true", help="show that loss is found")
    arguments.add_argument("--protocol", choices=("sqs", "amqp"), default="sqs")
    arguments.add_argument("--early-delivery", choices=("on", "off"), default="on", help="with amqp: what the program is told")
    arguments.add_argument("--no-failpoints", dest="failpoints", action="store_false", help="for a program without them")
    arguments.add_argument("--ready-ms", type=int, default=1000, help="within which a start must be ready")
    arguments.add_argument("--grant-ms", type=int, help="within which a ready message reaches who waits; 1000, with amqp 5000")
    arguments.add_argument("--seed", type=int, default=None, help="repeats a run's choices (not its timing)")
    options = arguments.parse_args()
    options.failpoints = options.failpoints and not options.control
    options.checker = str(pathlib.Path(options.checker).resolve())
    if options.grant_ms is None:  # a pushed delivery comes when a thread among the clients' many reads it
        options.grant_ms = 1000 if options.protocol == "sqs" else 5000
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 31)
    protocol = protocol_of(options)
    folder = tempfile.mkdtemp(prefix="rowmq-kills-")
    print(f"seed {options.seed}, {options.kills} kills, {protocol.told}, in {folder}", flush=True)
    began = time.monotonic()
    loop = Loop(options, folder, protocol)
    try:
        loop.rounds()
        loop.end()
        good = loop.judged()
    except (Broken, NotReady, Stuck, Refused, Unknown, Unreachable) as error:
        print(f"FAILED: {error}\n{loop.server.log()}")
        good = False
    finally:
        loop.server.kill()  # whatever ended the run; nothing when it has stopped
    loop.told(time.monotonic() - began)
    for complaint in loop.complaints():
        print(f"FAILED: {complaint}")
        good = False
    if good:
        shutil.rmtree(folder)
    print("the loss was found" if good and options.control else "every promise was kept" if good else f"FAILED, the ledger is {loop.ledger.path}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
