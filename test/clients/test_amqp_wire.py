"""AMQP over a bare socket: negotiation, what is malformed, heartbeats, the ends of connections."""
import struct
import time

import pika
import pytest

from amqp_client import Wire, closed_by, connect, connection_closed_by
from server import Server

HEADER = b"AMQP\x00\x00\x09\x01"


@pytest.mark.parametrize("wrong", [b"AMQP\x00\x01\x00\x00", b"AMQP\x03\x01\x00\x00", b"GET / HT", b"\x00" * 8])
def test_another_protocol_is_told_which_one_is_spoken(server, wrong):
    wire = Wire(server)
    wire.send(wrong)
    assert wire.read(8) == HEADER and wire.ended()


def test_the_handshake_says_what_is_served(server):
    wire = Wire(server)
    for byte in HEADER:
        wire.send(bytes([byte]))
    channel, klass, method, arguments = wire.next_method()
    assert (channel, klass, method) == (0, 10, 10) and arguments[:2] == b"\x00\x09"
    length, = struct.unpack(">I", arguments[2:6])
    properties = arguments[6:6 + length]
    for word in (b"publisher_confirms", b"basic.nack", b"consumer_cancel_notify", b"connection.blocked", b"direct_reply_to",
                 b"authentication_failure_close", b"per_consumer_qos", b"exchange_exchange_bindings", b"consumer_priorities", b"RabbitMQ"):
        assert word in properties
    rest = arguments[6 + length:]
    assert rest.endswith(b"\x00\x00\x00\x05en_US") and b"PLAIN" in rest


def test_tuning_is_agreed_or_refused(server):
    assert Wire(server).start() == (2047, 131072, 60)
    Wire(server).open(frame_max=4096, channel_max=1, heartbeat=0)
    for tuning, text in (((2047, 4095, 0), "negotiated frame_max = 4095 is lower than the minimum allowed value (4096)"),
                         ((2047, 131073, 0), "negotiated frame_max = 131073 is higher than the maximum allowed value (131072)"),
                         ((2048, 131072, 0), "negotiated channel_max = 2048 is higher than the maximum allowed value (2047)")):
        wire = Wire(server)
        wire.start()
        wire.method(0, 10, 31, struct.pack(">HIH", *tuning))
        assert wire.close() == (530, "NOT_ALLOWED - " + text, 10, 31)


def test_a_small_frame_max_is_kept_in_both_directions(server, name):
    connection = connect(server, frame_max=4096)
    channel = connection.channel()
    channel.queue_declare(name, exclusive=True)
    channel.confirm_delivery()
    channel.basic_publish("", name, b"x" * 20_000)
    assert channel.basic_get(name)[2] == b"x" * 20_000
    wire = Wire(server).open(frame_max=4096).open_channel()
    wire.frame(3, 1, b"x" * 4097)
    assert wire.close() == (501, "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,4097,4088}", 0, 0)


def test_who_is_not_known_is_refused(server):
    refused = (403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.")
    for user, password in (("guest", "wrong"), ("nobody", "guest"), ("", "")):
        assert connection_closed_by(connect, server, credentials=pika.PlainCredentials(user, password)) == refused
    wire = Wire(server)  # a client that did not say it knows of authentication_failure_close
    with pytest.raises((EOFError, ConnectionError)):
        wire.start(password=b"wrong")
    wire = Wire(server)
    wire.send(HEADER)
    wire.next_method()
    wire.method(0, 10, 11, struct.pack(">I", 0) + b"\x03ODD" + struct.pack(">I", 0) + b"\x05en_US")
    assert wire.close() == (503, "COMMAND_INVALID - unknown authentication mechanism 'ODD'", 10, 11)


def test_access_keys_are_users(program, tmp_path):
    server = Server(program, tmp_path, arguments=["--access-key", "alice:wonder", "--access-key", "bob:builder"]).start()
    for user, password in (("alice", "wonder"), ("bob", "builder")):
        assert connect(server, credentials=pika.PlainCredentials(user, password)).channel().is_open
    for user, password in (("alice", "builder"), ("guest", "guest")):
        assert connection_closed_by(connect, server, credentials=pika.PlainCredentials(user, password))[0] == 403
    assert server.stop() == 0


def test_amqplain_is_understood(server):
    wire = Wire(server)
    wire.send(HEADER)
    wire.next_method()
    response = b"\x05LOGINS\x00\x00\x00\x05guest\x08PASSWORDS\x00\x00\x00\x05guest"
    wire.method(0, 10, 11, struct.pack(">I", 0) + b"\x08AMQPLAIN" + struct.pack(">I", len(response)) + response + b"\x05en_US")
    assert wire.next_method()[1:3] == (10, 30)


def test_a_virtual_host_that_is_not_there(server):
    assert connection_closed_by(connect, server, virtual_host="none") == (530, "NOT_ALLOWED - vhost none not found")


def test_frames_out_of_step_end_the_connection(server):
    wire = Wire(server).open().open_channel()
    wire.frame(1, 1, b"abc", end=b"\x00")
    assert wire.close() == (501, 'FRAME_ERROR - type 1, all octets = <<"abc">>: {invalid_frame_end_marker,0}', 0, 0)
    assert wire.ended() if wire.method(0, 10, 51) is None else False
    wire = Wire(server).open()
    wire.frame(9, 0, b"")
    assert wire.close()[:2] == (501, "FRAME_ERROR - type 9, all octets = <<>>: unknown_frame")
    wire = Wire(server).open()
    wire.send(struct.pack(">BHI", 1, 0, 0xFFFFFFFF))
    assert wire.close()[:2] == (501, "FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,4294967295,131064}")
    wire = Wire(server)
    wire.send(HEADER)
    wire.next_method()
    wire.send(struct.pack(">BHI", 1, 0, 100_000))
    assert wire.close()[0] == 501, "before tuning frames are small"


PUBLISH = b"\0\0\0\1k\0"


def header(size, klass=60, flags=0, rest=b""):
    return struct.pack(">HHQH", klass, 0, size, flags) + rest


OUT_OF_TURN = [
    ([(2, header(1))], 505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead"),
    ([(3, b"x")], 505, "UNEXPECTED_FRAME - expected method frame, got non method frame instead"),
    ([("publish", PUBLISH), (3, b"x")], 505,
     "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead"),
    ([("publish", PUBLISH), ("publish", PUBLISH)], 505,
     "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead"),
    ([("publish", PUBLISH), (2, header(1, klass=50))], 505,
     "UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead"),
    ([("publish", PUBLISH), (2, header(2)), ("publish", PUBLISH)], 505,
     "UNEXPECTED_FRAME - expected content body, got non content body frame instead"),
    ([("publish", PUBLISH), (2, header(2)), (3, b"xyz")], 505, None),
    ([("publish", PUBLISH), (2, b"short")], 501, 'FRAME_ERROR - type 2, all octets = <<"short">>: unknown_frame'),
    ([("publish", PUBLISH), (2, header(0, flags=0x8000))], 501, None),
    ([("publish", b"\0\0\x20k")], 501, "FRAME_ERROR - cannot decode <<0,0,32,107>>"),
    ([(1, b"\0")], 501, "FRAME_ERROR - type 1, all octets = <<0>>: unknown_frame"),
    ([(1, struct.pack(">HH", 60, 41))], 503, None),
    ([(1, struct.pack(">HH", 99, 1))], 503, None),
    ([(1, struct.pack(">HH", 10, 40) + b"\1/\0\0")], 503, None),
    ([(1, struct.pack(">HH", 20, 10) + b"\0")], 504, "CHANNEL_ERROR - second 'channel.open' seen"),
    ([("publish", b"\0\0\0\1k\2")] + [(2, header(0))], 540, "NOT_IMPLEMENTED - immediate=true"),
]


@pytest.mark.parametrize("frames, code, text", OUT_OF_TURN, ids=range(len(OUT_OF_TURN)))
def test_what_is_out_of_turn_or_malformed(server, frames, code, text):
    wire = Wire(server).open().open_channel()
    for kind, payload in frames:
        if kind == "publish":
            wire.method(1, 60, 40, payload)
        else:
            wire.frame(kind, 1, payload)
    said = wire.close()
    assert said[0] == code and (text is None or said[1] == text), said
    assert connect(server).channel().is_open, "and nobody else is troubled"


def test_a_channel_has_to_be_opened(server):
    wire = Wire(server).open()
    wire.method(3, 50, 10, b"\0\0\1q\0\0\0\0\0")
    assert wire.close() == (504, "CHANNEL_ERROR - expected 'channel.open'", 50, 10)
    wire = Wire(server).open(channel_max=2)
    for number in (1, 65_535):  # whatever their numbers are
        wire.open_channel(number)
    wire.method(3, 20, 10, b"\0")
    assert wire.close()[:2] == (530, "NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)")


def test_a_message_that_is_announced_too_large_ends_its_channel(server):
    wire = Wire(server).open().open_channel()
    wire.method(1, 60, 40, PUBLISH)
    wire.frame(2, 1, header(134_217_729))
    assert wire.close() == (406, "PRECONDITION_FAILED - message size 134217729 is larger than configured max size 134217728", 60, 40)
    wire.frame(3, 1, b"ignored")
    wire.method(1, 20, 41)
    wire.open_channel(1)


def test_tables_deeper_or_fuller_than_allowed_are_refused(server):
    def declare(table):
        wire = Wire(server).open().open_channel()
        wire.method(1, 50, 10, b"\0\0\1q\0" + struct.pack(">I", len(table)) + table)
        return wire.close()[0]

    deep = b""
    for _ in range(40):
        deep = b"\1aF" + struct.pack(">I", len(deep)) + deep
    assert declare(deep) == 501
    assert declare(b"\1at\1" * 5_000) == 501
    assert declare(b"\1a?\1") == 501
    assert declare(b"\1aS\x7f\xff\xff\xff") == 501


def test_a_client_that_is_silent_is_cut(server):
    wire = Wire(server).open(heartbeat=1)
    began = time.monotonic()
    frames = []
    with pytest.raises((EOFError, ConnectionError)):
        while True:
            frames.append(wire.next_frame())
    assert 1.5 < time.monotonic() - began < 5
    assert frames and all(frame == (8, 0, b"") for frame in frames), "and hears heartbeats meanwhile"


def test_heartbeats_keep_a_connection(server, name):
    connection = connect(server, heartbeat=1)
    channel = connection.channel()
    connection.process_data_events(4)
    channel.queue_declare(name, exclusive=True)
    wire = Wire(server).open(heartbeat=1)
    wire.frame(8, 1, b"")
    assert wire.close()[0] == 505


def test_closing_from_either_side(server, own_server):
    wire = Wire(server).open().open_channel()
    wire.method(1, 20, 40, b"\0\0\0\0\0\0\0")
    assert wire.next_method()[:3] == (1, 20, 41)
    wire.open_channel(1)
    wire.method(0, 10, 50, b"\0\0\0\0\0\0\0")
    assert wire.next_method()[:3] == (0, 10, 51) and wire.ended()
    wire = Wire(own_server).open()
    own_server.process.terminate()
    assert wire.close()[:2] == (320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'")
    wire.method(0, 10, 51)
    assert wire.ended()


def test_many_channels_are_independent(server, name):
    connection = connect(server)
    channels = [connection.channel() for _ in range(200)]
    channels[0].queue_declare(name)
    for number, channel in enumerate(channels):
        channel.basic_publish("", name, str(number).encode())
    assert closed_by(channels[5].queue_declare, "amq.x")[0] == 403
    assert sum(channel.is_open for channel in channels) == 199
    channels[0].queue_delete(name)
    connection.close()


def test_the_answer_to_access_request_and_update_secret(server):
    wire = Wire(server).open().open_channel()
    wire.method(1, 30, 10, b"\x05/data\x00")
    assert wire.next_method() == (1, 30, 11, b"\0\1")
    wire.method(0, 10, 70, struct.pack(">I", 1) + b"s\x01r")
    assert wire.next_method()[:3] == (0, 10, 71)


def test_line_ends_are_taken_out_of_names(server, name):
    def text(value):
        return bytes([len(value)]) + value.encode()

    wire = Wire(server).open().open_channel()
    no_arguments, exclusive = struct.pack(">I", 0), b"\x04"
    wire.method(1, 50, 10, b"\0\0" + text(f"{name}\r\n-q\n") + exclusive + no_arguments)
    _, klass, method, arguments = wire.next_method()
    assert (klass, method) == (50, 11) and arguments[1:1 + arguments[0]].decode() == name + "-q"
    wire.method(1, 40, 10, b"\0\0" + text(f"\n{name}-x") + text("direct") + b"\x04" + no_arguments)
    assert wire.next_method()[1:3] == (40, 11)
    wire.method(1, 50, 20, b"\0\0" + text(name + "\n-q") + text(name + "-x\r") + text("key") + b"\0" + no_arguments)
    assert wire.next_method()[1:3] == (50, 21)
    wire.method(1, 50, 40, b"\0\0" + text(name + "-q\n") + b"\0")
    assert wire.next_method()[1:3] == (50, 41), "queue.delete"
