import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as aws from '@aws-sdk/client-sqs';
import {attributesOf, connect, errorOf, freshQueue, receive} from './sqs.mjs';

const sqs = connect();
after(() => sqs.destroy());

async function queueWithDeadLetters(maxReceiveCount) {
  const dead = await freshQueue(sqs);
  const arn = (await attributesOf(sqs, dead)).QueueArn;
  const queue = await freshQueue(sqs, {RedrivePolicy: JSON.stringify({deadLetterTargetArn: arn, maxReceiveCount})});
  return {queue, dead, arn};
}

async function bury(queue) {
  const [message] = await receive(sqs, queue, {VisibilityTimeout: 0});
  return message;
}

test('a message received too often moves to the dead-letter queue, as it was', async () => {
  const {queue, dead} = await queueWithDeadLetters(2);
  const sent = await sqs.send(new aws.SendMessageCommand({
    QueueUrl: queue, MessageBody: 'poison', MessageAttributes: {n: {DataType: 'Number', StringValue: '1'}}}));

  await bury(queue);
  await bury(queue);
  const none = await receive(sqs, queue, {WaitTimeSeconds: 1});
  const [message] = await receive(sqs, dead, {WaitTimeSeconds: 5});

  assert.deepEqual(none, []);
  assert.equal(message.MessageId, sent.MessageId);
  assert.equal(message.Body, 'poison');
  assert.equal(message.MessageAttributes.n.StringValue, '1');
  assert.equal(message.Attributes.DeadLetterQueueSourceArn, (await attributesOf(sqs, queue)).QueueArn);
});

test('a dead-letter queue names its sources, page by page', async () => {
  const {queue, dead, arn} = await queueWithDeadLetters(1);
  const second = await freshQueue(sqs, {RedrivePolicy: JSON.stringify({deadLetterTargetArn: arn, maxReceiveCount: '1000'})});

  const found = [];
  for await (const page of aws.paginateListDeadLetterSourceQueues({client: sqs, pageSize: 1}, {QueueUrl: dead})) {
    found.push(...page.queueUrls ?? []);
  }

  assert.deepEqual(found.sort(), [queue, second].sort());
});

test('dead letters are moved back to where they came from', async () => {
  const {queue, dead, arn} = await queueWithDeadLetters(1);
  for (const MessageBody of ['one', 'two', 'three']) {
    await sqs.send(new aws.SendMessageCommand({QueueUrl: queue, MessageBody}));
    await bury(queue);
  }
  await receive(sqs, queue, {WaitTimeSeconds: 1});
  assert.equal((await attributesOf(sqs, dead)).ApproximateNumberOfMessages, '3');

  const started = await sqs.send(new aws.StartMessageMoveTaskCommand({SourceArn: arn}));
  const bodies = [];
  for (let tries = 0; bodies.length < 3 && tries < 10; tries += 1) {
    bodies.push(...(await receive(sqs, queue, {WaitTimeSeconds: 2})).map(message => message.Body));
  }
  const [task] = (await sqs.send(new aws.ListMessageMoveTasksCommand({SourceArn: arn}))).Results;

  assert.ok(started.TaskHandle);
  assert.deepEqual(bodies.sort(), ['one', 'three', 'two']);
  assert.equal(task.Status, 'COMPLETED');
  assert.equal(task.ApproximateNumberOfMessagesMoved, 3);
});

test('a slow move is cancelled, a second one at its time is refused', async () => {
  const {queue, arn} = await queueWithDeadLetters(1);
  for (const MessageBody of ['one', 'two', 'three', 'four']) {
    await sqs.send(new aws.SendMessageCommand({QueueUrl: queue, MessageBody}));
    await bury(queue);
  }
  await receive(sqs, queue, {WaitTimeSeconds: 1});

  const started = await sqs.send(new aws.StartMessageMoveTaskCommand({SourceArn: arn, MaxNumberOfMessagesPerSecond: 1}));
  const second = await errorOf(sqs.send(new aws.StartMessageMoveTaskCommand({SourceArn: arn})));
  const cancelled = await sqs.send(new aws.CancelMessageMoveTaskCommand({TaskHandle: started.TaskHandle}));

  assert.match(second.message, /already a task running/);
  assert.ok(cancelled.ApproximateNumberOfMessagesMoved < 4);
});

test('a move from what is no dead-letter queue, or is not there, is refused', async () => {
  const QueueUrl = await freshQueue(sqs);
  const arn = (await attributesOf(sqs, QueueUrl)).QueueArn;

  const plain = await errorOf(sqs.send(new aws.StartMessageMoveTaskCommand({SourceArn: arn})));
  const missing = await errorOf(sqs.send(new aws.StartMessageMoveTaskCommand({SourceArn: arn + '-never-made'})));
  const handle = await errorOf(sqs.send(new aws.CancelMessageMoveTaskCommand({TaskHandle: 'bm9uc2Vuc2U='})));

  assert.match(plain.message, /Dead Letter Queue/);
  assert.ok(missing instanceof aws.ResourceNotFoundException, missing.name);
  assert.match(handle.name, /ResourceNotFound|InvalidParameterValue/);
});
