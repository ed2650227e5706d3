import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as aws from '@aws-sdk/client-sqs';
import {connect, errorOf, freshQueue, receive} from './sqs.mjs';

const sqs = connect();
after(() => sqs.destroy());
const fifo = (more = {}) => freshQueue(sqs, {FifoQueue: 'true', ContentBasedDeduplication: 'true', ...more});
const remove = (QueueUrl, message) => sqs.send(new aws.DeleteMessageCommand({QueueUrl, ReceiptHandle: message.ReceiptHandle}));

test('several consumers see every group in order and nothing twice', async () => {
  const QueueUrl = await fifo();
  const groups = 6, each = 30;
  for (let number = 0; number < each; number += 1) {
    const Entries = [...Array(groups).keys()].map(group => ({
      Id: `g${group}`, MessageGroupId: `g${group}`, MessageBody: JSON.stringify({group, number})}));
    assert.equal((await sqs.send(new aws.SendMessageBatchCommand({QueueUrl, Entries}))).Failed, undefined);
  }

  const seen = [];  // across all consumers, in the order of their receives' answers
  const consume = async () => {
    while (seen.length < groups * each) {
      for (const message of await receive(sqs, QueueUrl, {MaxNumberOfMessages: 3, WaitTimeSeconds: 1})) {
        seen.push(JSON.parse(message.Body));
        await new Promise(done => setTimeout(done, Math.random() * 3));
        await remove(QueueUrl, message);
      }
    }
  };
  await Promise.all([consume(), consume(), consume(), consume()]);

  for (let group = 0; group < groups; group += 1) {
    assert.deepEqual(seen.filter(body => body.group === group).map(body => body.number), [...Array(each).keys()], `group ${group}`);
  }
  assert.equal(seen.length, groups * each);
});

test('a group waits while one of its messages is out, other groups do not', async () => {
  const QueueUrl = await fifo();
  for (const [MessageGroupId, MessageBody] of [['a', 'a1'], ['a', 'a2'], ['b', 'b1']]) {
    await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageGroupId, MessageBody}));
  }

  const [first] = await receive(sqs, QueueUrl, {MaxNumberOfMessages: 1});
  const meanwhile = await receive(sqs, QueueUrl);
  await remove(QueueUrl, first);
  const then = await receive(sqs, QueueUrl, {WaitTimeSeconds: 5});

  assert.equal(first.Body, 'a1');
  assert.deepEqual(meanwhile.map(message => message.Body), ['b1']);
  assert.deepEqual(then.map(message => message.Body), ['a2']);
});

test('a repeated send within five minutes is the same message', async () => {
  const QueueUrl = await fifo({ContentBasedDeduplication: 'false'});
  const send = MessageBody => sqs.send(new aws.SendMessageCommand({
    QueueUrl, MessageBody, MessageGroupId: 'g', MessageDeduplicationId: 'once'}));

  const first = await send('first');
  const [message] = await receive(sqs, QueueUrl);
  await remove(QueueUrl, message);
  const again = await send('second');

  assert.equal(again.MessageId, first.MessageId);
  assert.equal(again.SequenceNumber, first.SequenceNumber);
  assert.match(first.SequenceNumber, /^\d{20}$/);
  assert.equal(message.Attributes.SequenceNumber, first.SequenceNumber);
  assert.equal(message.Attributes.MessageDeduplicationId, 'once');
  assert.deepEqual(await receive(sqs, QueueUrl), []);
});

test('a FIFO message without its group or deduplication id is refused', async () => {
  const QueueUrl = await fifo({ContentBasedDeduplication: 'false'});

  const group = await errorOf(sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'x', MessageDeduplicationId: 'd'})));
  const id = await errorOf(sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'x', MessageGroupId: 'g'})));

  assert.equal(group.name, 'MissingParameter');
  assert.match(id.name, /^InvalidParameterValue/);
});

test('a FIFO queue is named so', async () => {
  const name = await errorOf(freshQueue(sqs, {}, 'standard.fifo'));
  const type = await errorOf(sqs.send(new aws.CreateQueueCommand({QueueName: 'plain', Attributes: {FifoQueue: 'true'}})));

  assert.match(name.name, /^InvalidParameterValue/);
  assert.match(type.name, /^InvalidParameterValue/);
});
