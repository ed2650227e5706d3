"""The two brokers of a comparison, each on ports and in a folder of its own, started and stopped here."""
import glob
import os
import shutil

import rabbitmq
from served import CannotMeasure, Process, Server


def rabbitmq_is_here():
    return os.path.exists(rabbitmq.PROGRAM) and shutil.which("epmd") is not None


def rabbitmq_version():
    found = glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*")
    return found[0].rsplit("-", 1)[1] if found else "not installed"


def rowmq(settings, directory, early="on"):
    """Ours, with what it syncs before it confirms."""
    return Server(settings.server, f"sqlite:{directory}/rowmq-{early}.db", "amqp", ("--early-delivery", early))


class RabbitMQ(Process):
    """Debian's rabbitmq-server as it is packaged: no plugins, its own settings but for ports and folders."""

    def __init__(self, directory):
        self.name = "RabbitMQ"
        home = os.path.join(directory, "rabbitmq")
        os.makedirs(home)
        self.broker = rabbitmq.RabbitMQ(home, management=False)
        try:
            self.broker.start()
        except rabbitmq.DidNotStart as why:
            raise CannotMeasure(str(why)) from why
        self.process, self.port = self.broker.process, self.broker.amqp_port

    def stop(self):
        self.broker.end()
