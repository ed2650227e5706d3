"""The counters RabbitMQ's dashboards are made of, after a conversation in which each of them counts something."""
import pika
import pytest
from pika.exceptions import UnroutableError

from amqp_client import connect, take, until
from test_metrics import scrape, value


def test_every_counter_of_amqp_counts(own_server):
    connection = connect(own_server)
    channel = connection.channel()
    channel.queue_declare("q", durable=True)
    channel.queue_declare("q", durable=True)
    channel.queue_declare("gone")
    channel.queue_delete("gone")
    channel.basic_publish("", "q", b"without confirm")
    channel.basic_publish("", "nowhere", b"dropped")
    channel.confirm_delivery()
    for number in range(3):
        channel.basic_publish("", "q", str(number).encode())
    with pytest.raises(UnroutableError):
        channel.basic_publish("", "nowhere", b"returned", mandatory=True)
    channel.basic_nack(take(channel, "q")[0].delivery_tag)
    channel.basic_ack(take(channel, "q")[0].delivery_tag)
    take(channel, "q", auto_ack=True)
    consuming = connection.channel()
    came = []
    consuming.basic_consume("q", lambda _, method, *rest: came.append(method), auto_ack=False)
    until(lambda: len(came) == 2, connection)
    consuming.basic_ack(came[-1].delivery_tag, multiple=True)
    assert channel.basic_get("q")[0] is None
    transaction = connection.channel()
    transaction.tx_select()
    transaction.basic_publish("", "q", b"in a transaction", pika.BasicProperties(delivery_mode=2))
    transaction.tx_commit()
    until(lambda: len(came) == 3, connection)

    families = scrape(own_server)
    of_all = lambda name: value(families, f"rabbitmq_global_{name}", protocol="amqp091")  # noqa: E731
    of_queues = lambda name: value(families, f"rabbitmq_global_messages_{name}_total", protocol="amqp091",  # noqa: E731
                                   queue_type="rabbit_classic_queue")
    assert {name: of_all(f"messages_{name}_total") for name in (
        "received", "received_confirm", "confirmed", "routed", "unroutable_dropped", "unroutable_returned")} == {
        "received": 7, "received_confirm": 4, "confirmed": 4, "routed": 5, "unroutable_dropped": 1, "unroutable_returned": 1}
    assert (of_all("publishers"), of_all("consumers")) == (2, 1)
    assert {name: of_queues(name) for name in (
        "delivered", "delivered_consume_manual_ack", "delivered_consume_auto_ack", "delivered_get_manual_ack", "delivered_get_auto_ack",
        "redelivered", "acknowledged")} == {
        "delivered": 6, "delivered_consume_manual_ack": 3, "delivered_consume_auto_ack": 0, "delivered_get_manual_ack": 2,
        "delivered_get_auto_ack": 1, "redelivered": 1, "acknowledged": 3}
    assert of_queues("get_empty") >= 1
    assert [value(families, f"rabbitmq_queues_{what}_total") for what in ("declared", "created", "deleted")] == [3, 2, 1]
    assert value(families, "rabbitmq_channels_opened_total") - value(families, "rabbitmq_channels_closed_total") == 3
    assert value(families, "rabbitmq_process_max_tcp_sockets") >= value(families, "rabbitmq_process_open_tcp_sockets") == 1
    assert value(families, "rabbitmq_resident_memory_limit_bytes") > value(families, "rabbitmq_process_resident_memory_bytes") > 0
    assert value(families, "rabbitmq_alarms_memory_used_watermark") == value(families, "rabbitmq_alarms_free_disk_space_watermark") == 0
    assert value(families, "rowmq_publishing_stopped", because_of="memory") == 0
    connection.close()
