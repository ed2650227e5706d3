"""Clients of AMQP for the kill loop: they write the same ledger as those of SQS.

What AMQP does not say is not written as if it had been said:
* A publish is `ok` when its confirm (or tx.commit-ok) came, `fail` when it was returned or nacked, `info` when the connection ended first.
* An acknowledgement has no answer: its `delete` is `info`, also when a later method of the channel is answered. In transactions it is `ok`
  when tx.commit-ok came. One that was rolled back is not written: it must delete nothing.
* A delivery may have been sent at any time since the last method of its channel was called that has been answered: that is when its
  `receive` was invoked. What was on the way when a connection ended is a `receive` that nobody knows the message of.
* A delivery is held until it is settled or its connection ends: `ms=` is without end, and an `extend` to 0 gives it back.
* A message that is rejected is dead-lettered at once, which the ledger has no word for. The queue in which that is done, `plain`, counts as one whose limit
  is never reached; consumers of it have "lost receives" as long as they live, so that I9 asks for no number of leases. The price: I13 is not judged there.
"""
import base64
import collections
import re
import time
import urllib.request

import messages
import pika
from amqp_pika import Link
from sqs_http import Unknown, Unreachable
from workers import Worker

FOREVER_MS = (1 << 32) - 1
LIMIT = 2  # returns; so three deliveries
PREFETCH = 20
WORK, PLAIN, BARE, SCRAP, DEAD = "work", "plain", "bare", "scrap", "dead"
LATER = "later"  # an exchange that delays, bound to the work queue
TO_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": DEAD}
# What each queue is declared with, and what the ledger says of it. Early delivery is for those without a limit.
QUEUES = {
    DEAD: ({}, "kind=standard"),
    WORK: (TO_DEAD | {"x-delivery-limit": LIMIT}, f"kind=standard strict=1 max_receives={LIMIT + 1} dead_letter={DEAD}"),
    PLAIN: (TO_DEAD, f"kind=standard max_receives={FOREVER_MS} dead_letter={DEAD}"),
    BARE: ({}, "kind=standard"),
    SCRAP: ({}, "kind=standard"),
}


def headers_of(name):
    """The attributes of a message, as headers."""
    return {"name": name, "bytes": name.encode()} if messages.attributes_of(name) else {}


def as_sqs(body, headers):
    """A delivery in the form in which messages.py judges it."""
    attributes = {}
    if "name" in headers:
        attributes["name"] = {"DataType": "String", "StringValue": str(headers["name"])}
    if "bytes" in headers:
        attributes["bytes"] = {"DataType": "Binary", "BinaryValue": base64.b64encode(bytes(headers["bytes"])).decode()}
    return {"Body": body.decode(errors="replace"), "MessageAttributes": attributes}


class Publisher:
    """A producer's connection: with confirms, or in transactions."""

    def __init__(self, worker, address):
        self._worker, self._address, self.link = worker, address, None

    def connect(self):
        if self.link and self.link.broken is None:
            return
        self.close()
        self.link, self.tag, self.outstanding, self.returned = Link(self._address), 0, {}, set()
        self.link.open()
        if self._worker.transacts:
            self.link.call("tx_select")
        else:
            self.link.channel.add_on_return_callback(lambda _, method, properties, body: self.returned.add(properties.message_id))
            self.link.call("confirm_delivery", self._confirmed)

    def publish(self, entry, **arguments):
        invoked = time.monotonic_ns()
        self.link.send("basic_publish", **arguments)
        self.tag += 1
        self.outstanding[self.tag] = (invoked, entry)

    def _confirmed(self, frame):
        method = frame.method
        for tag in [tag for tag in self.outstanding if tag == method.delivery_tag or (method.multiple and tag < method.delivery_tag)]:
            refused = isinstance(method, pika.spec.Basic.Nack) or self.outstanding[tag][1][0] in self.returned
            self._tell(tag, "fail" if refused else "ok")

    def _tell(self, tag, outcome):
        invoked, entry = self.outstanding.pop(tag)
        self._worker.shared.ledger.add(invoked, self._worker.name, "send", outcome, [entry])

    def await_answers(self):
        if self._worker.transacts:
            self.link.call("tx_commit")
            for tag in list(self.outstanding):
                self._tell(tag, "ok")
        elif not self.link.run(lambda: not self.outstanding):
            raise Unknown(f"confirms: {self.link.broken!r}")

    def give_up(self):
        """Of what is outstanding nobody knows; the next attempt is another connection's."""
        for tag in list(self.outstanding):
            self._tell(tag, "info")
        self.close()

    def close(self):
        if self.link:
            self.link.close()
            self.link = None


class Producer(Worker):
    """Publishes up to thirty at a time before it waits for their confirms."""

    def __init__(self, run, name, seed, queues, transacts):
        super().__init__(run, name, seed, lambda address: Publisher(self, address))
        self.queues, self.transacts, self.sent = queues, transacts, 0

    def step(self):
        self.client.connect()
        try:
            for _ in range(self.draw.randint(1, 30)):
                self.publish()
            self.client.await_answers()
        except Unknown:
            self.client.give_up()
            raise

    def publish(self):
        name, queue, exchange, detail = f"{self.name}:{self.sent}", self.draw.choice(self.queues), "", ""
        self.sent += 1
        headers, attributes = headers_of(name), messages.attributes_of(name)
        is_unroutable = not self.transacts and self.draw.random() < 0.02
        if queue == WORK and not is_unroutable and self.draw.random() < 0.1:
            exchange, detail = LATER, " ms=1000"
            headers["x-delay"] = 1000
        body = messages.body_of(name)
        entry = (name, f"q={queue} crc={messages.checksum(body, attributes)}{detail}")
        properties = pika.BasicProperties(message_id=name, headers=headers, delivery_mode=1 if self.draw.random() < 0.1 else 2)
        self.client.publish(entry, exchange=exchange, routing_key="nowhere" if is_unroutable else queue, body=body.encode(),
                            properties=properties, mandatory=is_unroutable)


class Subscription:
    """A consumer's connection. `held`: what it has and did not settle, by delivery tag: (name, queue, the ledger's number)."""

    def __init__(self, worker, address):
        self._worker, self._ledger, self._address, self.link = worker, worker.shared.ledger, address, None

    def connect(self):
        if self.link and self.link.broken is None:
            return
        self.close()
        self.link, self.held, self.arrived, self._leaves = Link(self._address), {}, [], False
        self.queues = self._worker.queues
        self._since = self._bound = time.monotonic_ns()
        self.link.open()
        if self._worker.transacts:
            self.link.call("tx_select")
        if self._worker.polls:
            self.link.channel.add_callback(lambda frame: self._got.append(None), [pika.spec.Basic.GetEmpty], one_shot=False)
            return
        self.synchronize()
        for queue in self.queues:
            self.link.call("basic_consume", queue, on_message_callback=lambda _, *delivery, queue=queue: self._came(queue, *delivery))

    def synchronize(self):
        """What comes after the answer was sent after this call."""
        self.bound_by("basic_qos", prefetch_count=PREFETCH)

    def bound_by(self, method, **arguments):
        invoked = time.monotonic_ns()
        self.link.call(method, **arguments)
        self._bound = invoked

    def get(self, queue):
        """One message by basic.get, or none."""
        self._bound, self._got = time.monotonic_ns(), []
        try:
            self.link.send("basic_get", queue, lambda _, *delivery: (self._came(queue, *delivery), self._got.append(True)))
            if not self.link.run(lambda: self._got):
                raise Unknown(f"basic_get: {self.link.broken!r}")
        except Unknown:
            self._ledger.add(self._bound, self._worker.name, "receive", "info", [("-", f"q={queue}")])
            raise
        if self._got == [None]:
            self._ledger.add(self._bound, self._worker.name, "receive", "ok", [("-", f"q={queue}")])

    def _came(self, queue, method, properties, body):
        if self._leaves:
            return  # lost
        headers = properties.headers or {}
        message = as_sqs(body, headers)
        name, now = messages.name_of(message), time.monotonic_ns()
        is_intact = messages.is_intact(message) and properties.message_id == name
        detail = f"q={queue} ms={FOREVER_MS} crc={messages.checksum_of(message)}" + ("" if is_intact else " altered=1")
        if queue == WORK:
            detail += f" n={headers.get('x-delivery-count', 0) + 1}"
        number = self._ledger.add(self._bound, self._worker.name, "receive", "ok", [(name, detail)], now)
        earlier = self._worker.seen.setdefault((queue, name), now)
        if not method.redelivered and earlier < self._bound:
            self._worker.untold.append(f"line {number}: {name} came from {queue} again and was not marked redelivered")
        self.held[method.delivery_tag] = (name, queue, number)
        self.arrived.append(method.delivery_tag)

    def give_back(self, tags, invoked):
        """Writes down that their leases end, at the earliest at a moment."""
        for name, queue, number in [self.held.pop(tag) for tag in tags]:
            self._ledger.add(invoked, self._worker.name, "extend", "info", [(name, f"q={queue} grant={number} ms=0")])

    def recover(self):
        """Gives everything back, and stays."""
        invoked = time.monotonic_ns()

        def forget():
            self.give_back(list(self.held), invoked)
            self.arrived.clear()

        self.link.call("basic_recover", requeue=True, then=forget)

    def close(self, abruptly=False):
        if self.link is None:
            return
        link, self.link, self._leaves = self.link, None, True
        if link.channel is None:
            return  # it was never open
        ends = time.monotonic_ns() if link.broken is None else self._bound
        link.close(abruptly)
        self.give_back(list(self.held), ends)
        for queue in self.queues:
            if queue == PLAIN:
                self._ledger.add(self._since, self._worker.name, "receive", "info", [("-", f"q={queue} wait={FOREVER_MS}")])
            elif not self._worker.polls:
                self._ledger.add(self._bound, self._worker.name, "receive", "info", [("-", f"q={queue}")])


class Consumer(Worker):
    """Acknowledges, alone or several at once; some it gives back, rejects or keeps; now and then it goes and comes again."""

    def __init__(self, run, name, seed, queues, transacts=False, polls=False):
        super().__init__(run, name, seed, lambda address: Subscription(self, address))
        self.own_queues, self.queues, self.transacts, self.polls = queues, queues, transacts, polls

    def drains(self, on):
        """All queues, dead letters too, without keeping anything."""
        self.queues = tuple(QUEUES) if on else self.own_queues
        self.draining = on

    draining = False

    def step(self):
        self.client.connect()
        self.await_deliveries()
        tags = [tag for tag in self.client.arrived if tag in self.client.held]
        self.client.arrived.clear()
        doomed = self.sort(tags)
        if doomed:
            self.delete(doomed)
        elif self.transacts and tags:
            self.client.bound_by("tx_commit")  # what was given back comes back then
        elif not self.polls:
            self.client.synchronize()
        if not self.draining and (len(self.client.held) > PREFETCH // 2 or self.draw.random() < 0.01):
            if self.transacts or self.draw.random() < 0.5:
                self.client.close(abruptly=self.draw.random() < 0.5)
            else:
                self.client.recover()

    def await_deliveries(self):
        if not self.polls:
            self.client.link.run(lambda: self.client.arrived, 0.05)
            return
        for _ in range(self.draw.randint(1, 10)):
            self.client.get(self.draw.choice(self.client.queues))
        if not self.client.arrived:
            time.sleep(0.01)  # queues that are empty now are not asked again at once

    def sort(self, tags):
        """Gives back and rejects; what is left is to be acknowledged."""
        doomed = []
        for tag in tags:
            name, queue, _ = self.client.held[tag]
            choice = 1.0 if self.draining else self.draw.random()
            if messages.is_poison(name) and queue == PLAIN:
                self.give_back("basic_reject", tag, requeue=False)
            elif (messages.is_poison(name) and queue == WORK) or choice < 0.05:
                self.give_back("basic_nack", tag, requeue=True)
            elif choice > 0.07:
                doomed.append(tag)
        return doomed

    def give_back(self, method, tag, requeue):
        invoked = time.monotonic_ns()
        self.client.link.send(method, tag, requeue=requeue)
        self.client.give_back([tag], invoked)

    def delete(self, tags):
        """Without a transaction nobody says whether it was done."""
        held = self.client.held
        rolls_back = self.transacts and not self.draining and self.draw.random() < 0.05
        multiple = set(held) == set(tags) and self.draw.random() < 0.5
        invoked = time.monotonic_ns()
        for tag in [max(tags)] if multiple else tags:
            self.client.link.send("basic_ack", tag, multiple=multiple)
        if rolls_back:
            self.client.bound_by("tx_rollback")
            return
        deletions = [(name, f"q={queue} grant={number}") for name, queue, number in (held.pop(tag) for tag in tags)]
        outcome = "info"
        try:
            if self.transacts:
                self.client.bound_by("tx_commit")
                outcome = "ok"
            else:
                self.client.synchronize()
        finally:
            self.shared.ledger.add(invoked, self.name, "delete", outcome, deletions)


class Amqp:
    """What the kill loop asks of a protocol."""

    EARLY, UNWRITTEN = "rowmq_delivered_early_total", "rowmq_never_stored_total"

    listener, queues = "amqp", QUEUES
    told = "pika"
    # Half an answer is one of HTTP, and deduplication one of SQS.
    failpoints = {"before_begin": 100, "log_written": 100, "synced": 100, "half_move": 4, "half_purge": 1, "purged": 1, "half_sweep": 1,
                  "half_checkpoint": 1}

    def __init__(self, options):
        self.arguments = ["--early-delivery", options.early_delivery]
        self.seen, self.untold = {}, []  # deliveries by queue and name; those that should have been marked redelivered
        self.early = options.early_delivery == "on"
        self.counted = collections.Counter()

    def producers(self, run, seed):
        of = (((WORK, PLAIN, SCRAP), False), ((WORK, PLAIN, BARE), True), ((PLAIN, BARE), False), ((BARE,), False))
        return [Producer(run, f"producer-{n}", seed, queues, transacts) for n, (queues, transacts) in enumerate(of)]

    def consumers(self, run, seed):
        of = (((WORK,), False, False), ((WORK,), True, False), ((PLAIN,), False, False), ((PLAIN,), True, False),
              ((BARE,), True, False), ((BARE,), False, False), ((WORK, PLAIN), False, True), ((WORK, BARE), True, True))
        consumers = [Consumer(run, f"consumer-{n}", seed, *facts) for n, facts in enumerate(of)]
        for consumer in consumers:
            consumer.seen, consumer.untold = self.seen, self.untold
        return consumers

    def declare(self, address, first):
        """Finds the queues, after the first time."""
        link = Link(address)
        link.open()
        try:
            link.call("exchange_declare", LATER, "x-delayed-message", durable=True, arguments={"x-delayed-type": "direct"})
            for queue, (arguments, _) in QUEUES.items():
                link.call("queue_declare", queue, durable=True, arguments=arguments)
            link.call("queue_bind", WORK, LATER, WORK)
        finally:
            link.close()

    def purge(self, address):
        link = Link(address)
        try:
            link.open()
            link.call("queue_purge", SCRAP)
            return "ok"
        except (Unknown, Unreachable):
            return "info"
        finally:
            link.close()

    def measure(self, server):
        """What the program counts of early delivery, before it ends."""
        with urllib.request.urlopen(f"http://{server.address('admin')}/metrics", timeout=10) as answer:
            for name, value in re.findall(rf"^({self.EARLY}|{self.UNWRITTEN}) (\d+)", answer.read().decode(), re.MULTILINE):
                self.counted[name] += int(value)

    def facts(self):
        yield f"seen before rounds ended by chance: {self.counted[self.EARLY]} deliveries early, {self.counted[self.UNWRITTEN]} messages never stored"

    def complaints(self):
        if self.early != bool(self.counted[self.EARLY]):
            yield f"early delivery is {'on' if self.early else 'off'}, and {self.counted[self.EARLY]} messages were delivered early"
        if self.untold:
            yield f"{len(self.untold)} deliveries not marked redelivered, the first: {self.untold[0]}"
