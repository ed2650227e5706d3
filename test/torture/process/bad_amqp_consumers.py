#!/usr/bin/env python3
"""Bad consumers and publishers of AMQP: poison under kills, a redelivery storm, readers that do not read, floods, idlers, churn.

    bad_amqp_consumers.py [poison] [storm] [slow] [flood] [idle] [churn] [--full]

Each part starts servers of its own, prints what it measured, and writes ledgers that the checker judges. Exit 1 when a bar is
missed; the ledger is kept then. The good clients are pika's; the bad ones are sockets that speak its frames.
"""
import collections
import contextlib
import pathlib
import random
import resource
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "clients")]
sys.dont_write_bytecode = True
import bad_part  # noqa: E402
from amqp_raw import Confirms, Ended, Silent, published, said  # noqa: E402
from bad_amqp_part import WITHOUT_END, Part, Stream, Trips, all_at_once, name_of  # noqa: E402
from bad_amqp_poison import Poison  # noqa: E402
from bad_part import MIB  # noqa: E402
from pika import spec  # noqa: E402


# ---------------------------------------------------------------------------------------------- redelivery storm

def storm(options):
    """Four consumers give one message back as fast as they can; the store must not grow, and others must be served."""
    seconds = 120 if options.full else 8
    part = Part("storm", options)
    part.create("hot")
    part.create("calm")
    part.fill([("hot", "hot", b"hot|")])
    over, rounds = threading.Event(), collections.Counter()

    def give_back(number):
        client = part.raw()
        client.ask(spec.Basic.Qos(prefetch_count=1), spec.Basic.QosOk)
        client.consume("hot")
        while not over.is_set():
            with contextlib.suppress(Silent):
                client.say(spec.Basic.Nack(client.hear(0.5)[0].delivery_tag, requeue=True))
                rounds[number] += 1
        client.close()

    trips = Trips(part, "calm")
    before = trips.p99_until(time.monotonic() + seconds / 8)
    since = time.monotonic_ns()
    wait = all_at_once(give_back, range(4))
    trips.p99_until(time.monotonic() + seconds / 4)
    size, memory = part.store_bytes(), part.process("VmRSS")
    during = trips.p99_until(time.monotonic() + seconds * 3 / 4)
    grown, more = part.store_bytes() - size, part.process("VmRSS") - memory
    over.set()
    failures = wait()
    part.ledger.add(since, "storm", "receive", "info", [("-", f"q=hot {WITHOUT_END}")])
    held = part.await_ready("hot", 1)
    print(f"storm: {sum(rounds.values())} redeliveries in {seconds} s; the store grew by {grown / MIB:.1f} MiB, the process by {more} KiB; "
          f"another queue's round trip p99 {during * 1000:.1f} ms, before {before * 1000:.1f} ms")
    part.expect(not failures, f"a consumer was closed: {failures}")
    part.expect(min(rounds[n] for n in range(4)) > 0, f"somebody was given nothing: {rounds}")
    part.expect(held == 1, f"{held} messages are left of one")
    part.expect(grown <= 40 * MIB, f"the store grew by {grown} bytes")  # its log grows to 32 MiB before it is written over
    part.expect(more <= 4096, f"the process grew by {more} KiB")
    part.expect(during < 1, "others were not served")
    trips.close()
    return part.end()


# ---------------------------------------------------------------------------------------------- readers that do not read

def push(client):
    """Consumes without a prefetch limit."""
    client.consume("big")


def pull(client):
    """Asks for one message after the other and does not wait for any."""
    client.send(said(spec.Basic.Get(queue="big")) * 400)


def stalled(options, what, readers, reads, due):
    """Clients to whom `due` messages of 100,000 bytes are sent and who never read."""
    part = Part("slow", options)
    part.create("big")
    part.create("small")
    part.fill([("big", f"big:{n}", f"big:{n}|".encode().ljust(100_000, b"x")) for n in range(due)])
    trips = Trips(part, "small")
    before, memory, descriptors, since = trips.p99(300), part.process("VmRSS"), part.descriptors(), time.monotonic_ns()
    part.forget_peak()
    clients = []
    for _ in range(readers):
        # Segments as of a network: over loopback's the system alone takes 2 MB for each.
        clients.append(part.raw(receive_bytes=4096, segment_bytes=1460))
        reads(clients[-1])
    time.sleep(1)  # what is to be sent has been begun, and stands
    after = trips.p99(300)
    time.sleep(1)
    held = due - part.ready("big")
    newcomer, began = part.raw(), time.monotonic()
    newcomer.consume("big")
    newcomer.hear(90)
    waited = time.monotonic() - began
    newcomer.die()
    more = part.process("VmHWM") - memory
    for client in clients:
        client.die()
    part.ledger.add(since, "readers", "receive", "info", [("-", f"q=big {WITHOUT_END}")])
    back = part.await_ready("big", due)
    left = part.await_descriptors(descriptors + 2)
    came = part.drain("big", due)
    print(f"slow: {readers} {what}: {held} of {due} messages of 100 kB were on their way; {more / 1024:.0f} MiB more, "
          f"{more / readers:.0f} KiB each; another queue's round trip p99 {after * 1000:.1f} ms, before {before * 1000:.1f} ms; one that reads "
          f"was given a message of theirs after {waited:.1f} s; {back} messages came back when they left; descriptors {descriptors}, then {left}")
    part.expect(held > 0, "nothing was sent to them")
    part.expect(more <= 64 * 1024, f"the process grew by {more} KiB; the bar is 64 MiB")
    part.expect(after <= max(2 * before, 0.01), "others' p99 more than doubled")
    part.expect(waited <= 60, f"one that reads waited for {waited:.1f} s; those that do not are cut after 15, a part of them at a time")
    part.expect(back == came == due, f"{back} messages came back, {came} were received; there were {due}")
    part.expect(left <= descriptors + 2, "descriptors are not given back")
    trips.close()
    return part.end()


def slow(options):
    """Consumers without a limit, then clients that ask with basic.get: megabytes are due to each, and none reads."""
    readers, getters = (1000, 50) if options.full else (200, 10)
    good = stalled(options, "consumers that do not read", readers, push, due=readers * 10)
    return stalled(options, "clients that basic.get and do not read", getters, pull, due=getters * 200) and good


# ---------------------------------------------------------------------------------------------- floods

# What the limits let a flood hold: the write budget, what connections sent and is not done, one transaction; and a quarter more.
FLOOD_MIB = (32 + 16 + 64) * 5 // 4


class Flood:
    """Publishers that send as fast as they can and read nothing while they do: `kinds` of them, on a queue nobody reads."""

    def __init__(self, options, kinds):
        self.options, self.kinds, self.seconds = options, kinds, 30 if options.full else 4
        self.over, self.sent, self.confirmed, self.ended = threading.Event(), collections.Counter(), collections.Counter(), 0

    def batches(self, who):
        """Endless: (names, frames), 64 messages of 100 to 20,000 bytes at a time."""
        draw, filling, number = random.Random(f"{self.options.seed} {who}"), b"x" * 20_000, 0
        queue = "nowhere" if who.startswith("returned") else "flooded"
        while True:
            names, frames = [], []
            for number in range(number, number + 64):
                names.append(f"{who}:{number}")
                body = f"{names[-1]}|".encode()
                frames.append(published(queue, body + filling[:int(100 * 200 ** draw.random())], mandatory=queue == "nowhere"))
            number += 1
            yield names, b"".join(frames)

    def pour(self, client, data):
        """Sends it, or a part of it when the time is over and the server does not read. Whether all was sent."""
        view = memoryview(data)
        client.socket.settimeout(0.2)
        while view:
            try:
                view = view[client.socket.send(view):]
            except TimeoutError:
                if self.over.is_set():
                    return False
            except OSError as error:
                raise Ended(f"sending: {error!r}") from error
        return True

    def confirming(self, who):
        """With confirms, which are read when the flood is over: they are what must be there."""
        client, outstanding = self.part.raw(), []
        confirms = Confirms(client)
        for names, frames in self.batches(who):
            if self.over.is_set():
                break
            outstanding += [(time.monotonic_ns(), name) for name in names]
            self.sent[who] += len(names)
            if not self.pour(client, frames):
                break
        done, until = set(), time.monotonic() + 1
        with contextlib.suppress(Silent, Ended):
            while len(done) < len(outstanding) and time.monotonic() < until:
                method = client.hear(0.3)[0]
                tags = confirms.take(method)
                done.update(tags if isinstance(method, spec.Basic.Ack) else ())
        self.confirmed[who] = len(done)
        for at, (invoked, name) in enumerate(outstanding, 1):
            self.part.ledger.add(invoked, who, "send", "ok" if at in done else "info", [(name, "q=flooded")])
        return client

    def transacting(self, who):
        """In a transaction that is never committed; when the server ends it, in another."""
        client = None
        for names, frames in self.batches(who):
            if self.over.is_set():
                return client
            invoked = time.monotonic_ns()
            with contextlib.suppress(Ended):
                if client is None:
                    client = self.part.raw()
                    client.ask(spec.Tx.Select(), spec.Tx.SelectOk)
                self.pour(client, frames)
                self.part.ledger.add(invoked, who, "send", "fail", [(name, "q=flooded") for name in names])
                self.sent[who] += len(names)
                continue
            self.part.ledger.add(invoked, who, "send", "fail", [(name, "q=flooded") for name in names])
            client = None
            self.ended += 1

    def returned(self, who):
        """To no queue, mandatory: all comes back, and is not read."""
        client = self.part.raw()
        for names, frames in self.batches(who):
            if self.over.is_set() or not self.pour(client, frames):
                return client
            self.sent[who] += len(names)

    def run(self):
        self.part = part = Part("flood", self.options)
        part.create("flooded")
        part.create("small")
        trips, clients = Trips(part, "small"), []
        before, memory = trips.p99(300), part.process("VmRSS")
        part.forget_peak()
        wait = all_at_once(lambda who: clients.append(getattr(self, who.split("-")[0])(who)), self.kinds)
        during = trips.p99_until(time.monotonic() + self.seconds)
        more = part.process("VmHWM") - memory
        trips.close()
        self.over.set()
        failures = wait()
        part.kill()  # what was confirmed is there afterwards, and nothing of a transaction
        held, confirmed = part.ready("flooded"), sum(self.confirmed.values())
        print(f"flood: {', '.join(f'{who} {self.sent[who]}' for who in self.kinds)} messages sent in {self.seconds} s; "
              f"{more / 1024:.0f} MiB more; another queue's round trip p99 {during * 1000:.1f} ms, before {before * 1000:.1f} ms; "
              f"{self.ended} transactions were ended; {confirmed} were confirmed, and {held} were there after a kill")
        part.expect(not failures, f"a publisher was closed: {failures}")
        part.expect(more <= FLOOD_MIB * 1024, f"the process grew by {more} KiB; the bar is {FLOOD_MIB} MiB")
        part.expect(during < 1, "others were not served")
        part.expect(held >= confirmed, f"{confirmed} were confirmed, {held} are there")
        part.expect(all(self.sent[who] for who in self.kinds), f"somebody could not send: {self.sent}")
        for client in filter(None, clients):
            client.die()
        return part.end()


def flood(options):
    """Confirms that nobody reads beside a transaction that nobody commits; then returns that nobody reads."""
    good = Flood(options, ["confirming-0", "confirming-1", "confirming-2", "confirming-3", "transacting-0"]).run()
    return Flood(options, ["returned-0"]).run() and good


# ---------------------------------------------------------------------------------------------- idlers

def idle(options):
    """Connections that have logged in, with a channel and a consumer each, and do nothing."""
    count = 10_000 if options.full else 1_000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    assert most > count + 200, f"ulimit -Hn is {most}: too few descriptors for {count} connections"
    part = Part("idle", options)
    part.create("busy")
    queues = [f"idle-{n}" for n in range(100)]
    for queue in queues:
        part.create(queue)
    stream, hundreds = Stream(part, "busy"), 100 if options.full else 30
    stream.rate(hundreds)
    before = max(stream.rate(hundreds) for _ in range(3))
    memory, descriptors, clients, began = part.process("VmRSS"), part.descriptors(), [], time.monotonic()
    for n in range(count):
        clients.append(part.raw(heartbeat=60))
        clients[-1].consume(queues[n % len(queues)])
        if n % 500 == 499:
            beat(clients)
    seconds, more = time.monotonic() - began, part.process("VmRSS") - memory
    beside = max(stream.rate(hundreds) for _ in range(3))
    beat(clients)
    alive = sum(is_open(client) for client in clients)
    for n, client in enumerate(clients):
        if n % 2:
            client.close()
        else:
            client.die()
    left = part.await_descriptors(descriptors + 2, 30)
    before = max([before, *(stream.rate(hundreds) for _ in range(3))])  # or since: a machine that was busy before is no measure
    print(f"idle: {count} connections with a consumer each, opened in {seconds:.1f} s: {more / 1024:.0f} MiB, {more / count:.1f} KiB each; "
          f"a client beside them goes at {beside / before * 100:.0f} % of {before:.0f} messages/s; {alive} were there at the end; "
          f"descriptors {descriptors}, then {left}")
    part.expect(more * 10_000 / count <= 200 * 1024, f"they took {more} KiB; the bar is 200 MiB for 10,000")
    share = 0.9 if options.full else 0.7
    part.expect(beside >= share * before, f"the client beside them fell from {before:.0f} to {beside:.0f} messages/s")
    part.expect(alive == count, f"{count - alive} were closed")
    part.expect(left <= descriptors + 2, "descriptors are not given back")
    stream.close()
    return part.end()


def beat(clients):
    """A heartbeat of each: they are still there. Of one that was closed it is noticed later."""
    for client in clients:
        with contextlib.suppress(Ended):
            client.send(b"\x08\0\0\0\0\0\0\xce")


def is_open(client):
    """Whether nothing but heartbeats has come."""
    try:
        client.hear(0)
    except Silent:
        return True
    except Ended:
        return False
    return False


# ---------------------------------------------------------------------------------------------- churn

def use_queues(part, names):
    """Each queue is declared, gets a message, gives it and is deleted: twenty at a time on a channel of their own, ten a connection."""
    client = None
    for at in range(0, len(names), 20):
        some = names[at:at + 20]
        if at % 200 == 0:
            if client:
                client.close()
            client = part.raw()
        else:
            client.ask(spec.Channel.Open(), spec.Channel.OpenOk)
        client.say(*(spec.Queue.Declare(queue=name, durable=True) for name in some))
        for _ in some:
            client.await_(spec.Queue.DeclareOk)
        confirms = Confirms(client)
        client.send(b"".join(published(name, f"{name}|".encode()) for name in some))
        confirms.await_all(len(some))
        client.say(*(spec.Basic.Get(queue=name) for name in some))
        for name in some:
            method, _, body = client.hear()
            assert isinstance(method, spec.Basic.GetOk) and name_of(body) == name, f"{name} gave {method} {body}"
            client.acknowledge(method.delivery_tag)
        client.say(*(spec.Queue.Delete(queue=name) for name in some))
        for _ in some:
            client.await_(spec.Queue.DeleteOk)
        client.ask(spec.Channel.Close(200, "", 0, 0), spec.Channel.CloseOk)
    client.close()


def churn(options):
    """Queues, channels and connections come, are used and go; nothing of them must be left: memory, descriptors, rows."""
    queues = options.queues or (100_000 if options.full else 3_000)
    part = Part("churn", options)
    failures = []

    def use(count, base):
        """`count` queues by eight clients, and what is left a moment later."""
        wait = all_at_once(lambda n: use_queues(part, [f"churn-{base}-{n}-{at}" for at in range(count // 8)]), range(8))
        failures.extend(wait())
        return part.at_rest()

    # What allocators and caches keep in any case is there after a tenth.
    base = use(max(queues // 10, 1000), "first")
    began = time.monotonic()
    left = use(queues, "then")
    seconds = time.monotonic() - began - 3
    part.gauges(base, left)
    print(f"churn: {queues} queues declared, used and deleted in {seconds:.0f} s, {queues // 20} channels, {queues // 200} connections "
          f"({queues * 5 / seconds:.0f} calls/s); "
          + ", ".join(f"{name} {base[name]} -> {left[name]}" for name in base))
    for failure in failures[:3]:
        part.expect(False, failure)
    return part.end()


PARTS = {"poison": lambda options: Poison(options).run(), "storm": storm, "slow": slow, "flood": flood, "idle": idle, "churn": churn}


if __name__ == "__main__":
    sys.exit(bad_part.run(__doc__, PARTS))
