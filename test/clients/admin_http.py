"""The admin API over HTTP, with nothing but Python's own library."""
import json
import urllib.error
import urllib.request


def ask(server, method, target, body=None):
    """(status, headers, text) of one request."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{server.address('admin')}{target}", data=data, method=method,
                                     headers={"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def call(server, method, target, body=None):
    """The JSON of an answer that is not an error."""
    status, _, text = ask(server, method, target, body)
    assert status == 200, f"{method} {target}: {status} {text}"
    return json.loads(text)
