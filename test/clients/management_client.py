"""What the tests of RabbitMQ's management API share: requests, and who asks."""
import base64
import json
import time
import urllib.error
import urllib.request
from urllib.parse import quote

import pika

SECONDS = 15  # longer than anything here takes


class Api:
    """One user's view. `get("queues/%2F")` is the parsed answer; `ask` has its status, too."""

    def __init__(self, server, user="guest", password="guest"):
        self.base = f"http://127.0.0.1:{server.management_port}/api/"
        self.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def ask(self, method, path, body=None, headers=()):
        request = urllib.request.Request(self.base + path, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", self.authorization)
        request.add_header("Content-Type", "application/json")
        for name, value in dict(headers).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                status, text, self.headers = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as refused:
            status, text, self.headers = refused.code, refused.read(), refused.headers
        return status, json.loads(text) if text else None

    def get(self, path):
        status, answer = self.ask("GET", path)
        assert status == 200, (path, status, answer)
        return answer

    def put(self, path, body=None):
        status, answer = self.ask("PUT", path, {} if body is None else body)
        assert status in (201, 204), (path, status, answer)
        return status

    def post(self, path, body):
        status, answer = self.ask("POST", path, body)
        assert status in (200, 201, 204), (path, status, answer)
        return answer

    def delete(self, path):
        status, answer = self.ask("DELETE", path)
        assert status == 204, (path, status, answer)

    def eventually(self, path, holds):
        """RabbitMQ's numbers are some seconds old."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            answer = self.get(path)
            if holds(answer):
                return answer
            time.sleep(0.1)
        raise AssertionError(f"it did not become so: {answer}")


def connect(server, vhost="/", user="guest", password="guest", **parameters):
    return pika.BlockingConnection(pika.ConnectionParameters(
        "127.0.0.1", server.amqp_port, virtual_host=vhost, credentials=pika.PlainCredentials(user, password), socket_timeout=SECONDS,
        **parameters))


def named(items, **members):
    """The one item with these members."""
    found = [item for item in items if all(item[name] == value for name, value in members.items())]
    assert len(found) == 1, (members, items)
    return found[0]


__all__ = ["Api", "connect", "named", "quote", "SECONDS"]
