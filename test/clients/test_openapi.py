"""The description of the admin API: a valid OpenAPI document, and what the server answers is as it says."""
import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from admin_http import ask, call


@pytest.fixture(scope="module")
def description(server):
    return call(server, "GET", "/rowmq/v1/openapi.json")


def check(description, path, method, status, answer):
    """The answer is what the operation's description says of this status."""
    responses = description["paths"][path][method]["responses"]
    response = responses.get(str(status), responses.get("default"))
    if "$ref" in response:
        response = description["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema = {**response["content"]["application/json"]["schema"], "components": description["components"]}
    problems = [f"{list(error.absolute_path)}: {error.message}" for error in Draft202012Validator(schema).iter_errors(answer)]
    assert not problems, f"{method} {path}: {problems}"


def test_it_is_a_valid_openapi_document(description):
    assert description["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(description).validate()


def test_operations_have_names_of_their_own(description):
    names = [operation["operationId"] for path in description["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)


def test_answers_are_as_described(server, description, name):
    queue, base = "/rowmq/v1/queues/{queue}", f"/rowmq/v1/queues/{name}"

    def asked(path, method, target, body=None):
        status, _, text = ask(server, method.upper(), target, body)
        answer = json.loads(text)
        check(description, path, method, status, answer)
        return answer

    asked(queue, "put", base, {"max_receives": 3, "tags": {"team": "a"}, "dead_letter": {"routing_key": "x"}})
    asked(queue, "put", base, {"max_receives": 4})  # refused: 409
    asked(queue, "patch", base, {"lease_ms": 1000})
    asked(queue, "get", base)
    asked("/rowmq/v1/queues", "get", "/rowmq/v1/queues?max=1")
    asked(queue + "/messages", "post", base + "/messages", {"body": "x", "properties": {"headers": {"a": [1, None, {"b": 2.5}]}}})
    asked(queue + "/messages", "post", base + "/messages", {"messages": [{"body_base64": "/w=="}, {"body": "y", "priority": 1}]})
    asked(queue + "/messages", "get", base + "/messages?max=2")
    asked(queue + "/search", "get", base + "/search?text=x&header=a=1")
    asked(queue + "/search", "get", base + "/search?nothing=x")  # refused: 400
    received = asked(queue + "/messages/receive", "post", base + "/messages/receive", {"max": 3})["messages"]
    leases = [message["lease"] for message in received]
    asked(queue + "/messages/extend", "post", base + "/messages/extend", {"leases": leases, "lease_ms": 5000})
    asked(queue + "/messages/settle", "post", base + "/messages/settle", {"settlements": [{"lease": lease} for lease in leases * 2]})
    asked(queue + "/purge", "post", base + "/purge", {"leased": True})
    asked(queue + "/redrive", "post", base + "/redrive", {"destination": name})
    asked("/rowmq/v1/redrives", "get", "/rowmq/v1/redrives")
    asked("/rowmq/v1/redrives/{redrive}", "delete", "/rowmq/v1/redrives/0")
    asked("/rowmq/v1/counts", "get", "/rowmq/v1/counts")
    asked("/rowmq/v1/health", "get", "/rowmq/v1/health")
    asked("/rowmq/v1/backup", "post", "/rowmq/v1/backup", {"path": "relative"})
    asked(queue, "delete", base)


def test_a_search_goes_on_where_it_ended(server, name):
    base = f"/rowmq/v1/queues/{name}"
    call(server, "PUT", base)
    for start in range(0, 12_000, 4_000):
        messages = [{"body": f"number {number}", "properties": {"headers": {"last": number % 10}}} for number in range(start, start + 4_000)]
        call(server, "POST", base + "/messages", {"messages": messages})

    found, scanned, after = [], 0, ""
    while True:
        answer = call(server, "GET", f"{base}/search?text=999&header=last=9&max=7{after}")
        found += [message["body"] for message in answer["messages"]]
        scanned += answer["scanned"]
        if "next" not in answer:
            break
        after = "&after=" + answer["next"]

    assert found == [f"number {number}" for number in range(12_000) if "999" in str(number) and number % 10 == 9]
    assert scanned == 12_000
