"""AMQP by pika: publishing, confirms, get, consume, acknowledgements, transactions, properties."""
import datetime
import decimal

import pika
import pytest
from pika.exceptions import NackError, UnroutableError

from amqp_client import bodies, closed_by, collect, connect, connection_closed_by, lose, take, until


@pytest.fixture
def declared(channel, name):
    channel.queue_declare(name, durable=True)
    return name


def test_a_message_goes_through_a_queue(channel, declared):
    channel.basic_publish("", declared, b"hello")
    method, properties, body = take(channel, declared)
    assert body == b"hello" and method.exchange == "" and method.routing_key == declared
    assert not method.redelivered and method.message_count == 0 and properties == pika.BasicProperties()
    channel.basic_ack(method.delivery_tag)
    assert channel.basic_get(declared) == (None, None, None)


def test_bodies_of_any_size_arrive_whole(channel, declared):
    sizes = [0, 1, 131064, 131065, 300_000, 3_000_000]
    for size in sizes:
        channel.basic_publish("", declared, bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    got = bodies(channel, declared, len(sizes))
    assert [len(body) for body in got] == sizes
    assert got[-1][:256] == bytes(range(256))


def test_every_property_and_every_type_of_a_table_comes_back(channel, declared):
    headers = {"text": "grüße", "number": 1, "long": 2**40, "negative": -5, "yes": True, "no": False, "nothing": None, "bytes": b"\xff\x00",
               "decimal": decimal.Decimal("12.25"), "time": datetime.datetime(2024, 5, 6, 7, 8, 9),
               "list": [1, "a", None, [2], {"deep": True}], "table": {"a": {"b": {"c": "d"}}}, "empty": "", "empty list": [], "empty table": {}}
    sent = pika.BasicProperties(content_type="text/plain", content_encoding="utf-8", headers=headers, delivery_mode=2, priority=3,
                                correlation_id="c", reply_to="r", expiration="60000", message_id="m", timestamp=1_700_000_000, type="t",
                                user_id="guest", app_id="a", cluster_id="cl")
    channel.basic_publish("", declared, b"", sent)
    _, properties, _ = take(channel, declared)
    got = properties.headers
    assert got.pop("time").replace(tzinfo=None) == headers.pop("time")
    assert got == headers and got["yes"] is True and isinstance(got["bytes"], bytes)
    properties.headers = sent.headers = None
    assert properties == sent


def test_properties_that_are_there_but_empty_stay_there(channel, declared):
    channel.basic_publish("", declared, b"", pika.BasicProperties(content_type="", reply_to="", headers={}))
    _, properties, _ = take(channel, declared)
    assert (properties.content_type, properties.reply_to, properties.headers) == ("", "", {})
    assert properties.message_id is None and properties.delivery_mode is None


def test_confirms_come_after_the_message_is_stored(channel, declared, own_server):
    other = connect(own_server).channel()
    other.queue_declare("kept", durable=True)
    other.confirm_delivery()
    for number in range(50):
        other.basic_publish("", "kept", str(number).encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)
    own_server.kill()
    own_server.start()
    assert bodies(connect(own_server).channel(), "kept", 50) == [str(number).encode() for number in range(50)]


def test_what_reaches_no_queue_is_returned_before_it_is_confirmed(channel, name):
    events = []
    channel.add_on_return_callback(lambda _, method, properties, body: events.append((method.reply_code, method.reply_text, method.exchange,
                                                                                     method.routing_key, properties.message_id, body)))
    channel.confirm_delivery()
    with pytest.raises(UnroutableError) as caught:
        channel.basic_publish("", name, b"back", pika.BasicProperties(message_id="m"), mandatory=True)
    assert [(m.method.reply_code, m.body) for m in caught.value.messages] == [(312, b"back")]
    channel.basic_publish("", name, b"dropped")  # without mandatory it is confirmed and gone
    channel.basic_publish("amq.direct", name, b"dropped too")
    with pytest.raises(UnroutableError):
        channel.basic_publish("amq.topic", name, b"back", mandatory=True)


def test_a_return_without_confirms_names_what_was_published(connection, channel, name):
    returned = []
    channel.add_on_return_callback(lambda *message: returned.append(message))
    channel.basic_publish("amq.fanout", "some.key", b"body", pika.BasicProperties(app_id="a"), mandatory=True)
    until(lambda: returned, connection)
    _, method, properties, body = returned[0]
    assert (method.reply_code, method.reply_text, method.exchange, method.routing_key) == (312, "NO_ROUTE", "amq.fanout", "some.key")
    assert properties.app_id == "a" and body == b"body"


def test_publishing_to_an_exchange_that_is_not_there_ends_the_channel(channel, connection, name):
    channel.basic_publish("none-" + name, "k", b"x")
    assert closed_by(channel.queue_declare, name) == (404, f"NOT_FOUND - no exchange 'none-{name}' in vhost '/'")
    assert connection.channel().queue_declare(name, exclusive=True).method.queue == name


def test_a_publish_is_refused_for_what_it_says(server, connection, declared):
    for properties, text in ((pika.BasicProperties(expiration="1s"), "invalid expiration '1s': {leftover_string,\"s\"}"),
                             (pika.BasicProperties(expiration="-1"), "invalid expiration '-1': {value_negative,-1}"),
                             (pika.BasicProperties(expiration="x"), "invalid expiration 'x': no_integer"),
                             (pika.BasicProperties(user_id="nobody"),
                              "user_id property set to 'nobody' but authenticated user was 'guest'")):
        channel = connection.channel()
        channel.basic_publish("", declared, b"x", properties)
        assert closed_by(channel.queue_declare, declared, durable=True) == (406, "PRECONDITION_FAILED - " + text)
    assert connection.channel().queue_declare(declared, passive=True).method.message_count == 0


def test_acknowledged_one_by_one_and_many_at_once(connection, channel, declared):
    for number in range(6):
        channel.basic_publish("", declared, str(number).encode())
    tags = [take(channel, declared)[0].delivery_tag for _ in range(6)]
    assert tags == [1, 2, 3, 4, 5, 6]
    channel.basic_ack(2)
    channel.basic_ack(4, multiple=True)
    channel.close()
    other = connection.channel()
    got = [take(other, declared) for _ in range(2)]
    assert [(method.redelivered, body) for method, _, body in got] == [(True, b"4"), (True, b"5")]
    other.basic_ack(0, multiple=True)
    assert other.queue_declare(declared, passive=True).method.message_count == 0


def test_a_tag_that_is_not_known_ends_the_channel(connection, declared):
    for tag, multiple in ((1, False), (9, True), (0, False)):
        channel = connection.channel()
        channel.basic_ack(tag, multiple)
        assert closed_by(channel.queue_declare, declared, passive=True) == (406, f"PRECONDITION_FAILED - unknown delivery tag {tag}")
    channel = connection.channel()
    channel.basic_publish("", declared, b"x")
    tag = take(channel, declared)[0].delivery_tag
    channel.basic_ack(tag)
    channel.basic_ack(tag)
    assert closed_by(channel.queue_declare, declared, passive=True) == (406, f"PRECONDITION_FAILED - unknown delivery tag {tag}")
    other = connection.channel()
    other.basic_ack(0, multiple=True)  # all there are: none
    assert other.is_open


def test_rejected_messages_come_back_or_are_gone(channel, declared):
    channel.basic_publish("", declared, b"a")
    channel.basic_publish("", declared, b"b")
    first, second = take(channel, declared)[0], take(channel, declared)[0]
    channel.basic_nack(second.delivery_tag, requeue=True)
    channel.basic_reject(first.delivery_tag, requeue=True)
    got = [take(channel, declared) for _ in range(2)]
    assert [(method.redelivered, body) for method, _, body in got] == [(True, b"a"), (True, b"b")], "at their old places"
    channel.basic_nack(got[-1][0].delivery_tag, multiple=True, requeue=False)
    assert channel.queue_declare(declared, passive=True).method.message_count == 0
    assert channel.basic_get(declared) == (None, None, None)


def test_recover_gives_back_what_is_not_acknowledged(channel, declared):
    channel.basic_publish("", declared, b"a")
    take(channel, declared)
    assert channel.basic_get(declared) == (None, None, None)
    channel.basic_recover(requeue=True)
    method, _, body = take(channel, declared)
    assert body == b"a" and method.redelivered


def test_a_connection_that_ends_gives_back_what_it_held(server, connection, channel, declared):
    other = connect(server)
    holder = other.channel()
    for number in range(10):
        channel.basic_publish("", declared, str(number).encode())
    assert len(collect(holder, declared, 10)) == 10
    lose(other)
    got = [take(channel, declared) for _ in range(10)]
    assert [body for _, _, body in got] == [str(number).encode() for number in range(10)] and all(method.redelivered for method, _, _ in got)


def test_a_consumer_gets_everything_in_order(channel, declared):
    for number in range(1000):
        channel.basic_publish("", declared, str(number).encode())
    got = collect(channel, declared, 1000, auto_ack=True)
    assert [body for _, _, body in got] == [str(number).encode() for number in range(1000)]
    assert [method.delivery_tag for method, _, _ in got] == list(range(1, 1001))
    channel.basic_publish("", declared, b"last")
    until(lambda: len(got) == 1001, channel.connection)
    assert channel.queue_declare(declared, passive=True).method.consumer_count == 1


def test_prefetch_bounds_what_a_consumer_holds(connection, channel, declared):
    for number in range(30):
        channel.basic_publish("", declared, str(number).encode())
    channel.basic_qos(prefetch_count=7)
    got = collect(channel, declared, 7)
    connection.process_data_events(0.3)
    assert len(got) == 7
    channel.basic_ack(got[2][0].delivery_tag, multiple=True)
    until(lambda: len(got) == 10, connection)
    connection.process_data_events(0.2)
    assert len(got) == 10
    channel.basic_nack(got[9][0].delivery_tag, multiple=True, requeue=True)
    until(lambda: len(got) == 17, connection)
    assert [body for _, _, body in got[10:17]] == [str(number).encode() for number in range(3, 10)], "what was given back comes first"


def test_messages_are_shared_among_consumers(server, channel, declared):
    others = [connect(server) for _ in range(2)]
    got = [[], []]
    for index, other in enumerate(others):
        one = other.channel()
        one.basic_qos(prefetch_count=1)

        def take_one(c, method, _, body, index=index):
            got[index].append(body)
            c.basic_ack(method.delivery_tag)

        one.basic_consume(declared, take_one)
    for number in range(60):
        channel.basic_publish("", declared, str(number).encode())

    def all_there():
        for other in others:
            other.process_data_events(0.01)
        return len(got[0]) + len(got[1]) == 60

    until(all_there)
    assert sorted(map(int, got[0] + got[1])) == list(range(60)) and got[0] and got[1]
    for other in others:
        other.close()


def test_cancelled_consumers_get_nothing_more(connection, channel, declared):
    got = collect(channel, declared, 0, consumer_tag="mine")
    channel.basic_cancel("mine")
    channel.basic_publish("", declared, b"x")
    connection.process_data_events(0.2)
    assert got == [] and take(channel, declared)[2] == b"x"
    channel.basic_cancel("never there")


def test_a_consumer_tag_is_used_once(server, name):
    other = connect(server)
    channel = other.channel()
    channel.queue_declare(name, exclusive=True)
    channel.basic_consume(name, print, consumer_tag="t")

    def again():  # pika itself would refuse
        channel._impl._send_method(pika.spec.Basic.Consume(queue=name, consumer_tag="t"))
        other.process_data_events(2)
        channel.queue_declare(name, passive=True)

    assert connection_closed_by(again) == (530, "NOT_ALLOWED - attempt to reuse consumer tag 't'")


def test_an_exclusive_consumer_is_alone(connection, channel, declared):
    channel.basic_consume(declared, print, exclusive=True)
    other = connection.channel()
    refused = (403, f"ACCESS_REFUSED - queue '{declared}' in vhost '/' in exclusive use")
    assert closed_by(other.basic_consume, declared, print) == refused
    channel.close()
    channel = connection.channel()
    channel.basic_consume(declared, print)
    assert closed_by(connection.channel().basic_consume, declared, print, exclusive=True) == refused


def test_a_consumer_is_told_when_its_queue_is_deleted(connection, channel, declared):
    told = []
    channel.add_on_cancel_callback(told.append)
    channel.basic_consume(declared, print, consumer_tag="c")
    connection.channel().queue_delete(declared)
    until(lambda: told, connection)
    assert told[0].method.consumer_tag == "c"
    assert closed_by(channel.basic_consume, declared, print) == (404, f"NOT_FOUND - no queue '{declared}' in vhost '/'")


def test_what_is_expected_of_arguments_that_nobody_serves(server, name):
    cases = (("basic_qos", {"prefetch_size": 1}, (540, "NOT_IMPLEMENTED - prefetch_size!=0 (1)")),
             ("basic_recover", {"requeue": False}, (540, "NOT_IMPLEMENTED - requeue=false")),
             ("flow", {"active": False}, (540, "NOT_IMPLEMENTED - active=false")))
    for call, named, expected in cases:
        channel = connect(server).channel()
        assert connection_closed_by(getattr(channel, call), **named) == expected


def test_a_transaction_shows_nothing_before_its_commit(channel, connection, declared):
    watching = connection.channel()
    count = lambda: watching.queue_declare(declared, passive=True).method.message_count  # noqa: E731
    channel.tx_select()
    for number in range(3):
        channel.basic_publish("", declared, str(number).encode())
    assert count() == 0
    channel.tx_commit()
    assert count() == 3
    channel.basic_publish("", declared, b"never")
    channel.tx_rollback()
    method, _, body = take(channel, declared)
    assert body == b"0"
    channel.basic_ack(method.delivery_tag)
    channel.tx_rollback()
    channel.basic_ack(method.delivery_tag)  # not acknowledged after all
    channel.basic_publish("", declared, b"answer")
    channel.tx_commit()
    assert bodies(watching, declared, 3) == [b"1", b"2", b"answer"]
    channel.close()
    assert count() == 0


def test_a_transaction_is_gone_with_its_channel(channel, connection, declared):
    channel.basic_publish("", declared, b"a")
    channel.tx_select()
    channel.basic_publish("", declared, b"b")
    channel.basic_ack(take(channel, declared)[0].delivery_tag)
    channel.close()
    other = connection.channel()
    method, _, body = take(other, declared, auto_ack=True)
    assert body == b"a" and method.redelivered and other.basic_get(declared)[0] is None


def test_a_transaction_returns_what_reached_nobody_when_it_commits(channel, connection, declared):
    returned = []
    channel.add_on_return_callback(lambda *message: returned.append(message[3]))
    channel.tx_select()
    channel.basic_publish("", "nowhere-" + declared, b"back", mandatory=True)
    channel.basic_publish("", "nowhere-" + declared, b"dropped")
    channel.basic_publish("", declared, b"kept", mandatory=True)
    connection.process_data_events(0.1)
    assert returned == []
    channel.tx_commit()
    until(lambda: returned, connection)
    assert returned == [b"back"] and bodies(channel, declared, 1) == [b"kept"]


def test_a_channel_has_transactions_or_confirms(connection):
    channel = connection.channel()
    channel.tx_select()
    assert closed_by(channel.confirm_delivery) == (406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode")
    channel = connection.channel()
    channel.confirm_delivery()
    assert closed_by(channel.tx_select) == (406, "PRECONDITION_FAILED - cannot switch from confirm to tx mode")
    for call in ("tx_commit", "tx_rollback"):
        channel = connection.channel()
        assert closed_by(getattr(channel, call)) == (406, "PRECONDITION_FAILED - channel is not transactional")


def test_a_full_queue_refuses_with_a_nack(channel, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
    channel.confirm_delivery()
    for body in (b"1", b"2"):
        channel.basic_publish("", name, body)
    with pytest.raises(NackError):
        channel.basic_publish("", name, b"3")
    assert bodies(channel, name, 2) == [b"1", b"2"]
    channel.basic_publish("", name, b"4")


def test_a_full_queue_drops_its_oldest(channel, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-max-length": 2})
    for body in (b"1", b"2", b"3"):
        channel.basic_publish("", name, body)
    until(lambda: channel.queue_declare(name, passive=True).method.message_count == 2)
    assert bodies(channel, name, 2) == [b"2", b"3"]


def test_higher_priorities_come_first(channel, name):
    channel.queue_declare(name, exclusive=True, arguments={"x-max-priority": 5})
    channel.confirm_delivery()
    for priority in (None, 1, 5, 3, 9, 0):
        channel.basic_publish("", name, str(priority).encode(), pika.BasicProperties(priority=priority))
    assert bodies(channel, name, 6) == [b"5", b"9", b"3", b"1", b"None", b"0"]


def test_the_rest_is_counted_by_get(channel, declared):
    channel.confirm_delivery()
    for _ in range(3):
        channel.basic_publish("", declared, b"x")
    assert [take(channel, declared)[0].message_count for _ in range(3)] == [2, 1, 0]


def test_get_of_what_is_not_there(channel, name):
    assert closed_by(channel.basic_get, name) == (404, f"NOT_FOUND - no queue '{name}' in vhost '/'")


def test_messages_cross_from_amqp_to_sqs_and_back(channel, sqs, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    channel.confirm_delivery()
    channel.basic_publish("", name, b"by amqp", pika.BasicProperties(headers={"h": "v"}), mandatory=True)
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    assert received["Body"] == "by amqp"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
    sqs.send_message(QueueUrl=url, MessageBody="by sqs")
    assert take(channel, name, auto_ack=True)[2] == b"by sqs"
