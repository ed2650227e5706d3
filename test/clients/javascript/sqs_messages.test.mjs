import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as aws from '@aws-sdk/client-sqs';
import {attributesOf, connect, errorOf, freshQueue, receive} from './sqs.mjs';

const sqs = connect();
after(() => sqs.destroy());
const mebibyte = 1024 * 1024;

test('a message comes back as it was sent, its digests checked by the SDK', async () => {
  const QueueUrl = await freshQueue(sqs);
  const MessageBody = 'Grüße, 世界 🦊 𝄞 \t\r\n <&>"\'';
  const MessageAttributes = {
    text: {DataType: 'String', StringValue: 'naïve 🐘'},
    count: {DataType: 'Number.int', StringValue: '-12.50'},
    bytes: {DataType: 'Binary.png', BinaryValue: Uint8Array.from({length: 256}, (_, byte) => byte)},
  };

  const sent = await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody, MessageAttributes, MessageSystemAttributes: {
    AWSTraceHeader: {DataType: 'String', StringValue: 'Root=1-5e3d83c1-e6a0db584850d61342823d4c'}}}));
  const [message] = await receive(sqs, QueueUrl);

  assert.equal(message.Body, MessageBody);
  assert.equal(message.MessageId, sent.MessageId);
  assert.deepEqual(Object.keys(message.MessageAttributes).sort(), ['bytes', 'count', 'text']);
  assert.equal(message.MessageAttributes.text.StringValue, 'naïve 🐘');
  assert.equal(message.MessageAttributes.count.DataType, 'Number.int');
  assert.equal(message.MessageAttributes.count.StringValue, '-12.50');
  assert.deepEqual([...message.MessageAttributes.bytes.BinaryValue], [...MessageAttributes.bytes.BinaryValue]);
  assert.equal(message.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.equal(message.Attributes.AWSTraceHeader, 'Root=1-5e3d83c1-e6a0db584850d61342823d4c');
  assert.equal(message.Attributes.ApproximateReceiveCount, '1');
  assert.ok(Math.abs(Date.now() - Number(message.Attributes.SentTimestamp)) < 60_000);
});

test('only the attributes asked for come back', async () => {
  const QueueUrl = await freshQueue(sqs);
  const value = {DataType: 'String', StringValue: 'v'};
  await sqs.send(new aws.SendMessageCommand({
    QueueUrl, MessageBody: 'x', MessageAttributes: {'order.id': value, 'order.kind': value, other: value}}));

  const [message] = await receive(sqs, QueueUrl, {MessageAttributeNames: ['order.*'], MessageSystemAttributeNames: ['SentTimestamp']});

  assert.deepEqual(Object.keys(message.MessageAttributes).sort(), ['order.id', 'order.kind']);
  assert.deepEqual(Object.keys(message.Attributes), ['SentTimestamp']);
});

test('a message of one mebibyte is taken, one byte more is refused', async () => {
  const QueueUrl = await freshQueue(sqs);

  await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'é'.repeat(mebibyte / 2)}));
  const error = await errorOf(sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'x'.repeat(mebibyte + 1)})));

  assert.equal((await receive(sqs, QueueUrl))[0].Body.length, mebibyte / 2);
  assert.match(error.name, /^InvalidParameterValue/);
  assert.match(error.message, /1048576/);
});

test('characters that XML forbids are InvalidMessageContents', async () => {
  const QueueUrl = await freshQueue(sqs);

  for (const character of ['\u0000', '\u0008', '\u000b', '\u001f', '\ufffe', '\uffff']) {
    const error = await errorOf(sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: `a${character}b`})));
    assert.ok(error instanceof aws.InvalidMessageContents, `${JSON.stringify(character)}: ${error.name}`);
  }
  assert.equal((await attributesOf(sqs, QueueUrl)).ApproximateNumberOfMessages, '0');
});

test('a batch says what succeeded and what failed', async () => {
  const QueueUrl = await freshQueue(sqs, {MaximumMessageSize: '1024'});

  const sent = await sqs.send(new aws.SendMessageBatchCommand({QueueUrl, Entries: [
    {Id: 'good', MessageBody: 'x'}, {Id: 'control', MessageBody: '\u0001'}, {Id: 'late', MessageBody: 'x', DelaySeconds: 901},
    {Id: 'attribute', MessageBody: 'x', MessageAttributes: {n: {DataType: 'Number', StringValue: 'seven'}}}]}));
  const [message] = await receive(sqs, QueueUrl);
  const changed = await sqs.send(new aws.ChangeMessageVisibilityBatchCommand({QueueUrl, Entries: [
    {Id: 'a', ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 60}, {Id: 'b', ReceiptHandle: 'nonsense', VisibilityTimeout: 60}]}));
  const deleted = await sqs.send(new aws.DeleteMessageBatchCommand({QueueUrl, Entries: [
    {Id: 'a', ReceiptHandle: message.ReceiptHandle}, {Id: 'b', ReceiptHandle: 'nonsense'}]}));

  const failures = Object.fromEntries(sent.Failed.map(entry => [entry.Id, entry.Code]));
  assert.deepEqual(sent.Successful.map(entry => entry.Id), ['good']);
  assert.equal(failures.control, 'InvalidMessageContents');
  assert.deepEqual(Object.keys(failures).sort(), ['attribute', 'control', 'late']);
  assert.ok(sent.Failed.every(entry => entry.SenderFault && entry.Message));
  for (const answer of [changed, deleted]) {
    assert.deepEqual(answer.Successful.map(entry => entry.Id), ['a']);
    assert.deepEqual(answer.Failed.map(entry => [entry.Id, entry.Code]), [['b', 'ReceiptHandleIsInvalid']]);
  }
});

test('a batch that is wrong as a whole is refused with its own error', async () => {
  const QueueUrl = await freshQueue(sqs);
  const send = Entries => errorOf(sqs.send(new aws.SendMessageBatchCommand({QueueUrl, Entries})));
  const entry = Id => ({Id, MessageBody: 'x'});

  assert.ok(await send([]) instanceof aws.EmptyBatchRequest);
  assert.ok(await send([entry('a'), entry('a')]) instanceof aws.BatchEntryIdsNotDistinct);
  assert.ok(await send([entry('not allowed')]) instanceof aws.InvalidBatchEntryId);
  assert.ok(await send([...Array(11).keys()].map(number => entry(`e${number}`))) instanceof aws.TooManyEntriesInBatchRequest);
  assert.ok(await send([1, 2].map(number => ({Id: `e${number}`, MessageBody: 'x'.repeat(600_000)}))) instanceof aws.BatchRequestTooLong);
});

test('a handle that was never given is ReceiptHandleIsInvalid', async () => {
  const QueueUrl = await freshQueue(sqs);

  const deletion = await errorOf(sqs.send(new aws.DeleteMessageCommand({QueueUrl, ReceiptHandle: 'nonsense'})));
  const change = await errorOf(sqs.send(new aws.ChangeMessageVisibilityCommand({
    QueueUrl, ReceiptHandle: 'nonsense', VisibilityTimeout: 1})));

  assert.ok(deletion instanceof aws.ReceiptHandleIsInvalid, deletion.name);
  assert.ok(change instanceof aws.ReceiptHandleIsInvalid, change.name);
});

test('visibility ends, is extended and is given up', async () => {
  const QueueUrl = await freshQueue(sqs, {VisibilityTimeout: '1'});
  await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'x'}));
  const change = (message, VisibilityTimeout) => sqs.send(new aws.ChangeMessageVisibilityCommand({
    QueueUrl, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout}));

  const [first] = await receive(sqs, QueueUrl);
  await change(first, 30);
  const none = await receive(sqs, QueueUrl, {WaitTimeSeconds: 2});
  await change(first, 0);
  const [second] = await receive(sqs, QueueUrl, {WaitTimeSeconds: 5});
  const [third] = await receive(sqs, QueueUrl, {WaitTimeSeconds: 5});

  assert.deepEqual(none, []);
  assert.equal(second.Attributes.ApproximateReceiveCount, '2');
  assert.equal(third.Attributes.ApproximateReceiveCount, '3', 'it came back by itself');
});

test('a delayed message comes when it is due', async () => {
  const QueueUrl = await freshQueue(sqs);
  const began = Date.now();
  await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'x', DelaySeconds: 1}));

  const early = await receive(sqs, QueueUrl);
  const [message] = await receive(sqs, QueueUrl, {WaitTimeSeconds: 5});

  assert.deepEqual(early, []);
  assert.equal(message.Body, 'x');
  assert.ok(Date.now() - began >= 950, 'came early');
});

test('a long poll is one request and wakes up at once', async () => {
  const client = connect();
  const QueueUrl = await freshQueue(client);
  await receive(client, QueueUrl);
  client.requests = 0;

  const waiting = receive(client, QueueUrl, {WaitTimeSeconds: 20}).then(messages => ({messages, at: Date.now()}));
  await new Promise(done => setTimeout(done, 1000));
  const sentAt = Date.now();
  await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'wake up'}));
  const {messages, at} = await waiting;

  assert.equal(messages[0].Body, 'wake up');
  assert.ok(at - sentAt < 1000, `woke up after ${at - sentAt} ms`);
  assert.equal(client.requests, 1);
  client.destroy();
});

test('a poll that is aborted gives nothing away', async () => {
  const QueueUrl = await freshQueue(sqs);
  const stop = new AbortController();
  const waiting = sqs.send(new aws.ReceiveMessageCommand({QueueUrl, WaitTimeSeconds: 20}), {abortSignal: stop.signal});
  await new Promise(done => setTimeout(done, 200));
  stop.abort();
  const error = await errorOf(waiting);

  await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'x'}));
  const [message] = await receive(sqs, QueueUrl, {WaitTimeSeconds: 5});

  assert.equal(error.name, 'AbortError');
  assert.equal(message.Body, 'x');
});
