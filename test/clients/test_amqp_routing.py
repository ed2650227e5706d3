"""AMQP by pika: exchanges and bindings of every kind."""
import pytest
import pika

from amqp_client import closed_by, connect


@pytest.fixture
def channel(confirming):
    return confirming


@pytest.fixture
def exchange(channel, name):
    made = []

    def declare(kind, suffix="", **named):
        one = f"{name}-{kind}{suffix}"
        channel.exchange_declare(one, kind, **named)
        made.append(one)
        return one

    yield declare
    if channel.is_open:
        for one in made:
            channel.exchange_delete(one)


def queues(channel, *names):
    made = [channel.queue_declare("", exclusive=True).method.queue for _ in names]
    return dict(zip(names, made))


def reached(channel, of, exchange, key="", headers=None, properties=None):
    """Which of the queues a message comes to."""
    channel.basic_publish(exchange, key, b"x", properties or pika.BasicProperties(headers=headers))
    got = set()
    for name, queue in of.items():
        if channel.basic_get(queue, auto_ack=True)[0]:
            got.add(name)
        assert channel.basic_get(queue, auto_ack=True)[0] is None, "once at most"
    return got


def test_direct_exchanges_compare_keys(channel, exchange):
    x, of = exchange("direct"), queues(channel, "a", "b", "both")
    channel.queue_bind(of["a"], x, "a")
    channel.queue_bind(of["b"], x, "b")
    channel.queue_bind(of["both"], x, "a")
    channel.queue_bind(of["both"], x, "b")
    assert reached(channel, of, x, "a") == {"a", "both"}
    assert reached(channel, of, x, "b") == {"b", "both"}
    assert reached(channel, of, x, "c") == set()
    channel.queue_unbind(of["both"], x, "a")
    assert reached(channel, of, x, "a") == {"a"}


def test_fanout_exchanges_ask_no_key(channel, exchange):
    x, of = exchange("fanout"), queues(channel, "a", "b", "none")
    channel.queue_bind(of["a"], x, "k")
    channel.queue_bind(of["b"], x)
    channel.queue_bind(of["b"], x, "another")
    assert reached(channel, of, x, "whatever") == {"a", "b"}


TOPICS = [("a.b.c", {"a.b.c", "a.*.c", "#", "a.#", "#.c", "*.*.*", "a.b.#", "#.b.#"}), ("a.c", {"#", "a.#", "#.c"}), ("a", {"#", "a.#"}),
          ("", {"#"}), ("a..c", {"a.*.c", "#", "a.#", "#.c", "*.*.*"}), ("b", {"#", "#.b.#"}), ("A.b.c", {"#", "#.c", "*.*.*", "#.b.#"}),
          ("a.b", {"#", "a.#", "a.b.#", "#.b.#"})]


def test_topic_exchanges_match_words(channel, exchange):
    x = exchange("topic")
    of = queues(channel, "a.b.c", "a.*.c", "#", "a.#", "#.c", "*.*.*", "a.b.#", "#.b.#")
    for pattern, queue in of.items():
        channel.queue_bind(queue, x, pattern)
    for key, expected in TOPICS:
        assert reached(channel, of, x, key) == expected, key
    channel.queue_unbind(of["#"], x, "#")
    assert reached(channel, of, x, "a") == {"a.#"}


def test_headers_exchanges_compare_headers(channel, exchange):
    x, of = exchange("headers"), queues(channel, "all", "any", "there", "none", "x")
    channel.queue_bind(of["all"], x, arguments={"x-match": "all", "a": 1, "b": "two"})
    channel.queue_bind(of["any"], x, arguments={"x-match": "any", "a": 1, "b": "two"})
    channel.queue_bind(of["there"], x, arguments={"a": None})
    channel.queue_bind(of["x"], x, arguments={"x-match": "all-with-x", "x-a": 1})
    channel.queue_bind(of["none"], x, arguments={"x-match": "all"})
    assert reached(channel, of, x, headers={"a": 1, "b": "two", "c": 3}) == {"all", "any", "there", "none"}
    assert reached(channel, of, x, headers={"a": 1}) == {"any", "there", "none"}
    assert reached(channel, of, x, headers={"a": 2}) == {"there", "none"}
    assert reached(channel, of, x, headers={"a": "1"}) == {"there", "none"}, "types are compared"
    assert reached(channel, of, x, headers={"x-a": 1}) == {"x", "none"}
    assert reached(channel, of, x) == {"none"}
    channel.queue_unbind(of["any"], x, arguments={"x-match": "any", "a": 1, "b": "two"})
    assert reached(channel, of, x, headers={"a": 1}) == {"there", "none"}


def test_exchanges_lead_to_exchanges(channel, exchange):
    first, second, third = exchange("topic", "1"), exchange("fanout", "2"), exchange("direct", "3")
    of = queues(channel, "first", "second", "third")
    channel.exchange_bind(second, first, "to.#")
    channel.exchange_bind(third, second)
    channel.exchange_bind(first, third, "to.x")  # round and round
    channel.queue_bind(of["first"], first, "#")
    channel.queue_bind(of["second"], second)
    channel.queue_bind(of["third"], third, "to.x")
    assert reached(channel, of, first, "to.x") == {"first", "second", "third"}
    assert reached(channel, of, first, "to.y") == {"first", "second"}
    assert reached(channel, of, first, "from.y") == {"first"}
    assert reached(channel, of, third, "to.x") == {"first", "second", "third"}
    channel.exchange_unbind(second, first, "to.#")
    assert reached(channel, of, first, "to.x") == {"first"}
    channel.exchange_delete(second)
    assert reached(channel, of, third, "to.x") == {"first", "third"}


def test_what_reaches_no_queue_goes_to_the_alternate_exchange(channel, exchange):
    last = exchange("fanout", "-last")
    other = exchange("direct", "-other", arguments={"alternate-exchange": last})
    x, of = exchange("direct", arguments={"alternate-exchange": other}), queues(channel, "a", "other", "last")
    channel.queue_bind(of["a"], x, "a")
    channel.queue_bind(of["other"], other, "b")
    channel.queue_bind(of["last"], last)
    assert reached(channel, of, x, "a") == {"a"}
    assert reached(channel, of, x, "b") == {"other"}
    assert reached(channel, of, x, "c") == {"last"}
    with pytest.raises(pika.exceptions.UnroutableError):
        channel.basic_publish("amq.direct", "nobody", b"x", mandatory=True)
    channel.basic_publish(x, "c", b"x", mandatory=True)  # somebody had it


def test_bindings_and_exchanges_outlive_a_restart(own_server):
    channel = connect(own_server).channel()
    for kind in ("topic", "headers"):
        channel.exchange_declare("x-" + kind, kind, durable=True, arguments={"alternate-exchange": "amq.fanout"})
    channel.exchange_bind("x-headers", "x-topic", "a.*")
    channel.queue_declare("q", durable=True)
    channel.queue_declare("rest", durable=True)
    channel.queue_bind("q", "x-headers", arguments={"h": "v"})
    channel.queue_bind("rest", "amq.fanout")
    own_server.restart()
    channel = connect(own_server).channel()
    channel.confirm_delivery()
    channel.basic_publish("x-topic", "a.b", b"1", pika.BasicProperties(headers={"h": "v"}))
    channel.basic_publish("x-topic", "a.b", b"2", pika.BasicProperties(headers={"h": "w"}))
    channel.basic_publish("x-topic", "b", b"3")
    assert channel.basic_get("q", auto_ack=True)[2] == b"1" and channel.basic_get("q")[0] is None
    assert [channel.basic_get("rest", auto_ack=True)[2] for _ in range(2)] == [b"2", b"3"]


def test_cc_and_bcc_are_further_keys(channel, connection):
    of = queues(channel, "to", "cc", "bcc", "other")
    for name, queue in of.items():
        channel.queue_bind(queue, "amq.direct", of[name] + "-key")
    properties = pika.BasicProperties(headers={"CC": [of["cc"] + "-key", of["to"] + "-key"], "BCC": [of["bcc"] + "-key"], "h": 1})
    assert reached(channel, of, "amq.direct", of["to"] + "-key", properties=properties) == {"to", "cc", "bcc"}
    channel.basic_publish("amq.direct", "nobody", b"x", properties)
    assert channel.basic_get(of["cc"], auto_ack=True)[1].headers == {"CC": [of["cc"] + "-key", of["to"] + "-key"], "h": 1}
    channel.basic_publish("", "nobody", b"x", pika.BasicProperties(headers={"CC": [of["other"]]}), mandatory=True)
    assert channel.basic_get(of["other"], auto_ack=True)[2] == b"x"
    wrong = connection.channel()
    wrong.basic_publish("", of["to"], b"x", pika.BasicProperties(headers={"CC": "not a list"}))
    assert closed_by(wrong.queue_declare, "", exclusive=True) == (
        406, 'PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}')


def test_further_keys_count_at_every_exchange_on_the_way(channel, exchange):
    first, second, of = exchange("direct", "1"), exchange("topic", "2"), queues(channel, "q")
    channel.exchange_bind(second, first, "key.1")
    channel.queue_bind(of["q"], second, "key.2")
    channel.basic_publish(first, "", b"x", pika.BasicProperties(headers={"CC": ["key.1"], "BCC": ["key.2"]}), mandatory=True)
    assert channel.basic_get(of["q"], auto_ack=True)[2] == b"x"


def test_what_a_further_key_brings_names_the_first(channel):
    of = queues(channel, "to", "cc")
    channel.basic_publish("", of["to"], b"x", pika.BasicProperties(headers={"CC": [of["cc"]]}))
    assert {channel.basic_get(queue, auto_ack=True)[0].routing_key for queue in of.values()} == {of["to"]}


def test_how_headers_match_is_checked(channel, connection):
    of = queues(channel, "q")
    for match, text in (("many", "Invalid x-match field value <<\"many\">>; expected all, any, all-with-x, or any-with-x"),
                        (23, "Invalid x-match field type signedint (value 23); expected longstr")):
        assert closed_by(connection.channel().queue_bind, of["q"], "amq.headers", arguments={"x-match": match}) == (
            406, "PRECONDITION_FAILED - " + text)


def test_delayed_exchanges_hold_messages_back(channel, connection, name):
    channel.exchange_declare(name, "x-delayed-message", arguments={"x-delayed-type": "direct"})
    of = queues(channel, "q")
    channel.queue_bind(of["q"], name, "k")
    channel.basic_publish(name, "k", b"later", pika.BasicProperties(headers={"x-delay": 500}))
    channel.basic_publish(name, "k", b"now")
    assert channel.basic_get(of["q"], auto_ack=True)[2] == b"now" and channel.basic_get(of["q"])[0] is None
    connection.process_data_events(0.7)
    assert channel.basic_get(of["q"], auto_ack=True)[2] == b"later"
    assert closed_by(connection.channel().exchange_declare, name + "2", "x-delayed-message")[0] == 406
    channel.exchange_delete(name)
