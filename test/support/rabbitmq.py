"""Debian's RabbitMQ, where it is installed: on ports of its own, in a folder of its own; with its management API, if that is wanted."""
import os
import pathlib
import signal
import socket
import subprocess
import time

PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"
START_SECONDS = 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class DidNotStart(Exception):
    """With the end of what it said."""


class RabbitMQ:
    """As it is packaged: its own settings but for ports and folders, and no plugin but the management API."""

    def __init__(self, folder, management=True):
        self.home = pathlib.Path(folder)
        self.amqp_port, self.management_port = free_port(), free_port() if management else None
        mapper, distribution = free_port(), free_port()
        (self.home / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.amqp_port}\n"
            + (f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.management_port}\n" if management else ""))
        (self.home / "plugins").write_text("[rabbitmq_management].\n" if management else "[].\n")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ROWMQ_"))} | {
            "HOME": str(self.home), "detached": "1",  # the process started is the virtual machine itself
            "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": f"rowmq_test_{self.amqp_port}@localhost", "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"), "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"}
        self.mapper = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(mapper)], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
        self.process = None

    def start(self):
        with open(self.home / "said", "a", encoding="utf-8") as said:
            self.process = subprocess.Popen([PROGRAM], env=self.environment, cwd=self.home, stdin=subprocess.DEVNULL, stdout=said,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        last = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > last:
                self.end()
                raise DidNotStart("rabbitmq-server did not start:\n" + (self.home / "said").read_text(errors="replace")[-2000:])
            time.sleep(0.2)
        return self

    def answers(self):
        return answers(self.amqp_port, b"AMQP\0\0\x09\x01") and (
            self.management_port is None or answers(self.management_port, b"GET / HTTP/1.0\r\n\r\n"))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        for process in (self.process, self.mapper):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(port, greeting):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(greeting)
            return bool(connection.recv(1))
    except OSError:
        return False
