"""boto3 behind the calls of sqs_http.Client: the same outcomes, another library's codec and connections."""
import base64

import boto3
import botocore.exceptions
from botocore.config import Config
from sqs_http import Refused, Unknown, Unreachable


def _each_binary(value, convert):
    if isinstance(value, dict):
        return {key: convert(inner) if key == "BinaryValue" else _each_binary(inner, convert) for key, inner in value.items()}
    if isinstance(value, list):
        return [_each_binary(inner, convert) for inner in value]
    return value


class Client:
    def __init__(self, address):
        self._address, self._sqs = address, None
        self.base = f"http://{address}/000000000000/"

    def connect(self):
        if self._sqs is None:
            session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
            self._sqs = session.client("sqs", endpoint_url=f"http://{self._address}", config=Config(
                retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=40))

    def close(self):
        if self._sqs is not None:
            self._sqs.close()
            self._sqs = None

    def call(self, action, queue=None, **arguments):
        self.connect()
        if queue is not None:
            arguments["QueueUrl"] = self.base + queue
        method = "".join("_" + letter.lower() if letter.isupper() else letter for letter in action)[1:]
        try:
            answer = getattr(self._sqs, method)(**_each_binary(arguments, base64.b64decode))
        except botocore.exceptions.EndpointConnectionError as error:
            raise Unreachable(str(error)) from error
        except botocore.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise Refused(f"{action}: {error}") from error
            raise Unknown(f"{action}: {error}") from error
        except Exception as error:  # timeouts, resets, half an answer, a checksum that does not match
            raise Unknown(f"{action}: {error!r}") from error
        return _each_binary(answer, lambda value: base64.b64encode(value).decode())
