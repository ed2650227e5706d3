"""One client of every protocol at one server: stock boto3 for SQS and SNS, plain HTTP for Query, pika for AMQP, the program."""
import contextlib
import json
import subprocess
import urllib.parse
import urllib.request
import xml.etree.ElementTree as xml

import boto3
import pika
from botocore.config import Config

import amqp_client

ACCOUNT = "000000000000"


class Parties:
    def __init__(self, server):
        self.server = server
        self.connection = None

    def __enter__(self):
        self.meet()
        return self

    def __exit__(self, *_):
        self.part()

    def meet(self):
        """Connects, also to a server that was started again: its ports are others."""
        self.part()
        config = Config(retries={"max_attempts": 0}, read_timeout=40)
        self.sqs, self.sns = (boto3.client(which, endpoint_url=self.server.url, region_name="us-east-1", config=config)
                              for which in ("sqs", "sns"))
        self.connection = amqp_client.connect(self.server)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def part(self):
        with contextlib.suppress(pika.exceptions.AMQPError):  # its server may have ended
            if self.connection and self.connection.is_open:
                self.connection.close()

    def url(self, queue):
        return f"{self.server.url}/{ACCOUNT}/{queue}"

    def arn(self, queue):
        return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"

    def query(self, action, **parameters):
        """A call of the Query protocol: the root of its answer, without namespaces."""
        data = urllib.parse.urlencode({"Action": action, "Version": "2012-11-05", **parameters}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.server.url, data), timeout=40) as answer:
            return xml.fromstring(answer.read().replace(b' xmlns="http://queue.amazonaws.com/doc/2012-11-05/"', b""))

    def program(self, verb, *arguments, stdin=b"", expect=0):
        """What the program's own verb prints, beside the server or alone."""
        done = subprocess.run([self.server.program, verb, "--store", self.server.store, *arguments], cwd=self.server.folder, input=stdin,
                              capture_output=True, timeout=30)
        assert done.returncode == expect, f"{verb} {arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def counts(self, queue):
        """(ready, in flight, delayed), as SQS counts."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=names)["Attributes"]
        return tuple(int(told[name]) for name in names)

    # ------------------------------------------------------------------ one message, as each protocol's client sees it

    def send(self, queue, body="x", **more):
        return self.sqs.send_message(QueueUrl=self.url(queue), MessageBody=body, **more)

    def receive(self, queue, **more):
        """The next message through SQS; None when there is none within WaitTimeSeconds (default 5)."""
        asked = {"WaitTimeSeconds": 5, "AttributeNames": ["All"], "MessageAttributeNames": ["All"], **more}
        got = self.sqs.receive_message(QueueUrl=self.url(queue), **asked).get("Messages", [])
        return got[0] if got else None

    def delete(self, queue, message):
        self.sqs.delete_message(QueueUrl=self.url(queue), ReceiptHandle=message["ReceiptHandle"])

    def publish(self, queue, body=b"x", exchange="", **properties):
        self.channel.basic_publish(exchange, queue, body, pika.BasicProperties(**properties), mandatory=True)

    def take(self, queue, **more):
        """The next message through AMQP, awaited: (method, properties, body)."""
        return amqp_client.take(self.channel, queue, **more)

    def is_empty(self, queue):
        """Nothing is ready, in the eyes of each protocol."""
        return (self.channel.basic_get(queue)[0] is None and self.receive(queue, WaitTimeSeconds=0) is None
                and self.program("receive", queue, expect=2) == b"")

    def printed(self, queue, verb="receive", **more):
        """The next message as `rowmq receive --json` prints it."""
        return json.loads(self.program(verb, "--json", *(("--wait", "5s") if verb == "receive" else ()), queue, **more).splitlines()[0])
