"""One server spoken to in one encoding. Every request is written down with its answer, in a form that can be compared."""
import base64
import http.client
import json
import urllib.parse
import xml.etree.ElementTree as xml

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# What differs between two servers that both are right: ids, times, and who and where they are.
UNEQUAL = {"MessageId", "ReceiptHandle", "SequenceNumber", "TaskHandle", "SenderId", "StartedTimestamp", "SentTimestamp",
           "CreatedTimestamp", "LastModifiedTimestamp", "ApproximateFirstReceiveTimestamp", "Message"}
TAIL = {"QueueUrl", "QueueUrls", "QueueArn", "DeadLetterQueueSourceArn", "SourceArn", "DestinationArn", "queueUrls"}

# Names of lists and maps in Query requests: (parameter, how the key of a map is called, how its value is).
QUERY_LISTS = {"TagKeys": "TagKey", "AttributeNames": "AttributeName", "MessageAttributeNames": "MessageAttributeName",
               "MessageSystemAttributeNames": "MessageSystemAttributeName", "AWSAccountIds": "AWSAccountId", "Actions": "ActionName"}
QUERY_MAPS = {"Attributes": ("Attribute", "Name", "Value"), "tags": ("Tag", "Key", "Value"), "Tags": ("Tag", "Key", "Value"),
              "MessageAttributes": ("MessageAttribute", "Name", "Value"),
              "MessageSystemAttributes": ("MessageSystemAttribute", "Name", "Value")}
# Elements of Query answers that are lists and maps of the JSON answers.
ANSWER_LISTS = {"Message": "Messages", "BatchResultErrorEntry": "Failed", "SendMessageBatchResultEntry": "Successful",
                "DeleteMessageBatchResultEntry": "Successful", "ChangeMessageVisibilityBatchResultEntry": "Successful",
                "ListMessageMoveTasksResultEntry": "Results"}
ANSWER_MAPS = {"Attribute": "Attributes", "MessageAttribute": "MessageAttributes", "Tag": "Tags"}


def comparable(value, key=""):
    """The answer without what may differ."""
    if isinstance(value, dict):
        return {name: comparable(inner, name) for name, inner in sorted(value.items())
                if name != "ResponseMetadata" and inner not in ([], {}, None)}
    if isinstance(value, (list, tuple)):
        items = [comparable(inner, key) for inner in value]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    if key in UNEQUAL:
        return f"({key})"
    if key in TAIL:
        return str(value).replace("/", ":").rsplit(":", 1)[-1]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if key == "RedrivePolicy":
        policy = json.loads(value)
        return {"maxReceiveCount": str(policy.get("maxReceiveCount")), "to": str(policy.get("deadLetterTargetArn")).rsplit(":", 1)[-1]}
    return str(value)


class Answer:
    def __init__(self, status, code, text, body):
        self.status, self.code, self.text, self.body = status, code, text, body

    @property
    def outcome(self):
        """What two servers are compared by."""
        return f"{self.status} {self.code}" if self.code else f"{self.status} {json.dumps(comparable(self.body), ensure_ascii=True)}"

    def messages(self):
        return self.body.get("Messages") or []

    def handle(self, number=0):
        return self.messages()[number]["ReceiptHandle"] if len(self.messages()) > number else "no-message-came"


class Json:
    """boto3, which does not check or repeat what it is asked to send."""

    name = "JSON"

    def __init__(self, url):
        self.url = url
        self._client = boto3.client("sqs", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test",
                                    aws_secret_access_key="test",
                                    config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=30))
        # A digest that does not fit is a difference to write down, not an exception.
        self._client.meta.events.unregister("before-call.sqs")

    def call(self, action, arguments):
        try:
            body = self._client._make_api_call(action, arguments)  # any action by its name
            return Answer(body["ResponseMetadata"]["HTTPStatusCode"], "", "", body)
        except ClientError as error:
            met = error.response
            return Answer(met["ResponseMetadata"].get("HTTPStatusCode"), met["Error"].get("Code"), met["Error"].get("Message", ""), {})
        except (BotoCoreError, OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            return Answer(0, type(error).__name__, str(error), {})


class Query:
    """Form parameters and XML, without a library."""

    name = "Query"

    def __init__(self, url):
        self.url = url
        self._host = urllib.parse.urlparse(url).netloc

    def call(self, action, arguments):
        parameters = [("Action", action), ("Version", "2012-11-05"), *flatten(action, arguments)]
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            connection.request("POST", "/", urllib.parse.urlencode(parameters), {
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"})
            answer = connection.getresponse()
            return parse(answer.status, answer.read())
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, type(error).__name__, str(error), {})
        finally:
            connection.close()


def text_of(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value).lower() if isinstance(value, bool) else str(value)


def flatten(action, arguments, prefix=""):
    """The parameters of a request, lists and maps numbered from 1."""
    for name, value in arguments.items():
        if name == "Entries":
            for number, entry in enumerate(value, 1):
                yield from flatten(action, entry, f"{action}RequestEntry.{number}.")
        elif name in QUERY_LISTS:
            for number, item in enumerate(value, 1):
                yield f"{prefix}{QUERY_LISTS[name]}.{number}", text_of(item)
        elif name in QUERY_MAPS and isinstance(value, dict):
            parameter, key_name, value_name = QUERY_MAPS[name]
            for number, (key, item) in enumerate(value.items(), 1):
                yield f"{prefix}{parameter}.{number}.{key_name}", key
                inner = item.items() if isinstance(item, dict) else [("", item)]
                for part, content in inner:
                    yield f"{prefix}{parameter}.{number}.{value_name}{'.' if part else ''}{part}", text_of(content)
        else:
            yield prefix + name, text_of(value)


def parse(status, content):
    try:
        root = xml.fromstring(content)
    except xml.ParseError:
        return Answer(status, "(no XML)", content.decode(errors="replace")[:300], {})
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
    if root.tag == "ErrorResponse" or root.find(".//Error/Code") is not None:
        return Answer(status, root.findtext(".//Code") or "(no code)", root.findtext(".//Error/Message") or "", {})
    result = next((child for child in root if child.tag.endswith("Result")), None)
    return Answer(status, "", "", structure(result, root.tag) if result is not None else {})


def structure(element, of):
    """An element as the JSON encoding would say it."""
    found = {}
    for child in element:
        tag = child.tag
        if tag in ANSWER_LISTS and len(child):
            found.setdefault(ANSWER_LISTS[tag], []).append(structure(child, of))
        elif tag in ANSWER_MAPS and len(child):
            key = child.findtext("Name") or child.findtext("Key") or ""
            value = child.find("Value")
            found.setdefault(ANSWER_MAPS[tag], {})[key] = (
                structure(value, of) if value is not None and len(value) else (value.text or "") if value is not None else "")
        elif tag == "QueueUrl" and of.startswith("List"):
            found.setdefault("queueUrls" if of.startswith("ListDead") else "QueueUrls", []).append(child.text)
        else:
            found[tag] = structure(child, of) if len(child) else (child.text or "")
    return found
