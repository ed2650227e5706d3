"""aio-pika: confirms, returns, consumers, headers, dead letters, RPC, recovery."""
import asyncio
import datetime
import functools

import aio_pika
import pytest
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.patterns import RPC

SECONDS = 15


def asynchronous(test):
    @functools.wraps(test)
    def run(**fixtures):
        asyncio.run(asyncio.wait_for(test(**fixtures), 4 * SECONDS))
    return run


def address(server):
    return f"amqp://guest:guest@127.0.0.1:{server.amqp_port}/"


@asynchronous
async def test_messages_are_confirmed_consumed_and_acknowledged(server, name):
    async with await aio_pika.connect(address(server)) as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.set_qos(10)
        queue = await channel.declare_queue(name, durable=True)
        await asyncio.gather(*(channel.default_exchange.publish(Message(str(n).encode(), delivery_mode=DeliveryMode.PERSISTENT), name)
                               for n in range(100)))
        got = []
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():
                    got.append(int(message.body))
                if len(got) == 100:
                    break
        assert sorted(got) == list(range(100))
        await queue.delete(if_empty=True)


@asynchronous
async def test_properties_and_headers_come_back(server, name):
    headers = {"text": "grüße", "number": 7, "big": 2**40, "half": 0.5, "yes": True, "nothing": None, "list": ["a", 1],
               "table": {"deep": {"er": "x"}}}
    sent = {"content_type": "text/plain", "content_encoding": "utf-8", "priority": 3, "correlation_id": "c", "reply_to": "r",
            "message_id": "m", "type": "t", "app_id": "a", "timestamp": datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc),
            "expiration": datetime.timedelta(seconds=60)}
    async with await aio_pika.connect(address(server)) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, exclusive=True)
        await channel.default_exchange.publish(Message(bytes(range(256)) * 2000, headers=headers, **sent), name)
        message = await queue.get(timeout=SECONDS)
        assert message.body == bytes(range(256)) * 2000 and dict(message.headers) == headers
        assert {key: getattr(message, key) for key in sent if key != "expiration"} == {key: sent[key] for key in sent if key != "expiration"}
        await message.ack()


@asynchronous
async def test_what_reaches_no_queue_is_returned(server, name):
    async with await aio_pika.connect(address(server)) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        with pytest.raises(aio_pika.exceptions.DeliveryError):
            await channel.default_exchange.publish(Message(b"back"), name, mandatory=True)


@asynchronous
async def test_what_is_given_back_comes_again_and_what_is_refused_is_a_dead_letter(server, name):
    async with await aio_pika.connect(address(server)) as connection:
        channel = await connection.channel()
        dead = await channel.declare_queue(f"{name}-dead", exclusive=True)
        queue = await channel.declare_queue(name, exclusive=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead.name})
        await channel.default_exchange.publish(Message(b"unwanted"), name)
        first = await queue.get(timeout=SECONDS)
        assert not first.redelivered
        await first.nack(requeue=True)
        second = await queue.get(timeout=SECONDS)
        assert second.redelivered
        await second.reject(requeue=False)
        async with dead.iterator(timeout=SECONDS) as messages:
            letter = await anext(messages)
            await letter.ack()
        assert letter.body == b"unwanted" and letter.headers["x-death"][0]["queue"] == name


@asynchronous
async def test_exchanges_choose_and_are_bound_to_each_other(server, name):
    async with await aio_pika.connect(address(server)) as connection:
        channel = await connection.channel()
        topic = await channel.declare_exchange(f"{name}-topic", ExchangeType.TOPIC)
        fanout = await channel.declare_exchange(f"{name}-fanout", ExchangeType.FANOUT)
        queue = await channel.declare_queue(name, exclusive=True)
        await fanout.bind(topic, "orders.#")
        await queue.bind(fanout)
        for key in ("invoices.eu", "orders.eu.new"):
            await topic.publish(Message(key.encode()), key)
        assert (await queue.get(timeout=SECONDS, no_ack=True)).body == b"orders.eu.new"
        assert await queue.get(fail=False, no_ack=True) is None


@asynchronous
async def test_a_call_is_answered(server, name):
    async with await aio_pika.connect(address(server)) as connection:
        rpc = await RPC.create(await connection.channel())

        async def double(*, number):
            return 2 * number

        await rpc.register(name, double, auto_delete=True)
        assert await rpc.call(name, {"number": 21}) == 42


@asynchronous
async def test_a_robust_connection_goes_on_when_its_server_was_killed(own_server, name):
    own_server.arguments = ["--listen", f"amqp=127.0.0.1:{own_server.amqp_port}"]
    connection = await aio_pika.connect_robust(address(own_server), reconnect_interval=0.2)
    channel = await connection.channel()
    queue = await channel.declare_queue(name, durable=True)
    got, came = [], asyncio.Event()

    async def take(message):
        got.append(message.body)
        await message.ack()
        came.set()

    await queue.consume(take)
    await channel.default_exchange.publish(Message(b"before", delivery_mode=DeliveryMode.PERSISTENT), name)
    await asyncio.wait_for(came.wait(), SECONDS)
    came.clear()
    own_server.kill()
    await asyncio.to_thread(own_server.start)
    async with await aio_pika.connect(address(own_server)) as other:
        await (await other.channel()).default_exchange.publish(Message(b"after"), name)
    await asyncio.wait_for(came.wait(), SECONDS)
    assert got[0] == b"before" and got[-1] == b"after"
    await connection.close()
