"""AMQP over TLS, beside the plain listener."""
import signal
import ssl
import subprocess

import pika
import pytest

from amqp_client import SECONDS, connect, connection_closed_by, until
from management_client import Api
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


class Authority:
    """Signs certificates of clients."""

    def __init__(self, folder, name="ca"):
        self.folder, self.certificate, self.key = folder, folder / f"{name}.crt", folder / f"{name}.key"
        run("req", "-x509", *NEW_KEY, "-days", "30", "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def sign(self, name, subject):
        key, request, certificate, more = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt", "ext"))
        more.write_text(f"subjectAltName=DNS:{name}.example\n")
        run("req", *NEW_KEY, "-subj", subject, "-keyout", key, "-out", request)
        run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "30",
            "-extfile", more, "-out", certificate)
        return certificate, key


NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def run(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Tls:
    """A server with amqps, and pika's connections to it."""

    def __init__(self, program, folder, *arguments):
        self.files = make_certificate(folder)
        self.server = Server(program, folder, arguments=["--listen", "amqps=127.0.0.1:0", *flags(*self.files), *arguments]).start()

    def connect(self, shown=None, credentials=None):
        context = ssl.create_default_context(cafile=self.files[0])
        if shown:
            context.load_cert_chain(*shown)
        port = int(self.server.address("amqps").rpartition(":")[2])
        return pika.BlockingConnection(pika.ConnectionParameters(
            "127.0.0.1", port, ssl_options=pika.SSLOptions(context, "127.0.0.1"), socket_timeout=SECONDS,
            credentials=credentials or pika.credentials.ExternalCredentials()))


@pytest.fixture
def tls(program, tmp_path):
    running = []

    def start(*arguments):
        running.append(Tls(program, tmp_path, *arguments))
        return running[-1]

    yield start
    for one in running:
        assert one.server.stop() == 0, one.server.log()


def add_user(server, name):
    api = Api(server)
    api.put(f"users/{name}", {"password_hash": "", "tags": ""})
    api.put(f"permissions/%2F/{name}", {"configure": ".*", "write": ".*", "read": ".*"})


def test_a_certificate_is_who_its_common_name_says(tls, tmp_path):
    authority = Authority(tmp_path)
    ann, bob = authority.sign("ann", "/O=Example/CN=ann"), authority.sign("bob", "/CN=bob")
    one = tls("--tls-client-ca", str(authority.certificate))
    add_user(one.server, "ann")
    connection = one.connect(ann)
    connection.channel().queue_declare("q")
    shown, = Api(one.server).get("connections")
    assert (shown["user"], shown["auth_mechanism"], shown["ssl"]) == ("ann", "EXTERNAL", True)
    code, text = connection_closed_by(one.connect, bob)
    assert code == 403 and "Login was refused using authentication mechanism EXTERNAL" in text
    plain = pika.PlainCredentials("guest", "guest")
    one.connect(credentials=plain).close()  # asked for, not required
    one.connect(bob, plain).close()
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        one.connect(Authority(tmp_path, "other").sign("eve", "/CN=ann"))
    with pytest.raises(pika.exceptions.AMQPError):
        one.connect()  # EXTERNAL is not offered to those who show nothing
    Api(one.server).delete("users/ann")
    assert connection_closed_by(lambda: [connection.process_data_events(0.1) for _ in range(100)])[0] == 320


@pytest.mark.parametrize("what, user", [("distinguished_name", "CN=ann,O=Example"), ("subject_alternative_name", "ann.example")])
def test_another_part_of_it_may_be_the_name(tls, tmp_path, what, user):
    authority = Authority(tmp_path)
    one = tls("--tls-client-ca", str(authority.certificate), "--tls-client-name", what)
    add_user(one.server, user.replace("=", "%3D").replace(",", "%2C"))
    one.connect(authority.sign("ann", "/O=Example/CN=ann")).close()


def test_who_shows_none_is_cut_where_one_is_required_and_a_reload_changes_the_authority(tls, tmp_path):
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    ann, eve = authority.sign("ann", "/CN=ann"), other.sign("eve", "/CN=ann")
    one = tls("--tls-client-ca", str(authority.certificate), "--tls-client-certificates", "required")
    add_user(one.server, "ann")
    open_before = one.connect(ann)
    for shown, credentials in ((None, pika.PlainCredentials("guest", "guest")), (eve, None)):
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            one.connect(shown, credentials)
    authority.certificate.write_bytes(other.certificate.read_bytes())
    one.server.process.send_signal(signal.SIGHUP)

    def comes_in():
        try:
            one.connect(eve).close()
            return True
        except pika.exceptions.AMQPConnectionError:
            return False

    until(comes_in)
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        one.connect(ann)
    open_before.channel().queue_declare("", exclusive=True)  # what is open stays
    open_before.close()


@pytest.mark.parametrize("arguments, why", [
    (["--tls-client-certificates", "required"], "cannot be verified without client_ca"),
    (["--tls-client-certificates", "perhaps"], "none of off, asked, required"),
    (["--tls-client-name", "email"], "none of common_name"),
    (["--tls-client-ca", "/nowhere/ca.pem"], "file of authorities")])
def test_half_a_setting_is_refused(program, tmp_path, arguments, why):
    certificate, key = make_certificate(tmp_path)
    with pytest.raises(Exception, match=why):
        Server(program, tmp_path, arguments=["--listen", "amqps=127.0.0.1:0", *flags(certificate, key), *arguments]).start()
