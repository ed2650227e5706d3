"""The two brokers of a comparison, each on ports and in a folder of its own, started and stopped here."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from served import CannotMeasure, Process, Server

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
START_SECONDS = 120


def rabbitmq_is_here():
    return os.path.exists(RABBITMQ) and shutil.which("epmd") is not None


def rabbitmq_version():
    found = glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*")
    return found[0].rsplit("-", 1)[1] if found else "not installed"


def rowmq(settings, directory, early="on"):
    """Ours, with what it syncs before it confirms."""
    return Server(settings.server, f"sqlite:{directory}/rowmq-{early}.db", "amqp", ("--early-delivery", early))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def speaks_amqp(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"AMQP\0\0\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


class RabbitMQ(Process):
    """Debian's rabbitmq-server as it is packaged: no plugins, its own settings but for ports and folders."""

    def __init__(self, directory):
        self.name = "RabbitMQ"
        self.port, mapper, distribution = free_port(), free_port(), free_port()
        home = os.path.join(directory, "rabbitmq")
        os.makedirs(home)
        with open(os.path.join(home, "rabbitmq.conf"), "w", encoding="utf-8") as file:
            file.write(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        with open(os.path.join(home, "plugins"), "w", encoding="utf-8") as file:
            file.write("[].\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")}
        environment |= {
            "HOME": home, "detached": "1",  # the process started is the virtual machine itself
            "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": f"rowmq_bench_{self.port}@localhost", "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": os.path.join(home, "data"), "RABBITMQ_LOG_BASE": os.path.join(home, "log"),
            "RABBITMQ_CONFIG_FILE": os.path.join(home, "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": os.path.join(home, "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self.mapper = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(mapper)], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
        log = os.path.join(home, "said")
        with open(log, "w", encoding="utf-8") as said:
            self.process = subprocess.Popen([RABBITMQ], env=environment, cwd=home, stdin=subprocess.DEVNULL, stdout=said,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        last = time.monotonic() + START_SECONDS
        while not speaks_amqp(self.port):
            if self.process.poll() is not None or time.monotonic() > last:
                self.stop()
                with open(log, encoding="utf-8", errors="replace") as said:
                    raise CannotMeasure(f"rabbitmq-server did not start: {said.read()[-2000:]}")
            time.sleep(0.2)

    def stop(self):
        for process in (self.process, self.mapper):
            if process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
