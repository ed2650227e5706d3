"""Signatures through stock clients: the right key is let in, everything else is refused as AWS refuses it."""
import datetime
import http.client
import urllib.parse

import pytest

from server import Server

KEY, SECRET, REGION = "AKIAROWMQTEST", "a/secret+with=signs", "eu-west-1"
ACCOUNT = "123456789012"
PRESIGNED_FORM = "application/x-www-form-urlencoded; charset=utf-8"


@pytest.fixture(scope="module")
def guarded(program, tmp_path_factory):
    running = Server(program, tmp_path_factory.mktemp("guarded"), arguments=[
        "--access-key", f"{KEY}:{SECRET}", "--access-key", "AKIAOTHER:other", "--account", ACCOUNT, "--region", REGION]).start()
    yield running
    assert running.stop() == 0, running.log()


def client(server, key=KEY, secret=SECRET, region=REGION):
    import boto3
    from botocore.config import Config
    return boto3.client("sqs", endpoint_url=server.url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret,
                        config=Config(retries={"max_attempts": 0}))


def ask(server, url, method="GET", body=None, headers=None):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(server.address("sqs"), timeout=20)
    connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def signed(url, method="GET", body="", query=False, at=None, key=KEY, secret=SECRET, expires=60):
    """A request that botocore signed; in its query when asked for."""
    from botocore import auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": PRESIGNED_FORM} if body else {})
    credentials = Credentials(key, secret)
    signer = (auth.SigV4QueryAuth(credentials, "sqs", REGION, expires=expires) if query
              else auth.SigV4Auth(credentials, "sqs", REGION))
    if at is None:
        signer.add_auth(request)
    else:
        request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
        request.headers["X-Amz-Date"] = request.context["timestamp"]
        signer._inject_signature_to_request(
            request, signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))
    return request


def test_the_server_says_how_many_keys_it_knows_and_never_a_secret(guarded, server):
    assert "signed with 2 access keys" in guarded.log()
    assert "any credentials" in server.log()
    assert SECRET not in guarded.log()


def test_the_right_key_is_let_in(guarded, name):
    sqs = client(guarded)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{guarded.url}/{ACCOUNT}/{name}"
    sqs.send_message(QueueUrl=url, MessageBody="ä " * 1000, MessageAttributes={"a b".replace(" ", "-"): {
        "DataType": "Binary", "BinaryValue": b"\0\xff"}})
    message, = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert message["Attributes"]["SenderId"] == KEY
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert arn == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    sqs.delete_queue(QueueUrl=url)


def test_other_keys_secrets_and_regions_are_refused(guarded, error_of):
    code, status, text = error_of(client(guarded, key="AKIANOBODY").list_queues)
    assert (code, status) in {("InvalidClientTokenId", 403), ("UnrecognizedClientException", 403)}
    assert text == "The security token included in the request is invalid."
    code, status, text = error_of(client(guarded, secret="wrong").list_queues)
    assert (code, status) in {("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 403)}
    assert text.startswith("The request signature we calculated does not match the signature you provided.")
    code, status, text = error_of(client(guarded, region="us-east-1").list_queues)
    assert status == 403
    assert text.startswith("Credential should be scoped to a valid region")


def test_a_request_without_a_signature_is_refused(guarded):
    status, text = ask(guarded, guarded.url + "/?Action=ListQueues")
    assert status == 403
    assert "<Code>MissingAuthenticationToken</Code>" in text
    status, text = ask(guarded, guarded.url + "/", "POST", "{}", {"X-Amz-Target": "AmazonSQS.ListQueues"})
    assert status == 403
    assert "MissingAuthenticationTokenException" in text


def test_sns_on_the_same_port_is_guarded_too(guarded, name, error_of):
    import boto3

    def topics(secret):
        return boto3.client("sns", endpoint_url=guarded.url, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=secret)

    assert topics(SECRET).create_topic(Name=name)["TopicArn"].startswith(f"arn:aws:sns:{REGION}:{ACCOUNT}:")
    code, status, _ = error_of(topics("wrong").list_topics)
    assert (code, status) == ("SignatureDoesNotMatch", 403)
    status, text = ask(guarded, guarded.url + "/?Action=ListTopics&Version=2010-03-31")
    assert status == 403
    assert "<Code>MissingAuthenticationToken</Code>" in text
    status, text = ask(guarded, guarded.url + "/?Action=ConfirmSubscription&Version=2010-03-31&TopicArn=x&Token=y")
    assert "MissingAuthenticationToken" not in text


def test_a_changed_body_is_refused(guarded):
    body = "Action=ListQueues&Version=2012-11-05"
    request = signed(guarded.url + "/", "POST", body)
    status, _ = ask(guarded, guarded.url + "/", "POST", body, dict(request.headers.items()))
    assert status == 200
    status, text = ask(guarded, guarded.url + "/", "POST", body + "&MaxResults=1", dict(request.headers.items()))
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in text


@pytest.mark.parametrize("minutes, text", [(-16, "Signature expired: "), (16, "Signature not yet current: ")])
def test_a_clock_that_is_far_off_is_refused(guarded, minutes, text):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    request = signed(guarded.url + "/?Action=ListQueues", at=at)
    status, answer = ask(guarded, request.url, headers=dict(request.headers.items()))
    assert status == 403
    assert text in answer


def test_a_presigned_url_works_without_further_headers(guarded, name):
    url = signed(f"{guarded.url}/?Action=CreateQueue&QueueName={name}", query=True).url
    status, text = ask(guarded, url)
    assert status == 200, text
    status, text = ask(guarded, url.replace(name, name + "x"))
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in text
    status, text = ask(guarded, signed(f"{guarded.url}/?Action=ListQueues", query=True, expires=604_801).url)
    assert status == 400
    assert "less than a week" in text


def test_generate_presigned_url_is_accepted(guarded):
    url = client(guarded).generate_presigned_url("list_queues", HttpMethod="GET")
    signed_headers = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["X-Amz-SignedHeaders"][0].split(";")
    # Of the JSON protocol's clients the action is a header, which whoever uses the URL has to send.
    headers = {"x-amz-target": "AmazonSQS.ListQueues", "content-type": "application/x-amz-json-1.0", "x-amzn-query-mode": "true"}
    status, text = ask(guarded, url, headers={key: value for key, value in headers.items() if key in signed_headers})
    assert status == 200, text
