"""A full disk, as publishers of AMQP see it: they are told, they wait, and nothing they published is lost."""
import pathlib

import pika

from amqp_client import bodies, connect, until
from server import Server
from test_full_disk import KEPT_FREE, fill, in_own_namespace, mount_tmpfs


def block_and_unblock(program, folder):
    mount_tmpfs(folder)
    store = pathlib.Path(folder) / "store"
    store.mkdir()
    (store / "rowmq.toml").write_text(f"[limits]\ndisk_free_bytes = {KEPT_FREE}\n")
    server = Server(program, store, arguments=["--config", str(store / "rowmq.toml")]).start()
    connection, consuming = connect(server), connect(server)
    told = []
    connection.add_on_connection_blocked_callback(lambda _, frame: told.append(frame.method.reason))
    connection.add_on_connection_unblocked_callback(lambda _, frame: told.append("unblocked"))
    consuming.add_on_connection_blocked_callback(lambda *_: told.append("somebody who does not publish"))
    channel = connection.channel()
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"before")
    other = consuming.channel()
    assert bodies(other, "q", 1) == [b"before"]

    foreign = fill(folder)
    connection.process_data_events(0.2)  # the disk is measured ten times a second
    for number in range(5):
        channel.basic_publish("", "q", str(number).encode(), pika.BasicProperties(delivery_mode=2))
    until(lambda: told, connection)
    assert told == ["low on disk"]
    connection.process_data_events(0.5)
    assert other.queue_declare("q", passive=True).method.message_count == 0

    foreign.unlink()
    until(lambda: len(told) == 2, connection)
    assert told == ["low on disk", "unblocked"]
    assert bodies(other, "q", 5) == [str(number).encode() for number in range(5)]
    channel.basic_publish("", "q", b"after")
    assert bodies(other, "q", 1) == [b"after"]

    foreign = fill(folder)
    connection.process_data_events(0.2)  # the disk is measured ten times a second
    for number in range(5):
        channel.basic_publish("", "q", b"x")
    until(lambda: len(told) == 3, connection)
    assert server.stop() == 0, "a server that waits for its disk stops all the same"


def test_publishers_wait_while_the_disk_is_full(program, tmp_path):
    in_own_namespace(lambda: block_and_unblock(program, tmp_path))
