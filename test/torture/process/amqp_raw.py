"""A socket that speaks AMQP 0-9-1 frame by frame, in pika's words, and as it likes: it may not read, send without end, go in the middle.

One thread at a time. pika's own connections always read, and cost more than a server should spend on a message.
"""
import socket
import struct
import time

from pika import spec
from pika.frame import Body, Header, Method, decode_frame

ANSWER_SECONDS = 40   # longer than the checker allows
FRAME_BYTES = 131_072
CAPABILITIES = {"capabilities": {"publisher_confirms": True, "basic.nack": True, "consumer_cancel_notify": True}}


class Ended(Exception):
    """The socket, the connection or the channel was closed by the other side."""


class Silent(Exception):
    """Nothing came in time."""


def said(method, channel=1):
    return Method(channel, method).marshal()


def published(queue, body, mandatory=False, properties=spec.BasicProperties(delivery_mode=2)):
    """The frames of one message to the default exchange."""
    pieces = [said(spec.Basic.Publish(routing_key=queue, mandatory=mandatory)), Header(1, len(body), properties).marshal()]
    most = FRAME_BYTES - 8
    pieces += [Body(1, body[at:at + most]).marshal() for at in range(0, len(body), most)]
    return b"".join(pieces)


class Raw:
    """Logged in as guest, with channel 1 open. `receive_bytes`, `segment_bytes`: of the socket, so small that the system keeps little."""

    def __init__(self, address, heartbeat=0, receive_bytes=None, segment_bytes=None):
        host, _, port = address.rpartition(":")
        self.socket, self._buffer = socket.socket(), bytearray()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        if segment_bytes:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment_bytes)
        try:
            self.socket.settimeout(ANSWER_SECONDS)
            self.socket.connect((host, int(port)))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._log_in(heartbeat)
        except (OSError, Ended, Silent) as error:
            self.socket.close()
            raise Ended(f"connecting: {error!r}") from error

    def _log_in(self, heartbeat):
        self.send(b"AMQP\0\0\x09\x01")
        self.await_(spec.Connection.Start)
        self.say(spec.Connection.StartOk(client_properties=CAPABILITIES, mechanism="PLAIN", response="\0guest\0guest", locale="en_US"),
                 channel=0)
        self.await_(spec.Connection.Tune)
        self.say(spec.Connection.TuneOk(channel_max=2047, frame_max=FRAME_BYTES, heartbeat=heartbeat), channel=0)
        self.say(spec.Connection.Open(virtual_host="/"), channel=0)
        self.await_(spec.Connection.OpenOk)
        self.ask(spec.Channel.Open(), spec.Channel.OpenOk)

    # ---------------------------------------------------------------------------------------- saying

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Ended(f"sending: {error!r}") from error

    def say(self, *methods, channel=1):
        self.send(b"".join(said(method, channel) for method in methods))

    def ask(self, method, answer, channel=1):
        """Says it, and waits for its answer; what comes before is dropped."""
        self.say(method, channel=channel)
        return self.await_(answer)

    def declare(self, queue, **arguments):
        return self.ask(spec.Queue.Declare(queue=queue, **arguments), spec.Queue.DeclareOk)

    def consume(self, queue, no_ack=False):
        self.ask(spec.Basic.Consume(queue=queue, no_ack=no_ack, consumer_tag=queue), spec.Basic.ConsumeOk)

    def acknowledge(self, tag, multiple=False):
        self.say(spec.Basic.Ack(tag, multiple))

    # ---------------------------------------------------------------------------------------- hearing

    def _take(self, count, until):
        """The next so many bytes. Silent: not yet; nothing is lost."""
        while len(self._buffer) < count:
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                more = self.socket.recv(262_144)
            except TimeoutError:
                raise Silent from None
            except OSError as error:
                raise Ended(f"reading: {error!r}") from error
            finally:
                self.socket.settimeout(ANSWER_SECONDS)
            if not more:
                raise Ended("the other side closed")
            self._buffer += more
        some = bytes(self._buffer[:count])
        return some

    def _frame(self, seconds):
        """The next frame: (kind, channel, all its bytes)."""
        until = time.monotonic() + seconds
        while True:
            kind, channel, length = struct.unpack(">BHI", self._take(7, until))
            whole = self._take(length + 8, until)
            del self._buffer[:length + 8]
            if kind != spec.FRAME_HEARTBEAT:
                return kind, channel, whole

    def hear(self, seconds=ANSWER_SECONDS):
        """The next method, with its properties and its body where it has them. Silent; Ended, also by a close."""
        method = decode_frame(self._frame(seconds)[2])[1].method
        if isinstance(method, (spec.Connection.Close, spec.Channel.Close)):
            raise Ended(f"{method.reply_code} {method.reply_text}")
        if not spec.has_content(method.INDEX):
            return method, None, b""
        header, body = decode_frame(self._frame(ANSWER_SECONDS)[2])[1], bytearray()
        while len(body) < header.body_size:
            body += self._frame(ANSWER_SECONDS)[2][7:-1]
        return method, header.properties, bytes(body)

    def await_(self, kind):
        """The next method of that kind; others are dropped."""
        while True:
            method = self.hear()[0]
            if isinstance(method, kind):
                return method

    # ---------------------------------------------------------------------------------------- ending

    def close(self):
        """In order."""
        try:
            self.ask(spec.Connection.Close(200, "", 0, 0), spec.Connection.CloseOk, channel=0)
        except (Ended, Silent):
            pass  # it is closed all the same
        self.socket.close()

    def die(self):
        """As if the client's process had died."""
        self.socket.close()


class Confirms:
    """What of the messages a connection published, numbered from 1, is confirmed and what is refused."""

    def __init__(self, raw):
        self.raw, self.answered, self.refused, self._up_to, self._beyond = raw, 0, 0, 0, set()
        raw.ask(spec.Confirm.Select(), spec.Confirm.SelectOk)

    def take(self, method):
        """An answer; those it is about, that were not answered before."""
        tags = range(self._up_to + 1 if method.multiple else method.delivery_tag, method.delivery_tag + 1)
        tags = [tag for tag in tags if tag not in self._beyond]
        self._beyond.update(tags)
        while self._up_to + 1 in self._beyond:
            self._up_to += 1
            self._beyond.discard(self._up_to)
        if isinstance(method, spec.Basic.Nack):
            self.refused += len(tags)
        self.answered += len(tags)
        return tags

    def await_all(self, count):
        """Until so many are answered."""
        while self.answered < count:
            method = self.raw.hear()[0]
            if isinstance(method, (spec.Basic.Ack, spec.Basic.Nack)):
                self.take(method)
