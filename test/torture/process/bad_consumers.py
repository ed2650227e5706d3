#!/usr/bin/env python3
"""Bad consumers: poison under kills, a redelivery storm, readers that do not read, churn of queues.

    bad_consumers.py [poison] [storm] [slow] [churn] [--full]

Each part starts a server of its own, prints what it measured, and writes a ledger that the checker judges. Exit 1 when a bar is
missed; the ledger is kept then.
"""
import collections
import json
import pathlib
import random
import socket
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "clients")]
sys.dont_write_bytecode = True
import bad_part  # noqa: E402
import dump  # noqa: E402
from bad_part import MIB, p99  # noqa: E402
from sqs_http import Client, Unknown, Unreachable  # noqa: E402


class Part(bad_part.Part):
    @property
    def address(self):
        return self.server.address("sqs")

    def client(self):
        return Client(self.address)

    def create(self, queue, rules, attributes=None):
        self.client().call("CreateQueue", QueueName=queue, Attributes=attributes or {})
        self.describe(queue, rules)


# ---------------------------------------------------------------------------------------------- poison

class Poison:
    """Good messages and poison in three queues that allow 1, 3 and 20 leases; on poison a consumer's connection just ends."""

    ALLOWED = (1, 3, 20)

    def __init__(self, options):
        self.options = options
        self.good, self.poison = (9_800, 200) if options.full else (1_500, 45)
        self.kills = 12 if options.full else 4

    def setup(self):
        self.part = Part("poison", self.options)
        for allowed in self.ALLOWED:
            self.part.create(f"dead-{allowed}", "kind=standard")
            policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:dead-{allowed}", "maxReceiveCount": allowed}
            self.part.create(f"work-{allowed}", f"kind=standard strict=1 max_receives={allowed} dead_letter=dead-{allowed}",
                             {"RedrivePolicy": json.dumps(policy), "RowMQ.StrictCounting": "true"})

    def fill(self, poison):
        client = self.part.client()
        names = [f"good:{n}" for n in range(self.good)] + [f"poison:{n}" for n in range(poison)]
        random.Random(1).shuffle(names)
        for at in range(0, len(names), 10):
            some, queue = names[at:at + 10], f"work-{self.ALLOWED[at // 10 % 3]}"
            invoked = time.monotonic_ns()
            answer = client.call("SendMessageBatch", queue, Entries=[{"Id": str(n), "MessageBody": name + "|"} for n, name in enumerate(some)])
            self.part.ledger.add(invoked, "producer", "send", "ok", [
                (some[int(entry["Id"])], f"q={queue} m={entry['MessageId']}") for entry in answer["Successful"]])

    def consume(self, who, until_empty):
        """One thread; ends when `until_empty` is set, or all good messages are deleted."""
        client, turn = None, random.Random(who)
        while not until_empty.is_set():
            queue = f"work-{turn.choice(self.ALLOWED)}"
            invoked = time.monotonic_ns()
            try:
                client = client or self.part.client()
                client.connect()
                invoked = time.monotonic_ns()
                answer = client.call("ReceiveMessage", queue, MaxNumberOfMessages=10, VisibilityTimeout=1, AttributeNames=["All"])
            except Unreachable:
                client = None
                time.sleep(0.01)  # the program is starting
                continue
            except Unknown:
                self.part.ledger.add(invoked, who, "receive", "info", [("-", f"q={queue} ms=1000")])
                client = None
                continue
            except AssertionError:
                time.sleep(0.01)  # no address yet
                continue
            got = answer.get("Messages", [])
            first = self.part.ledger.add(invoked, who, "receive", "ok", [
                (message["Body"].rstrip("|"), f"q={queue} ms=1000 m={message['MessageId']} n={message['Attributes']['ApproximateReceiveCount']}")
                for message in got] or [("-", f"q={queue} ms=1000")])
            good = [(n, message) for n, message in enumerate(got) if message["Body"].startswith("good")]
            if good:
                self.delete(client, who, queue, [(message["Body"].rstrip("|"), message["ReceiptHandle"], first + n) for n, message in good])
            if len(good) < len(got):
                client.close()  # it died of it
                client = None

    def delete(self, client, who, queue, got):
        invoked, entries = time.monotonic_ns(), [(name, f"q={queue} grant={grant}") for name, _, grant in got]
        try:
            client.call("DeleteMessageBatch", queue, Entries=[{"Id": str(n), "ReceiptHandle": handle} for n, (_, handle, _) in enumerate(got)])
        except (Unknown, Unreachable):
            self.part.ledger.add(invoked, who, "delete", "info", entries)
            return
        self.part.ledger.add(invoked, who, "delete", "ok", entries)
        with self.lock:
            self.deleted += len(got)
            if self.deleted >= self.good:
                self.all_good.set()

    def work(self):
        """Consumers that run until told to end. (the event, the threads)"""
        self.lock, self.deleted, self.all_good = threading.Lock(), 0, threading.Event()
        over = threading.Event()
        threads = [threading.Thread(target=self.consume, args=(f"consumer-{n}", over), daemon=True) for n in range(4)]
        for thread in threads:
            thread.start()
        return over, threads

    def rate(self, poison):
        """Good messages a second, without kills."""
        self.setup()
        self.fill(poison)
        began = time.monotonic()
        over, threads = self.work()
        self.all_good.wait(300)
        rate = self.good / (time.monotonic() - began)
        over.set()
        for thread in threads:
            thread.join(30)
        self.part.abandon()
        return rate

    def dead(self):
        """{name: [(queue, leases it had)]} of what was dead-lettered, from the notes the store keeps of it."""
        found = collections.defaultdict(list)
        with dump.opened(self.part.folder / "messages.db") as db:
            for queue, body, notes in db.execute("SELECT queue, CAST(body AS BLOB), notes FROM rowmq_messages WHERE queue LIKE 'dead-%'"):
                if (name := dump.name_of(body)).startswith("poison"):  # of the others, a kill may have used up the one lease
                    found[name].append((queue, notes or ""))
        return found

    def run(self):
        bare, poisoned = zip(*((self.rate(0), self.rate(self.poison)) for _ in range(2)))
        share = max(poisoned) / max(bare)
        self.setup()
        self.fill(self.poison)
        over, threads = self.work()
        draw, kills = random.Random(self.options.seed), 0
        until = time.monotonic() + 240
        while time.monotonic() < until:
            time.sleep(draw.uniform(0.3, 1.5) if kills < self.kills else 0.2)  # the moment of the kill, drawn
            if kills < self.kills:
                self.part.kill()
                kills += 1
            if sum(map(len, self.dead().values())) >= self.poison and kills == self.kills:
                break
        over.set()
        for thread in threads:
            thread.join(30)
        dead = self.dead()
        exact = sum(1 for copies in dead.values() if len(copies) == 1 and
                    f'"receives":{copies[0][0].split("-")[1]}' in copies[0][1].replace(" ", ""))
        print(f"poison: {len(dead)} of {self.poison} dead-lettered, {exact} of them once and after exactly 1, 3 or 20 leases, under {kills} kills; "
              f"the others went at {share * 100:.0f} % of {max(bare):.0f} messages/s")
        self.part.expect(len(dead) == self.poison == exact, f"{self.poison} poison messages, {len(dead)} dead-lettered, {exact} exactly")
        self.part.expect(share >= (0.9 if self.options.full else 0.6), f"the others' rate is {share * 100:.0f} %, the bar is 90 %")
        return self.part.end()


# ---------------------------------------------------------------------------------------------- redelivery storm

def storm(options):
    """Four consumers give one message back as fast as they can; the store must not grow, and others must be served."""
    seconds = 120 if options.full else 12
    part = Part("storm", options)
    part.create("hot", "kind=standard")
    part.create("calm", "kind=standard")
    part.client().call("SendMessage", "hot", MessageBody="hot|")
    over, rounds = threading.Event(), collections.Counter()

    def give_back(number):
        client = part.client()
        while not over.is_set():
            for message in client.call("ReceiveMessage", "hot", WaitTimeSeconds=1).get("Messages", []):
                client.call("ChangeMessageVisibility", "hot", ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
                rounds[number] += 1

    def calm(until, client):
        took = []
        while time.monotonic() < until:
            began = time.monotonic()
            client.call("SendMessage", "calm", MessageBody="calm|")
            message = client.call("ReceiveMessage", "calm", WaitTimeSeconds=2)["Messages"][0]
            client.call("DeleteMessage", "calm", ReceiptHandle=message["ReceiptHandle"])
            took.append(time.monotonic() - began)
        return p99(took)

    client = part.client()
    before = calm(time.monotonic() + 2, client)
    threads = [threading.Thread(target=give_back, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    calm(time.monotonic() + seconds / 4, client)
    size, memory = part.store_bytes(), part.process("VmRSS")
    during = calm(time.monotonic() + seconds * 3 / 4, client)
    grown, more = part.store_bytes() - size, part.process("VmRSS") - memory
    over.set()
    for thread in threads:
        thread.join(30)
    final = client.call("GetQueueAttributes", "hot", AttributeNames=["All"])["Attributes"]
    held = int(final["ApproximateNumberOfMessages"]) + int(final["ApproximateNumberOfMessagesNotVisible"])
    print(f"storm: {sum(rounds.values())} redeliveries in {seconds} s; the store grew by {grown / MIB:.1f} MiB and the process by {more} KiB; "
          f"another queue's round trip p99 {during * 1000:.1f} ms, before {before * 1000:.1f} ms")
    part.expect(held == 1, f"{held} messages are left of one")
    part.expect(grown <= 8 * MIB, f"the store grew by {grown} bytes")  # the log, which is written over
    part.expect(more <= 4096, f"the process grew by {more} KiB")
    part.expect(during < 1, "others were not served")
    client.call("PurgeQueue", "hot")
    return part.end()


# ---------------------------------------------------------------------------------------------- slow readers

def slow(options):
    """Consumers that ask for megabytes and never read the answer."""
    readers = 1000 if options.full else 200
    part = Part("slow", options)
    part.create("big", "kind=standard")
    part.create("small", "kind=standard")
    client, body = part.client(), "x" * 100_000
    for _ in range(readers // 2):
        client.call("SendMessageBatch", "big", Entries=[{"Id": str(n), "MessageBody": body} for n in range(10)][:2])

    def trips(count):
        took = []
        for _ in range(count):
            began = time.monotonic()
            client.call("SendMessage", "small", MessageBody="small|")
            message = client.call("ReceiveMessage", "small", WaitTimeSeconds=2)["Messages"][0]
            client.call("DeleteMessage", "small", ReceiptHandle=message["ReceiptHandle"])
            took.append(time.monotonic() - began)
        return p99(took)

    before, memory, descriptors = trips(300), part.process("VmRSS"), part.descriptors()
    host, port = part.address.split(":")
    ask = json.dumps({"QueueUrl": client.base + "big", "MaxNumberOfMessages": 10, "VisibilityTimeout": 3}).encode()
    request = (f"POST / HTTP/1.1\r\nHost: {part.address}\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
               f"Authorization: AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/sqs/aws4_request, Signature=0\r\n"
               f"Content-Length: {len(ask)}\r\n\r\n").encode() + ask
    sockets = []
    for _ in range(readers):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        connection.sendall(request * 4)  # pipelined: the answers of all are due
        sockets.append(connection)
    time.sleep(1)  # every answer has been begun, and stands
    after = trips(300)
    time.sleep(4)  # their leases run out
    more = part.process("VmRSS") - memory
    back, until = 0, time.monotonic() + 30
    while back < readers and time.monotonic() < until:
        got = client.call("ReceiveMessage", "big", MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        back += len(got)
        if got:
            client.call("DeleteMessageBatch", "big", Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(got)])
    for connection in sockets:
        connection.close()
    part.await_descriptors(descriptors + 2)
    print(f"slow: {readers} readers that do not read: {more / 1024:.0f} MiB more, {more / readers:.0f} KiB each; another queue's round trip p99 "
          f"{after * 1000:.1f} ms, before {before * 1000:.1f} ms; {back} of {readers // 2 * 2} messages came back when their leases were over; "
          f"descriptors {descriptors}, then {part.descriptors()}")
    part.expect(more <= 64 * 1024, f"the process grew by {more} KiB; the bar is 64 MiB")
    part.expect(after <= max(2 * before, 0.01), "others' p99 more than doubled")
    part.expect(back >= readers // 2 * 2, f"only {back} messages came back")
    part.expect(part.descriptors() <= descriptors + 2, "descriptors are not given back")
    return part.end()


# ---------------------------------------------------------------------------------------------- churn

class Pipe:
    """Requests one behind the other on one connection, then their answers."""

    def __init__(self, address):
        self.address, self.base = address, f"http://{address}/000000000000/"
        self.socket = socket.create_connection(address.split(":"))
        self.file = self.socket.makefile("rb")

    def ask(self, action, many):
        """The answers' bodies; AssertionError when one is not 200."""
        out = bytearray()
        for arguments in many:
            body = json.dumps(arguments).encode()
            out += (f"POST / HTTP/1.1\r\nHost: {self.address}\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{action}\r\n"
                    "Authorization: AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/sqs/aws4_request, Signature=0\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        self.socket.sendall(out)
        return [self.answer(action) for _ in many]

    def answer(self, action):
        status, length = self.file.readline(), 0
        while (line := self.file.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self.file.read(length)
        assert b" 200 " in status, f"{action}: {status} {body[:200]}"
        return json.loads(body) if body else {}


def churn(options):
    """Queues are created, used and deleted; nothing of them must be left: memory, descriptors, rows."""
    queues = options.queues or (100_000 if options.full else 6_000)
    part = Part("churn", options)
    failures = []

    def some(worker, first, last):
        try:
            pipe = Pipe(part.address)
            for at in range(first, last, 20):
                urls = [{"QueueUrl": f"{pipe.base}churn-{worker}-{n}"} for n in range(at, min(at + 20, last))]
                pipe.ask("CreateQueue", [{"QueueName": url["QueueUrl"].rsplit("/", 1)[1]} for url in urls])
                pipe.ask("SendMessage", [url | {"MessageBody": f"of {url['QueueUrl']}"} for url in urls])
                got = pipe.ask("ReceiveMessage", urls)
                pipe.ask("DeleteMessage", [url | {"ReceiptHandle": answer["Messages"][0]["ReceiptHandle"]} for url, answer in zip(urls, got)])
                pipe.ask("DeleteQueue", urls)
            pipe.socket.close()
        except Exception as error:  # told below; a thread must not end in silence
            failures.append(f"worker {worker}: {error!r}")

    def use(count, base):
        """`count` queues by eight clients, and what is left a moment later."""
        threads = [threading.Thread(target=some, args=(f"{base}-{n}", count * n // 8, count * (n + 1) // 8)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return part.at_rest()

    # What allocators and caches keep in any case is there after a tenth.
    base = use(max(queues // 10, 1000), "first")
    began = time.monotonic()
    left = use(queues, "then")
    seconds = time.monotonic() - began - 3
    part.gauges(base, left)
    print(f"churn: {queues} queues created, used and deleted in {seconds:.0f} s ({queues * 5 / seconds:.0f} calls/s); "
          + ", ".join(f"{name} {base[name]} -> {left[name]}" for name in base))
    for failure in failures[:3]:
        part.expect(False, failure)
    return part.end()


PARTS = {"poison": lambda options: Poison(options).run(), "storm": storm, "slow": slow, "churn": churn}


if __name__ == "__main__":
    sys.exit(bad_part.run(__doc__, PARTS))
