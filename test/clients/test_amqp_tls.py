"""AMQP over TLS, beside the plain listener."""
import ssl

import pika
import pytest

from amqp_client import SECONDS, connect
from server import Server
from test_tls import flags, make_certificate


def test_amqps_speaks_amqp_over_tls(program, tmp_path):
    certificate, key = make_certificate(tmp_path)
    server = Server(program, tmp_path, arguments=["--listen", "amqps=127.0.0.1:0", *flags(certificate, key)]).start()
    context = ssl.create_default_context(cafile=certificate)
    port = int(server.address("amqps").rpartition(":")[2])
    secure = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port, ssl_options=pika.SSLOptions(context, "127.0.0.1"),
                                                               socket_timeout=SECONDS))
    channel = secure.channel()
    channel.queue_declare("q")
    channel.confirm_delivery()
    body = bytes(range(256)) * 4_000
    channel.basic_publish("", "q", body)
    assert connect(server).channel().basic_get("q", auto_ack=True)[2] == body, "and the plain listener is there too"
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port, socket_timeout=SECONDS))
    assert server.stop() == 0


def test_amqps_needs_a_certificate(program, tmp_path):
    server = Server(program, tmp_path, arguments=["--listen", "amqps=127.0.0.1:0"])
    with pytest.raises(Exception, match="amqps needs --tls-certificate and --tls-key"):
        server.start()
