"""What the tests of AMQP share: pika's connections, what ends a channel, and frames by hand."""
import contextlib
import re
import socket
import struct
import time

import pika
import pytest
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, ConnectionClosedByBroker

SECONDS = 15  # longer than anything here takes


def connect(server, **parameters):
    parameters.setdefault("socket_timeout", SECONDS)
    return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", server.amqp_port, **parameters))


def lose(connection):
    """The connection breaks off, as if the client's process had died."""
    connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)


def closed_by(call, *arguments, **named):
    """(code, text) of the channel.close that a call is answered with."""
    with pytest.raises(ChannelClosedByBroker) as caught:
        call(*arguments, **named)
    return caught.value.reply_code, caught.value.reply_text


def connection_closed_by(call, *arguments, **named):
    """(code, text) of the connection.close that a call is answered with."""
    with pytest.raises((ConnectionClosedByBroker, AMQPConnectionError)) as caught:
        call(*arguments, **named)
    if isinstance(caught.value, ConnectionClosedByBroker):
        return caught.value.reply_code, caught.value.reply_text
    code, _, text = re.search(r"ConnectionClosedByBroker: \((\d+)\) (['\"])(.*)\2", str(caught.value)).groups()
    return int(code), text.replace("\\'", "'")


def take(channel, queue, **named):
    """One message by basic.get, awaited: (method, properties, body)."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        got = channel.basic_get(queue, **named)
        if got[0]:
            return got
        channel.connection.process_data_events(0.02)
    raise AssertionError(f"nothing came to {queue}")


def bodies(channel, queue, count):
    """The next `count` bodies, taken for good."""
    return [take(channel, queue, auto_ack=True)[2] for _ in range(count)]


def until(holds, connection=None):
    """Waits for what becomes true by itself."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if holds():
            return
        if connection:
            connection.process_data_events(0.02)
        else:
            time.sleep(0.02)
    raise AssertionError("it did not come true")


def collect(channel, queue, count, **named):
    """Consumes until `count` messages have come: [(method, properties, body)]. The consumer stays."""
    got = []
    channel.basic_consume(queue, lambda _, *message: got.append(message), **named)
    until(lambda: len(got) >= count, channel.connection)
    return got


class Wire:
    """A socket that speaks frames, well formed or not."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.amqp_port), timeout=SECONDS)
        self.received = b""

    def send(self, data):
        self.socket.sendall(data)

    def frame(self, kind, channel, payload, end=b"\xce"):
        self.send(struct.pack(">BHI", kind, channel, len(payload)) + payload + end)

    def method(self, channel, klass, method, arguments=b""):
        self.frame(1, channel, struct.pack(">HH", klass, method) + arguments)

    def read(self, count):
        while len(self.received) < count:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(self.received)
            self.received += more
        some, self.received = self.received[:count], self.received[count:]
        return some

    def next_frame(self):
        kind, channel, length = struct.unpack(">BHI", self.read(7))
        payload = self.read(length)
        assert self.read(1) == b"\xce"
        return kind, channel, payload

    def next_method(self):
        """(channel, class, method, arguments) of the next method frame."""
        while True:
            kind, channel, payload = self.next_frame()
            if kind == 1:
                return channel, *struct.unpack(">HH", payload[:4]), payload[4:]

    def ended(self):
        """Whether the server closes the connection, whatever it says before."""
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(65536):
                pass
        return True

    def start(self, user=b"guest", password=b"guest", mechanism=b"PLAIN", client_properties=b""):
        """The handshake up to tune; returns (channel_max, frame_max, heartbeat)."""
        self.send(b"AMQP\x00\x00\x09\x01")
        assert self.next_method()[1:3] == (10, 10)
        response = b"\0" + user + b"\0" + password
        self.method(0, 10, 11, struct.pack(">I", len(client_properties)) + client_properties + bytes([len(mechanism)]) + mechanism
                    + struct.pack(">I", len(response)) + response + b"\x05en_US")
        _, klass, method, arguments = self.next_method()
        assert (klass, method) == (10, 30), (klass, method, arguments)
        return struct.unpack(">HIH", arguments)

    def open(self, frame_max=131072, channel_max=2047, heartbeat=0, vhost=b"/"):
        self.start()
        self.method(0, 10, 31, struct.pack(">HIH", channel_max, frame_max, heartbeat))
        self.method(0, 10, 40, bytes([len(vhost)]) + vhost + b"\0\0")
        assert self.next_method()[1:3] == (10, 41)
        return self

    def open_channel(self, number=1):
        self.method(number, 20, 10, b"\0")
        assert self.next_method()[:3] == (number, 20, 11)
        return self

    def close(self):
        """(code, text, class, method) of the close that comes, of the connection or a channel."""
        while True:
            _, klass, method, arguments = self.next_method()
            if (klass, method) in ((10, 50), (20, 40)):
                code, length = struct.unpack(">HB", arguments[:3])
                return code, arguments[3:3 + length].decode(), *struct.unpack(">HH", arguments[3 + length:])
