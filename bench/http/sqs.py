"""Amazon SQS over one keep-alive connection, as JSON: as little as a benchmark needs, so that it measures the server."""
import json
import socket

from served import CannotMeasure


def request(port, action, **fields):
    """The bytes of one request."""
    body = json.dumps(fields, separators=(",", ":"))
    return (f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: AmazonSQS.{action}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Connection:
    """One question at a time: ask(), then take() until it is whole; or call()."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""

    def close(self):
        # By a reset: thousands of ports that wait for late packets would leave none for the next round.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def ask(self, bytes_of_request):
        self.socket.sendall(bytes_of_request)

    def take(self):
        """Reads what is there. The body of the answer once it is whole, before that None."""
        some = self.socket.recv(65536)
        if not some:
            raise CannotMeasure("the server hung up")
        self.heard += some
        head, found, body = self.heard.partition(b"\r\n\r\n")
        if not found:
            return None
        if not head.startswith(b"HTTP/1.1 200 "):
            raise CannotMeasure(f"the server answered {self.heard[:300].decode(errors='replace')}")
        at = head.index(b"Content-Length: ") + 16
        if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
            return None
        self.heard = b""
        return body

    def call(self, action, **fields):
        self.ask(request(self.port, action, **fields))
        while (body := self.take()) is None:
            pass
        return json.loads(body) if body else {}


def create_queue(port, name):
    """Its URL."""
    connection = Connection(port)
    try:
        return connection.call("CreateQueue", QueueName=name)["QueueUrl"]
    finally:
        connection.close()


def delete_queue(port, url):
    connection = Connection(port)
    try:
        connection.call("DeleteQueue", QueueUrl=url)
    finally:
        connection.close()
