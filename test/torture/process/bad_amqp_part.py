"""A part of the bad consumers over AMQP: its server, and the good clients beside the bad ones."""
import contextlib
import threading
import time

import bad_part
from amqp_pika import Link
from amqp_raw import Confirms, Raw, published
from amqp_workers import FOREVER_MS
from pika import BasicProperties, spec

HELD = f"ms={FOREVER_MS}"  # a delivery is held until it is settled or its connection ends
WITHOUT_END = f"wait={FOREVER_MS}"  # a consumer waits for as long as it likes


def name_of(body):
    return body[:200].split(b"|")[0].decode()


class Part(bad_part.Part):
    @property
    def address(self):
        return self.server.address("amqp")

    def raw(self, **options):
        return Raw(self.address, **options)

    def create(self, queue, arguments=None, rules="kind=standard"):
        with contextlib.closing(self.raw()) as client:
            client.declare(queue, durable=True, arguments=arguments)
        self.describe(queue, rules)

    def ready(self, queue):
        """How many messages wait there and nobody holds."""
        with contextlib.closing(self.raw()) as client:
            return client.declare(queue, passive=True).message_count

    def await_ready(self, queue, count, seconds=30):
        """Waits until as many are ready. How many there are."""
        until = time.monotonic() + seconds
        with contextlib.closing(self.raw()) as client:
            while (found := client.declare(queue, passive=True).message_count) != count and time.monotonic() < until:
                time.sleep(0.02)  # between two looks
        return found

    def fill(self, messages):
        """Publishes [(queue, name, body)] with confirms, up to 4 MiB at a time. Each must be confirmed."""
        client = self.raw()
        confirms, at = Confirms(client), 0
        while at < len(messages):
            first, size, invoked = at, 0, time.monotonic_ns()
            while at < len(messages) and size < 4 * bad_part.MIB:
                queue, _, body = messages[at]
                client.send(published(queue, body))
                size += len(body)
                at += 1
            confirms.await_all(at)
            self.ledger.add(invoked, "producer", "send", "ok", [(name, f"q={queue}") for queue, name, _ in messages[first:at]])
        self.expect(confirms.refused == 0, f"{confirms.refused} messages were refused")
        client.close()

    def drain(self, queue, count, seconds=600):
        """Takes `count` messages out, one after the other, and acknowledges them. How many came in time."""
        until, came = time.monotonic() + seconds, 0
        with contextlib.closing(self.raw()) as client:
            while came < count and time.monotonic() < until:
                invoked = time.monotonic_ns()
                client.say(spec.Basic.Get(queue=queue))
                method, _, body = client.hear()
                if isinstance(method, spec.Basic.GetEmpty):
                    time.sleep(0.02)  # what comes back by itself
                    continue
                name = name_of(body)
                number = self.ledger.add(invoked, "drain", "receive", "ok", [(name, f"q={queue} {HELD}")])
                self.ledger.add(time.monotonic_ns(), "drain", "delete", "info", [(name, f"q={queue} grant={number}")])
                client.acknowledge(method.delivery_tag)
                came += 1
        return came


class Trips:
    """A good client, with pika: publishes a message, is given it, acknowledges it, and has its confirm."""

    def __init__(self, part, queue):
        self.part, self.queue, self.sent, self.confirmed, self.came = part, queue, 0, 0, None
        self.link = Link(part.address)
        self.link.open()
        self.link.call("confirm_delivery", self._confirm)
        self.link.call("basic_consume", queue, on_message_callback=self._come)

    def _confirm(self, frame):
        assert isinstance(frame.method, spec.Basic.Ack), frame
        self.confirmed = max(self.confirmed, frame.method.delivery_tag)

    def _come(self, _, method, properties, body):
        self.came = (method.delivery_tag, body)

    def one(self):
        """Seconds."""
        self.sent += 1
        name, invoked, self.came = f"{self.queue}:{self.sent}", time.monotonic_ns(), None
        body = f"{name}|".encode()
        self.link.send("basic_publish", "", self.queue, body, BasicProperties(delivery_mode=2))
        assert self.link.run(lambda: self.came), f"{name} did not come: {self.link.broken!r}"
        assert self.came[1] == body, f"{self.came[1]} came for {body}"
        number = self.part.ledger.add(invoked, "trips", "receive", "ok", [(name, f"q={self.queue} {HELD}")])
        self.part.ledger.add(time.monotonic_ns(), "trips", "delete", "info", [(name, f"q={self.queue} grant={number}")])
        self.link.send("basic_ack", self.came[0])
        assert self.link.run(lambda: self.confirmed >= self.sent), f"{name} was not confirmed: {self.link.broken!r}"
        self.part.ledger.add(invoked, "trips", "send", "ok", [(name, f"q={self.queue}")])
        return (time.monotonic_ns() - invoked) / 1e9

    def p99(self, count):
        """Of so many round trips, in seconds."""
        return bad_part.p99([self.one() for _ in range(count)])

    def p99_until(self, moment):
        """Of the round trips up to a moment of time.monotonic()."""
        took = [self.one()]
        while time.monotonic() < moment:
            took.append(self.one())
        return bad_part.p99(took)

    def close(self):
        self.link.close()


class Stream:
    """A good client that hurries: a hundred messages at a time, published, delivered, acknowledged together and confirmed."""

    def __init__(self, part, queue):
        self.client, self.queue = part.raw(), queue
        self.confirms, self.sent = Confirms(self.client), 0
        self.client.consume(queue)

    def rate(self, count):
        """Messages a second, over so many hundred."""
        began = time.monotonic()
        for _ in range(count):
            self.client.send(published(self.queue, b"streamed|" + b"x" * 100) * 100)
            self.sent += 100
            came = 0
            while came < 100 or self.confirms.answered < self.sent:
                method = self.client.hear()[0]
                if not isinstance(method, spec.Basic.Deliver):
                    self.confirms.take(method)
                    continue
                came += 1
                if came == 100:
                    self.client.acknowledge(method.delivery_tag, multiple=True)
        return count * 100 / (time.monotonic() - began)

    def close(self):
        self.client.close()


def all_at_once(work, names):
    """A thread for each name, running work(name). A function that waits for them and returns a sentence for each that failed."""
    failures = []

    def one(name):
        try:
            work(name)
        except Exception as error:  # told by who waits; a thread must not end in silence
            failures.append(f"{name}: {error!r}")

    threads = [threading.Thread(target=one, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()

    def wait():
        for thread in threads:
            thread.join(120)
        return failures

    return wait
