"""One connection and one channel of pika, driven by the thread that owns it: calls that wait for their answer, and what comes meanwhile.

pika's blocking connection lets no publish wait for its confirm while another is sent, and hands deliveries over later than what
was answered after them; its asynchronous one does neither.
"""
import logging
import socket
import time

import pika
from pika.exceptions import AMQPError
from sqs_http import Unknown, Unreachable

ANSWER_SECONDS = 40   # longer than the checker allows
CLOSE_SECONDS = 5
logging.getLogger("pika").setLevel(logging.CRITICAL)  # a connection that dies is no news here


class Link:
    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._parameters = pika.ConnectionParameters(host, int(port), heartbeat=0, socket_timeout=5, stack_timeout=10)
        self._connection = self.channel = self.broken = None

    def open(self):
        """The connection and its channel. Unreachable: there is no server, or it went meanwhile."""
        self._connection = pika.SelectConnection(self._parameters, on_open_error_callback=self._broke, on_close_callback=self._broke)
        self._connection.ioloop.activate_poller()
        opened = []
        if self.run(lambda: self._connection.is_open):
            self.channel = self._connection.channel(on_open_callback=opened.append)
            self.channel.add_on_close_callback(self._broke)
            self.run(lambda: opened)
        if not opened:
            self.close()
            raise Unreachable(f"connecting: {self.broken!r}")

    def _broke(self, _, error):
        self.broken = self.broken or error

    def run(self, done, seconds=ANSWER_SECONDS):
        """Handles what comes until `done()`, the connection's or the channel's end, or for so long. Whether it is done."""
        self._poll(lambda: done() or self.broken is not None, seconds)
        return bool(done())

    def _poll(self, over, seconds):
        loop, until = self._connection.ioloop, time.monotonic() + seconds
        alarm = loop.call_later(seconds, lambda: None)  # so that polling ends
        while not over() and time.monotonic() < until:
            loop.poll()
            loop.process_timeouts()
        loop.remove_timeout(alarm)

    def send(self, method, *arguments, **named):
        """What has no answer."""
        try:
            getattr(self.channel, method)(*arguments, **named)
        except AMQPError as error:
            raise Unknown(f"{method}: {error!r}") from error

    def call(self, method, *arguments, then=lambda: None, **named):
        """What has one: `then` is called when it comes, before anything that came after it."""
        answers = []

        def answered(frame):
            answers.append(frame)
            then()

        self.send(method, *arguments, callback=answered, **named)
        if not self.run(lambda: answers):
            raise Unknown(f"{method}: {self.broken!r}")
        return answers[0].method

    def close(self, abruptly=False):
        """`abruptly`: as if the client's process had died."""
        if self._connection is None:
            return
        connection, loop = self._connection, self._connection.ioloop
        if connection.is_open and not abruptly:
            connection.close()
        if not abruptly:  # also where the server closes: it waits for the answer
            self._poll(lambda: connection.is_closed, CLOSE_SECONDS)
        if not connection.is_closed and connection._transport:
            connection._transport._sock.shutdown(socket.SHUT_RDWR)
            self._poll(lambda: connection.is_closed, CLOSE_SECONDS)
        self._connection = None
        loop.deactivate_poller()
        loop.close()
