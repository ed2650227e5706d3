// sqs-consumer and sqs-producer, as their users write them.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {after, test} from 'node:test';
import {Consumer} from 'sqs-consumer';
import {Producer} from 'sqs-producer';
import {attributesOf, connect, freshQueue, receive} from './sqs.mjs';

const sqs = connect();
after(() => sqs.destroy());

async function until(condition, what) {
  for (const end = Date.now() + 20_000; !await condition();) {
    assert.ok(Date.now() < end, `waited 20 s: ${what}`);
    await new Promise(done => setTimeout(done, 20));
  }
}

const count = async queue => {
  const {ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: out} = await attributesOf(sqs, queue);
  return Number(visible) + Number(out);
};

/// A running consumer that ends with its test; its poll under way is then an error of its own making.
function consume(context, options) {
  const consumer = Consumer.create({sqs, ...options});
  const errors = [];
  consumer.on('error', error => errors.push(error));
  context.after(async () => {
    const failed = [...errors];
    const ended = once(consumer, 'stopped');
    consumer.stop({abort: true});
    await ended;
    assert.deepEqual(failed, []);
  });
  consumer.start();
  return consumer;
}

test('a consumer handles what a producer sends, in batches of ten and more', async context => {
  const queueUrl = await freshQueue(sqs);
  const producer = Producer.create({queueUrl, sqs});
  const handled = [];
  consume(context, {queueUrl, batchSize: 10, handleMessage: async message => {
    handled.push(message.Body);
    return message;
  }});

  await producer.send([...Array(25).keys()].map(number => `message-${number}`));
  await producer.send({id: 'one', body: 'grüße 🦊', messageAttributes: {bytes: {DataType: 'Binary', BinaryValue: Buffer.from([0, 255])}}});
  await until(async () => handled.length >= 26 && await count(queueUrl) === 0, 'all handled and deleted');

  assert.deepEqual(handled.sort(), [...Array(25).keys()].map(number => `message-${number}`).concat('grüße 🦊').sort());
  assert.equal(await producer.queueSize(), 0);
});

test('a producer names the entries of a batch that failed', async () => {
  const queueUrl = await freshQueue(sqs);
  const producer = Producer.create({queueUrl, sqs});

  await assert.rejects(producer.send([{id: 'good', body: 'x'}, {id: 'bad', body: 'a\u0000b'}]), /bad/);

  assert.equal(await producer.queueSize(), 1);
});

test('a handler that fails gets its message again at once and later not at all', async context => {
  const dead = await freshQueue(sqs);
  const queueUrl = await freshQueue(sqs, {RedrivePolicy: JSON.stringify({
    deadLetterTargetArn: (await attributesOf(sqs, dead)).QueueArn, maxReceiveCount: 3})});
  const errors = [];
  let tries = 0;
  const consumer = consume(context, {queueUrl, terminateVisibilityTimeout: true, handleMessage: async () => {
    tries += 1;
    throw new Error('no luck');
  }});
  consumer.on('processing_error', error => errors.push(error.message));

  await Producer.create({queueUrl, sqs}).send('poison');
  await until(async () => await count(dead) === 1, 'the message in the dead-letter queue');

  assert.equal(tries, 3);
  assert.equal(errors.length, 3);
  assert.equal(await count(queueUrl), 0);
});

test('a heartbeat keeps a slow message with its handler', async context => {
  const queueUrl = await freshQueue(sqs, {VisibilityTimeout: '2'});
  let tries = 0;
  consume(context, {queueUrl, visibilityTimeout: 2, heartbeatInterval: 1, handleMessage: async message => {
    tries += 1;
    await new Promise(done => setTimeout(done, 3500));
    return message;
  }});

  await Producer.create({queueUrl, sqs}).send('slow');
  await until(async () => tries > 0 && await count(queueUrl) === 0, 'handled and deleted');

  assert.equal(tries, 1);
});

test('half of a batch is acknowledged, the other half comes again', async context => {
  const queueUrl = await freshQueue(sqs, {VisibilityTimeout: '1'});
  const handled = [];
  consume(context, {queueUrl, batchSize: 10, handleMessageBatch: async messages => {
    handled.push(...messages.map(message => `${message.Body} ${message.Attributes.ApproximateReceiveCount}`));
    return messages.filter(message => message.Body === 'good' || message.Attributes.ApproximateReceiveCount === '2');
  }, messageSystemAttributeNames: ['ApproximateReceiveCount']});

  await Producer.create({queueUrl, sqs}).send([{id: 'g', body: 'good'}, {id: 'b', body: 'bad'}]);
  await until(async () => await count(queueUrl) === 0, 'both deleted');

  assert.deepEqual(handled.sort(), ['bad 1', 'bad 2', 'good 1']);
});

test('what a killed consumer held comes to another one', async () => {
  const queueUrl = await freshQueue(sqs, {VisibilityTimeout: '2'});
  await Producer.create({queueUrl, sqs}).send('survives');
  const victim = spawn(process.execPath, ['--input-type=module', '-e', `
    import {Consumer} from 'sqs-consumer';
    import {connect} from './sqs.mjs';
    Consumer.create({queueUrl: ${JSON.stringify(queueUrl)}, sqs: connect(), handleMessage: async () => {
      console.log('got it');
      await new Promise(() => setInterval(() => {}, 1000));
    }}).start();`], {stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname ?? new URL('.', import.meta.url).pathname});

  await once(victim.stdout, 'data');
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  const early = await receive(sqs, queueUrl);
  const [message] = await receive(sqs, queueUrl, {WaitTimeSeconds: 10});

  assert.deepEqual(early, []);
  assert.equal(message.Body, 'survives');
  assert.equal(message.Attributes.ApproximateReceiveCount, '2');
});
