"""Poison over AMQP: good messages and poison in three queues with x-delivery-limit 1, 3 and 20; on poison a consumer's socket is closed.

x-delivery-limit counts returns: a message is delivered once more than that, then dead-lettered.
"""
import collections
import json
import random
import threading
import time

import dump
from amqp_raw import Ended, Silent
from bad_amqp_part import HELD, WITHOUT_END, Part, name_of
from pika import spec

LIMITS = (1, 3, 20)
CONSUMERS = 8          # of each queue
WORK_SECONDS = 0.02    # what a good message takes a consumer


class Poison:
    def __init__(self, options):
        self.options = options
        self.good, self.poison = (9_800, 200) if options.full else (2_400, 45)
        self.kills = 12 if options.full else 4

    def setup(self):
        self.part = Part("poison", self.options)
        for limit in LIMITS:
            self.part.create(f"dead-{limit}")
            self.part.create(f"work-{limit}",
                             {"x-delivery-limit": limit, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"dead-{limit}"},
                             f"kind=standard strict=1 max_receives={limit + 1} dead_letter=dead-{limit}")

    def fill(self, poison):
        names = [f"good:{n}" for n in range(self.good)] + [f"poison:{n}" for n in range(poison)]
        random.Random(self.options.seed).shuffle(names)
        self.part.fill([(f"work-{LIMITS[at % 3]}", name, f"{name}|".encode()) for at, name in enumerate(names)])

    # ---------------------------------------------------------------------------------------- consumers

    def consume(self, who, queue):
        """One thread: connections one after the other, each until poison or a kill ends it."""
        while not self.over.is_set():
            bound = time.monotonic_ns()
            try:
                client = self.part.raw()
                client.ask(spec.Basic.Qos(prefetch_count=1), spec.Basic.QosOk)
                bound = time.monotonic_ns()
                client.consume(queue)
            except (Ended, Silent):
                self.part.ledger.add(bound, who, "receive", "info", [("-", f"q={queue} {WITHOUT_END}")])
                time.sleep(0.01)  # the program is starting
                continue
            except AssertionError:
                time.sleep(0.01)  # no address yet
                continue
            self.eat(client, who, queue, bound)

    def eat(self, client, who, queue, bound):
        """`bound`: before it the next delivery cannot have been sent; with a prefetch of 1 that is the last acknowledgement."""
        while True:
            try:
                method, properties, body = client.hear(0.1)
            except Silent:
                if not self.over.is_set():
                    continue
                client.die()
                break
            except Ended:
                break
            name, told = name_of(body), (properties.headers or {}).get("x-delivery-count", 0)
            number = self.part.ledger.add(bound, who, "receive", "ok", [(name, f"q={queue} {HELD} {WITHOUT_END} n={told + 1}")])
            with self.lock:
                self.seen[name] += 1
            if name.startswith("poison"):
                self.part.ledger.add(time.monotonic_ns(), who, "extend", "info", [(name, f"q={queue} grant={number} ms=0")])
                client.die()
                return
            time.sleep(WORK_SECONDS)
            bound = time.monotonic_ns()
            try:
                client.acknowledge(method.delivery_tag)
            except Ended:
                pass  # who knows; the next read says so, too
            self.part.ledger.add(bound, who, "delete", "info", [(name, f"q={queue} grant={number}")])
            with self.lock:
                self.done.add(name)
                if len(self.done) == self.good:
                    self.all_good.set()
        self.part.ledger.add(bound, who, "receive", "info", [("-", f"q={queue} {WITHOUT_END}")])  # what was on its way

    def work(self):
        """Consumers that run until rest()."""
        self.lock, self.seen, self.done = threading.Lock(), collections.Counter(), set()
        self.all_good, self.over = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=self.consume, args=(f"consumer-{limit}-{n}", f"work-{limit}"), daemon=True)
                        for limit in LIMITS for n in range(CONSUMERS)]
        for thread in self.threads:
            thread.start()

    def rest(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    # ---------------------------------------------------------------------------------------- what became of them

    def dead(self):
        """{name: [(queue, deliveries it had)]} of the poison that was dead-lettered, from the notes the store keeps of it."""
        found = collections.defaultdict(list)
        with dump.opened(self.part.folder / "messages.db") as db:
            for queue, body, notes in db.execute("SELECT queue, CAST(body AS BLOB), notes FROM rowmq_messages WHERE queue LIKE 'dead-%'"):
                if (name := dump.name_of(body)).startswith("poison"):  # of the others, kills may have used up the deliveries
                    found[name].append((queue, deliveries_of(notes)))
        return found

    def waiting(self):
        with dump.opened(self.part.folder / "messages.db") as db:
            return db.execute("SELECT count(*) FROM rowmq_messages WHERE queue LIKE 'work-%'").fetchone()[0]

    def exact(self, dead):
        """How many were dead-lettered once, out of their queue, after one delivery more than its limit."""
        return sum(1 for copies in dead.values() if len(copies) == 1 and copies[0][1] == limit_of(copies[0][0]) + 1)

    def deaths(self):
        """How many poison messages say in x-death that they died once, of the limit of their queue; read over AMQP and given back."""
        right, client = 0, self.part.raw()
        for limit in LIMITS:
            while True:
                invoked = time.monotonic_ns()
                client.say(spec.Basic.Get(queue=f"dead-{limit}"))
                method, properties, body = client.hear()
                if isinstance(method, spec.Basic.GetEmpty):
                    break
                name = name_of(body)
                self.part.ledger.add(invoked, "reader", "receive", "ok", [(name, f"q=dead-{limit} {HELD}")])
                died = [(death["queue"], death["reason"], death["count"]) for death in properties.headers["x-death"]]
                right += name.startswith("poison") and died == [(f"work-{limit}", "delivery_limit", 1)]
        client.die()
        return right

    # ---------------------------------------------------------------------------------------- the runs

    def rate(self, poison):
        """Good messages a second, without kills. What nobody hid was seen: of the poison, how many not exactly as often as allowed."""
        self.setup()
        self.fill(poison)
        began = time.monotonic()
        self.work()
        self.all_good.wait(300)
        rate = self.good / (time.monotonic() - began)
        until = time.monotonic() + 60
        while len(dead := self.dead()) < poison and time.monotonic() < until:
            time.sleep(0.1)  # between two looks
        self.rest()
        wrong = poison - sum(1 for name, copies in dead.items() if self.seen[name] == limit_of(copies[0][0]) + 1)
        self.part.abandon()
        return rate, wrong

    def run(self):
        bare, poisoned = zip(*((self.rate(0), self.rate(self.poison)) for _ in range(2)))
        best, share = max(bare)[0], max(poisoned)[0] / max(bare)[0]
        wrong = sum(wrong for _, wrong in poisoned)
        self.setup()
        self.fill(self.poison)
        self.work()
        draw, kills, until = random.Random(self.options.seed), 0, time.monotonic() + 240
        while time.monotonic() < until and (kills < self.kills or self.waiting() > 0):
            time.sleep(draw.uniform(0.1, 0.6) if kills < self.kills else 0.2)  # the moment of the kill, drawn
            if kills < self.kills:
                self.part.kill()
                kills += 1
        self.rest()
        dead, told = self.dead(), self.deaths()
        exact = self.exact(dead)
        print(f"poison: {len(dead)} of {self.poison} dead-lettered, {exact} of them once and after exactly 2, 4 or 21 deliveries "
              f"(limits 1, 3, 20), {told} say so in x-death, under {kills} kills; "
              f"without kills {wrong} of {2 * self.poison} were seen more or less often; "
              f"the others went at {share * 100:.0f} % of {best:.0f} messages/s")
        expect = self.part.expect
        expect(len(dead) == self.poison == exact, f"{self.poison} poison messages, {len(dead)} dead-lettered, {exact} exactly")
        expect(told == self.poison, f"{told} of {self.poison} say in x-death that they died once of the limit of their queue")
        expect(wrong == 0, f"{wrong} poison messages were seen more or less often than allowed")
        expect(self.waiting() == 0, f"{self.waiting()} messages are left")
        expect(share >= (0.9 if self.options.full else 0.6), f"the others' rate is {share * 100:.0f} %")
        return self.part.end()


def limit_of(dead_queue):
    return int(dead_queue.split("-")[1])


def deliveries_of(notes):
    """Of its only death; None when it had more, or none."""
    deaths = json.loads(notes or "{}").get("dead_letters", [])
    return deaths[0]["receives"] if len(deaths) == 1 and deaths[0]["count"] == 1 else None
