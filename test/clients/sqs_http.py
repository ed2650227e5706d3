"""The smallest SQS client: AWS JSON over one kept connection, which tells "refused" from "who knows"."""
import http.client
import json
import socket


class Refused(Exception):
    """The server answered that it did not do it."""


class Unknown(Exception):
    """The connection broke or the server failed: it may have been done or not."""


class Unreachable(Exception):
    """Nothing was sent."""


class Client:
    def __init__(self, address, timeout=30):
        host, port = address.rsplit(":", 1)
        self._host, self._port, self._timeout = host, int(port), timeout
        self._connection = None
        self.base = f"http://{address}/000000000000/"

    def connect(self):
        if self._connection is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
            try:
                connection.connect()
            except OSError as error:
                raise Unreachable(str(error)) from error
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = connection

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self, action, queue=None, **arguments):
        self.connect()
        if queue is not None:
            arguments["QueueUrl"] = self.base + queue
        try:
            self._connection.request("POST", "/", json.dumps(arguments).encode(), {
                "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS." + action,
                "Authorization": "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/sqs/aws4_request, Signature=0"})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unknown(f"{action}: {error!r}") from error
        if answer.status >= 500:
            raise Unknown(f"{action}: HTTP {answer.status} {text[:300]!r}")
        if answer.status != 200:
            raise Refused(f"{action}: HTTP {answer.status} {text[:300]!r}")
        try:
            return json.loads(text) if text else {}
        except ValueError as error:
            raise Unknown(f"{action}: not JSON: {text[:300]!r}") from error
