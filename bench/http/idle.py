"""Keep-alive connections that ask nothing: what they hold, and whether a client beside them feels them."""
import sqs
from load import one_round
from report import Figure, load, median
from served import CannotMeasure, Server


def open_idle(port, count, queue):
    """Connections that have been answered once and stay."""
    question = sqs.request(port, "GetQueueUrl", QueueName=queue)
    connections = []
    for _ in range(count):
        connection = sqs.Connection(port)
        connection.ask(question)
        while connection.take() is None:
            pass
        connections.append(connection)
    return connections


def still_open(connections):
    """How many the server has neither closed nor written to."""
    alive = 0
    for connection in connections:
        connection.socket.setblocking(False)
        try:
            connection.socket.recv(1)
        except BlockingIOError:
            alive += 1
        except ConnectionError:
            pass
    return alive


def idle(settings, report):
    count = 1_000 if settings.quick else 10_000
    before = load()
    with_them, without, resident = [], [], []
    with settings.scratch() as directory, Server(settings.server, f"sqlite:{directory}/idle.db") as server:
        sqs.create_queue(server.port, "idle")
        for number in range(settings.rounds):
            without.append(one_round(server, "flow", 1, settings.seconds, 2 * number)["rate"])
            connections = open_idle(server.port, count, "idle")
            resident.append(server.resident_mib())
            with_them.append(one_round(server, "flow", 1, settings.seconds, 2 * number + 1)["rate"])
            resident.append(server.resident_mib())
            alive = still_open(connections)
            if alive != count:
                raise CannotMeasure(f"only {alive} of {count} idle connections were left at the end of a round")
            for connection in connections:
                connection.close()
    what = f"SQS, {count} idle connections"
    report.add(Figure(name=f"{what}: memory", unit="MiB", value=max(resident), bar=160, at_least=False, note="resident, the most seen"))
    report.add(Figure(name=f"{what}: one client beside them", unit="msg/s", value=median(with_them), raw=median(without),
                      ratio=median([a / b for a, b in zip(with_them, without)]), bar=0.9,
                      note=f"send, receive and delete in batches of 10; {settings.rounds} x {settings.seconds} s each; raw: without "
                           f"them; load {before:.1f} before, {load():.1f} after"))
