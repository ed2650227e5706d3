// Other clients of AMQP: CloudAMQP's, and amqp-connection-manager, which keeps amqplib connected while the server comes and goes.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {test} from 'node:test';
import {AMQPClient, AMQPSession} from '@cloudamqp/amqp-client';
import managed from 'amqp-connection-manager';

const url = process.env.ROWMQ_AMQP_URL;
let made = 0;
const name = () => `js-libraries-${process.pid}-${++made}`;

/** A server of a test's own, which may be killed and started again at the same address. */
class Server {
  folder = mkdtempSync(join(tmpdir(), 'rowmq-js-'));
  address = '127.0.0.1:0';

  async start() {
    this.process = spawn(process.env.ROWMQ_PROGRAM, ['serve', '--listen', 'sqs=off', '--listen', 'admin=off', '--listen', `amqp=${this.address}`,
                                                     '--store', `sqlite:${this.folder}/m.db`], {stdio: ['ignore', 'pipe', 'ignore']});
    for await (const line of createInterface({input: this.process.stdout})) {
      this.address = /amqp:\/\/(\S+)/.exec(line)?.[1] ?? this.address;
      if (line === 'ready') break;
    }
    this.process.stdout.resume();
    return this;
  }
  async end(signal) {
    this.process.kill(signal);
    await once(this.process, 'exit');
  }
  async stop() {
    await this.end('SIGTERM');
    rmSync(this.folder, {recursive: true});
  }
  get url() {
    return `amqp://guest:guest@${this.address}`;
  }
}

async function until(holds) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 20)))
    if (await holds()) return;
  assert.fail('it did not come true');
}

test('cloudamqp: messages with headers are confirmed, consumed and acknowledged', async () => {
  const client = new AMQPClient(url);
  const connection = await client.connect();
  const channel = await connection.channel();
  await channel.confirmSelect();
  const queue = await channel.queueDeclare('', {exclusive: true});
  const headers = {text: 'Grüße', number: 7, yes: true, nothing: null, list: ['a', 1], table: {deep: 'x'}};
  for (let number = 1; number <= 100; ++number)
    assert.equal(await channel.basicPublish('', queue.name, String(number), {headers, messageId: String(number), deliveryMode: 2}), number);
  await channel.basicQos(10);
  const got = [];
  await channel.basicConsume(queue.name, {noAck: false}, async message => {
    got.push(message);
    await message.ack();
  });
  await until(() => got.length === 100);
  assert.deepEqual(got.map(message => message.bodyString()), Array.from({length: 100}, (_, at) => String(at + 1)));
  assert.deepEqual(got[0].properties.headers, headers);
  await connection.close();
});

test('cloudamqp: errors have their words, returns their message, a body of 1 MiB comes whole', async () => {
  const connection = await new AMQPClient(url).connect();
  const failing = await connection.channel();
  await assert.rejects(failing.queueDeclare('nobody', {passive: true}), /NOT_FOUND - no queue 'nobody' in vhost '\/'/);
  const channel = await connection.channel();
  const returned = new Promise(resolve => channel.onReturn = resolve);
  await channel.basicPublish('amq.topic', 'nowhere', 'x', {}, true);
  assert.equal((await returned).bodyString(), 'x');
  const queue = await channel.queueDeclare('', {exclusive: true});
  const body = new Uint8Array(1 << 20).map((_, at) => at % 251);
  await channel.basicPublish('', queue.name, body);
  let message = null;
  await until(async () => message = await channel.basicGet(queue.name, {noAck: true}));
  assert.deepEqual(message.body, body);
  await connection.close();
});

test('cloudamqp: a session answers calls and consumes again after the server was killed', async () => {
  const server = await new Server().start();
  const session = await AMQPSession.connect(server.url, {reconnectInterval: 50, maxReconnectInterval: 100});
  await session.rpcServer('calls', async message => `${message.bodyString()}!`);
  assert.equal((await session.rpcCall('calls', 'a', {timeout: 20_000})).bodyString(), 'a!');
  const queue = await session.queue('kept', {durable: true});
  const got = [];
  await queue.subscribe(async message => void got.push(message.bodyString()));
  await queue.publish('before', {deliveryMode: 2});
  await until(() => got.includes('before'));

  await server.end('SIGKILL');
  await server.start();

  await until(async () => queue.publish('after', {deliveryMode: 2}).then(() => true, () => false));
  await until(() => got.includes('after'));
  await session.stop();
  await server.stop();
});

test('amqp-connection-manager: what is sent while the server is down arrives', async () => {
  const server = await new Server().start();
  const connection = managed.connect([server.url], {reconnectTimeInSeconds: 0.05, heartbeatIntervalInSeconds: 5});
  const queue = name();
  const got = [];
  const channel = connection.createChannel({json: true, setup: async wrapped => {
    await wrapped.assertQueue(queue, {durable: true});
    await wrapped.prefetch(5);
    await wrapped.consume(queue, message => {
      got.push(JSON.parse(message.content).number);
      wrapped.ack(message);
    });
  }});
  await channel.waitForConnect();
  await channel.sendToQueue(queue, {number: 0}, {persistent: true});

  await server.end('SIGKILL');
  const pending = [1, 2, 3].map(number => channel.sendToQueue(queue, {number}, {persistent: true}));
  await server.start();

  await Promise.all(pending);
  await until(() => new Set(got).size === 4);
  await channel.close();
  await connection.close();
  await server.stop();
});
