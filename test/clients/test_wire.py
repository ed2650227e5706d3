"""The two protocols byte by byte, as curl and old scripts speak them, without a client library in between."""
import http.client
import json
import re
import urllib.parse

import pytest

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"


def exchange(server, method, path, body=None, headers=None):
    """(status, headers with lower-case names, text) of one request on a connection of its own."""
    connection = http.client.HTTPConnection(server.address("sqs"), timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def in_json(server, action, arguments, **headers):
    status, answered, text = exchange(server, "POST", "/", arguments if isinstance(arguments, str) else json.dumps(arguments), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}", **headers})
    return status, answered, json.loads(text) if text else None


def in_query(server, path="/", method="POST", **parameters):
    text = urllib.parse.urlencode(parameters)
    if method == "GET":
        return exchange(server, "GET", f"{path}?{text}")
    return exchange(server, "POST", path, text, {"Content-Type": "application/x-www-form-urlencoded"})


@pytest.fixture
def queue(server, name):
    return in_json(server, "CreateQueue", {"QueueName": name})[2]["QueueUrl"]


def path_of(url):
    return urllib.parse.urlparse(url).path


def test_json_round_trip(server, queue):
    status, headers, sent = in_json(server, "SendMessage", {"QueueUrl": queue, "MessageBody": "hello"})
    assert status == 200
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amzn-requestid"]
    assert sent["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    _, _, received = in_json(server, "ReceiveMessage", {"QueueUrl": queue})
    message, = received["Messages"]
    assert message["Body"] == "hello"
    status, _, _ = in_json(server, "DeleteMessage", {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]})
    assert status == 200
    assert in_json(server, "ReceiveMessage", {"QueueUrl": queue})[2].get("Messages", []) == []


def test_json_attribute_values_are_strings_and_blobs_base64(server, queue):
    attributes = in_json(server, "GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": ["All"]})[2]["Attributes"]
    assert all(isinstance(value, str) for value in attributes.values())
    in_json(server, "SendMessage", {"QueueUrl": queue, "MessageBody": "x", "MessageAttributes": {
        "b": {"DataType": "Binary", "BinaryValue": "AAH/"}}})
    message, = in_json(server, "ReceiveMessage", {"QueueUrl": queue, "MessageAttributeNames": ["All"]})[2]["Messages"]
    assert message["MessageAttributes"]["b"]["BinaryValue"] == "AAH/"


def test_json_error_has_type_and_query_code(server):
    status, headers, body = in_json(server, "GetQueueUrl", {"QueueName": "never-made"})
    assert status == 400
    assert body["__type"] == "com.amazonaws.sqs#QueueDoesNotExist"
    assert headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


@pytest.mark.parametrize("body", ["{", "[]", "\"x\"", "", "{\"QueueUrl\": 5}", "[" * 100_000, "\xff".encode("latin-1")],
                         ids=["cut", "array", "string", "empty", "wrong type", "deep", "not utf-8"])
def test_malformed_json_is_refused_and_the_server_lives(server, body):
    connection = http.client.HTTPConnection(server.address("sqs"), timeout=30)
    connection.request("POST", "/", body, {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"})
    assert 400 <= connection.getresponse().status < 500
    connection.close()
    assert in_json(server, "ListQueues", {})[0] == 200


def test_an_unknown_action_is_refused(server):
    assert in_json(server, "FlyToTheMoon", {})[0] == 400
    status, _, text = in_query(server, Action="FlyToTheMoon", Version="2012-11-05")
    assert status == 400 and "<Code>InvalidAction</Code>" in text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_query_round_trip(server, queue, method):
    status, headers, text = in_query(server, "/", method, Action="SendMessage", QueueUrl=queue, MessageBody="a & <b>",
                                     Version="2012-11-05")
    assert status == 200 and headers["content-type"].startswith("text/xml")
    assert NAMESPACE in text and "<SendMessageResponse" in text and "<RequestId>" in text
    _, _, text = in_query(server, "/", method, Action="ReceiveMessage", QueueUrl=queue, Version="2012-11-05")
    assert "<Body>a &amp; &lt;b&gt;</Body>" in text
    handle = re.search(r"<ReceiptHandle>(.*?)</ReceiptHandle>", text).group(1)
    status, _, text = in_query(server, "/", method, Action="DeleteMessage", QueueUrl=queue, ReceiptHandle=handle,
                               Version="2012-11-05")
    assert status == 200 and "<DeleteMessageResponse" in text


def test_query_on_the_queues_own_path(server, queue):
    status, _, _ = in_query(server, path_of(queue), "GET", Action="SendMessage", MessageBody="by path")
    assert status == 200
    _, _, text = in_query(server, path_of(queue), "POST", Action="ReceiveMessage")
    assert "<Body>by path</Body>" in text


def test_a_presigned_url_is_accepted_whoever_signed_it(server, queue):
    signed = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": "AKIAOTHER/20200101/eu-west-1/sqs/aws4_request",
              "X-Amz-Date": "20200101T000000Z", "X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host", "X-Amz-Signature": "0" * 64,
              "X-Amz-Security-Token": "token"}
    status, _, text = in_query(server, path_of(queue), "GET", Action="SendMessage", MessageBody="signed", **signed)
    assert status == 200 and "<MessageId>" in text


def test_query_error_is_xml(server):
    status, _, text = in_query(server, Action="GetQueueUrl", QueueName="never-made", Version="2012-11-05")
    assert status == 400
    assert "<ErrorResponse" in text and "<Type>Sender</Type>" in text
    assert "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in text


def test_both_protocols_see_the_same_queue(server, queue):
    in_query(server, Action="SendMessage", QueueUrl=queue, MessageBody="from query", Version="2012-11-05",
             **{"MessageAttribute.1.Name": "n", "MessageAttribute.1.Value.DataType": "Number",
                "MessageAttribute.1.Value.StringValue": "7"})
    message, = in_json(server, "ReceiveMessage", {"QueueUrl": queue, "MessageAttributeNames": ["All"]})[2]["Messages"]
    assert message["Body"] == "from query"
    assert message["MessageAttributes"] == {"n": {"DataType": "Number", "StringValue": "7"}}


def test_the_url_names_the_host_the_client_used(server, name):
    _, _, body = in_json(server, "CreateQueue", {"QueueName": name}, Host="queues.example:9999")
    assert body["QueueUrl"] == f"http://queues.example:9999/000000000000/{name}"


def test_a_connection_serves_many_requests(server, queue):
    connection = http.client.HTTPConnection(server.address("sqs"), timeout=30)
    for number in range(50):
        connection.request("POST", "/", json.dumps({"QueueUrl": queue, "MessageBody": str(number)}), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200 and not answer.will_close
    connection.close()


@pytest.mark.parametrize("headers, code, kind", [
    ({"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"},
     '{"__type":"com.amazonaws.sqs#RequestEntityTooLarge"', "application/x-amz-json-1.0"),
    ({"Content-Type": "application/x-www-form-urlencoded"},
     "<Type>Sender</Type><Code>RequestEntityTooLarge</Code>", "text/xml")], ids=["json", "query"])
def test_a_body_larger_than_any_message_is_refused_in_its_own_protocol(server, headers, code, kind):
    connection = http.client.HTTPConnection(server.address("sqs"), timeout=30)
    connection.putrequest("POST", "/")
    for name, value in {**headers, "Content-Length": str(1 << 40)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 413 and answer.getheader("Content-Type") == kind
    assert code in text and "16777216 bytes" in text
    connection.close()


def test_boto3_says_which_limit_a_request_is_over(sqs, queue):
    from botocore.exceptions import ClientError
    with pytest.raises(ClientError) as caught:
        sqs.send_message(QueueUrl=queue, MessageBody="x" * (17 << 20))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert "RequestEntityTooLarge" in caught.value.response["Error"]["Code"]


def test_garbage_is_no_request(server):
    import socket
    host, port = server.address("sqs").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n")
        answer = raw.recv(1000)
    assert answer == b"" or b"400" in answer
    assert in_json(server, "ListQueues", {})[0] == 200


def test_a_receiver_that_hangs_up_takes_no_message_along(server, queue):
    connection = http.client.HTTPConnection(server.address("sqs"), timeout=30)
    connection.request("POST", "/", json.dumps({"QueueUrl": queue, "WaitTimeSeconds": 20}), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"})
    connection.sock.settimeout(0.3)
    with pytest.raises(OSError):
        connection.sock.recv(1)  # it waits
    connection.close()
    in_json(server, "SendMessage", {"QueueUrl": queue, "MessageBody": "for somebody else"})
    received = in_json(server, "ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": 5})[2]
    assert [message["Body"] for message in received["Messages"]] == ["for somebody else"]
