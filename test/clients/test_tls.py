"""HTTPS, as operators set it up and AWS's libraries use it."""
import http.client
import json
import signal
import ssl
import subprocess
import time

import pytest

from server import Server


def make_certificate(folder, name="tls"):
    """(certificate file, key file), self-signed for 127.0.0.1; the command of doc/operating/configure.md."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def flags(certificate, key, *more):
    return ["--tls-certificate", str(certificate), "--tls-key", str(key), *more]


@pytest.fixture
def files(tmp_path):
    return make_certificate(tmp_path)


@pytest.fixture
def serve(program, tmp_path):
    """Starts servers that end with the test."""
    running = []

    def start(*arguments, store=None):
        running.append(Server(program, tmp_path, store=store, arguments=arguments))
        return running[-1].start()

    yield start
    for server in running:
        assert server.stop() == 0, server.log()


def client(server, ca, scheme="https"):
    import boto3
    from botocore.config import Config
    return boto3.client("sqs", endpoint_url=f"{scheme}://{server.address('sqs')}", region_name="us-east-1", verify=str(ca),
                        config=Config(retries={"max_attempts": 0}, read_timeout=40))


def certificate_of(server):
    host, port = server.address("sqs").rsplit(":", 1)
    return ssl.get_server_certificate((host, int(port)))


def plain(server, path="/", listener="sqs"):
    connection = http.client.HTTPConnection(server.address(listener), timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def await_line(server, text):
    deadline = time.monotonic() + 10
    while not any(text in line for line in server.output):
        assert time.monotonic() < deadline, f"no {text!r} in:\n{server.log()}"
        time.sleep(0.02)


def test_boto3_sends_and_receives_and_gets_https_urls(serve, files):
    server = serve(*flags(*files))
    assert any(line.split() == ["sqs", f"https://{server.address('sqs')}"] for line in server.output)
    sqs = client(server, files[0])
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert url.startswith(f"https://{server.address('sqs')}/")
    sqs.send_message(QueueUrl=url, MessageBody="x" * 200_000)
    message, = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert message["Body"] == "x" * 200_000
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []) == []


def test_a_client_that_does_not_know_the_certificate_does_not_talk(serve, files, tmp_path):
    from botocore.exceptions import SSLError
    other, _ = make_certificate(tmp_path, "other")
    with pytest.raises(SSLError):
        client(serve(*flags(*files)), other).list_queues()


def test_versions_before_1_2_are_refused(serve, files):
    host, port = serve(*flags(*files)).address("sqs").rsplit(":", 1)
    talk = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    assert talk.returncode != 0
    for version in ("-tls1_2", "-tls1_3"):
        subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", version], stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=20, check=True)


def test_plain_http_is_refused_with_the_reason(serve, files):
    status, text = plain(serve(*flags(*files)), "/?Action=ListQueues")
    assert status == 400 and "HTTPS" in text


def test_plain_http_is_served_beside_it_when_tls_is_optional(serve, files):
    server = serve(*flags(*files, "--tls-optional"))
    assert plain(server, "/?Action=ListQueues")[0] == 200
    assert client(server, files[0], "http").create_queue(QueueName="q")["QueueUrl"].startswith("http://")
    assert client(server, files[0]).get_queue_url(QueueName="q")["QueueUrl"].startswith("https://")


def test_the_admin_listener_stays_plain_unless_told_otherwise(serve, files, tmp_path):
    assert plain(serve(*flags(*files)), "/rowmq/v1/queues", "admin")[0] == 200
    config = tmp_path / "rowmq.toml"
    config.write_text(f'[tls]\ncertificate = {json.dumps(str(files[0]))}\nkey = {json.dumps(str(files[1]))}\nadmin = true\n')
    server = serve("--config", str(config), store="memory:")
    assert plain(server, "/rowmq/v1/queues", "admin")[0] == 400
    trusting = ssl.create_default_context(cafile=str(files[0]))
    connection = http.client.HTTPSConnection(server.address("admin"), timeout=10, context=trusting)
    connection.request("GET", "/rowmq/v1/queues")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_renewed_certificate_counts_after_sighup_and_a_bad_one_does_not(serve, files, tmp_path):
    server = serve(*flags(*files))
    sqs = client(server, files[0])
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    old = certificate_of(server)

    make_certificate(tmp_path)  # into the same files
    assert certificate_of(server) == old
    server.process.send_signal(signal.SIGHUP)
    await_line(server, "read again")
    assert certificate_of(server) == files[0].read_text()
    sqs.send_message(QueueUrl=url, MessageBody="on the connection from before")
    assert client(server, files[0]).receive_message(QueueUrl=url)["Messages"]

    renewed = files[0].read_text()
    files[0].write_text("not a certificate\n")
    server.process.send_signal(signal.SIGHUP)
    await_line(server, "stays as it was")
    assert any(str(files[0]) in line for line in server.output)
    assert certificate_of(server) == renewed


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_that_is_missing_or_wrong_ends_the_start_and_is_named(program, tmp_path, files, which):
    def refused():
        ended = subprocess.run([program, "serve", "--store", "memory:", "--listen", "sqs=0", "--listen", "amqp=off", "--listen", "admin=off",
                                *flags(*files)],
                               capture_output=True, text=True, timeout=20)
        assert ended.returncode == 1 and str(files[which]) in ended.stderr

    files[which].write_text("garbage\n")
    refused()
    files[which].unlink()
    refused()


def test_a_certificate_without_its_key_is_refused(program, files):
    ended = subprocess.run([program, "serve", "--store", "memory:", "--tls-certificate", str(files[0])], capture_output=True,
                           text=True, timeout=20)
    assert ended.returncode == 1 and "no key" in ended.stderr


def test_a_receiver_that_hangs_up_takes_no_message_along(serve, files):
    server = serve(*flags(*files))
    sqs = client(server, files[0])
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    connection = http.client.HTTPSConnection(server.address("sqs"), timeout=30,
                                             context=ssl.create_default_context(cafile=str(files[0])))
    connection.request("POST", "/", json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"})
    connection.sock.settimeout(0.3)
    with pytest.raises(OSError):
        connection.sock.recv(1)  # it waits
    connection.close()
    sqs.send_message(QueueUrl=url, MessageBody="for somebody else")
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]] == ["for somebody else"]
