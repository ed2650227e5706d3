import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as aws from '@aws-sdk/client-sns';
import {connect, freshSubscriber, freshTopic, listen, take} from './sns.mjs';
import {errorOf, receive} from './sqs.mjs';

const clients = connect();
const {sns, sqs} = clients;
after(() => Object.values(clients).forEach(client => client.destroy()));
const raw = {RawMessageDelivery: 'true'};

test('a message comes in an envelope and raw, with attributes of every type', async () => {
  const TopicArn = await freshTopic(clients);
  const [wrapped, plain] = [await freshSubscriber(clients, TopicArn), await freshSubscriber(clients, TopicArn, raw)];
  const Message = 'Grüße, 世界 🦊 \t\r\n <&>"\'';
  const bytes = Uint8Array.from({length: 256}, (_, byte) => byte);
  const MessageAttributes = {
    text: {DataType: 'String', StringValue: 'naïve 🐘'},
    number: {DataType: 'Number', StringValue: '-12.50'},
    list: {DataType: 'String.Array', StringValue: '["a",1,true,null]'},
    bytes: {DataType: 'Binary', BinaryValue: bytes},
  };

  const {MessageId} = await sns.send(new aws.PublishCommand({TopicArn, Message, Subject: 'a subject', MessageAttributes}));
  const [inEnvelope] = await take(clients, wrapped.queue);
  const [bare] = await take(clients, plain.queue);

  const envelope = JSON.parse(inEnvelope.Body);
  assert.equal(inEnvelope.MessageAttributes, undefined);
  assert.deepEqual(Object.keys(envelope).sort(), ['Message', 'MessageAttributes', 'MessageId', 'Signature', 'SignatureVersion',
    'SigningCertURL', 'Subject', 'Timestamp', 'TopicArn', 'Type', 'UnsubscribeURL']);
  assert.deepEqual([envelope.Type, envelope.Message, envelope.Subject, envelope.MessageId, envelope.TopicArn],
    ['Notification', Message, 'a subject', MessageId, TopicArn]);
  assert.deepEqual(envelope.MessageAttributes, {
    text: {Type: 'String', Value: 'naïve 🐘'}, number: {Type: 'Number', Value: '-12.50'},
    list: {Type: 'String.Array', Value: '["a",1,true,null]'}, bytes: {Type: 'Binary', Value: Buffer.from(bytes).toString('base64')}});
  assert.match(envelope.Timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(bare.Body, Message);
  assert.equal(bare.MessageAttributes.text.StringValue, 'naïve 🐘');
  assert.equal(bare.MessageAttributes.number.StringValue, '-12.50');
  assert.equal(bare.MessageAttributes.list.DataType, 'String.Array');
  assert.deepEqual([...bare.MessageAttributes.bytes.BinaryValue], [...bytes]);
});

test('a message of its own for every protocol', async () => {
  const TopicArn = await freshTopic(clients);
  const {queue} = await freshSubscriber(clients, TopicArn, raw);

  await sns.send(new aws.PublishCommand({
    TargetArn: TopicArn, MessageStructure: 'json', Message: JSON.stringify({default: 'for others', sqs: 'for queues'})}));

  assert.equal((await take(clients, queue))[0].Body, 'for queues');
});

test('filter policies look at the attributes or into the body', async () => {
  const TopicArn = await freshTopic(clients);
  const byAttributes = await freshSubscriber(clients, TopicArn, {
    ...raw, FilterPolicy: JSON.stringify({store: [{prefix: 'ex'}], price: [{numeric: ['>', 100, '<=', 200]}]})});
  const byBody = await freshSubscriber(clients, TopicArn, {
    ...raw, FilterPolicyScope: 'MessageBody', FilterPolicy: JSON.stringify({item: {sku: [{'anything-but': ['x']}]}})});
  const all = await freshSubscriber(clients, TopicArn, raw);
  const publish = (Message, store, price) => sns.send(new aws.PublishCommand({TopicArn, Message, MessageAttributes: store && {
    store: {DataType: 'String', StringValue: store}, price: {DataType: 'Number', StringValue: String(price)}}}));

  await publish('dear', 'example', 201);
  await publish('good', 'example', 150);
  await publish('elsewhere', 'other', 150);
  await publish('{"item":{"sku":"x"}}');
  await publish('{"item":{"sku":"y"}}');

  assert.equal((await take(clients, all.queue, 5)).length, 5);  // in the same commits as the others
  assert.deepEqual((await receive(sqs, byAttributes.queue)).map(message => message.Body), ['good']);
  assert.deepEqual((await receive(sqs, byBody.queue)).map(message => message.Body), ['{"item":{"sku":"y"}}']);
});

test('a batch names what failed and publishes the rest', async () => {
  const TopicArn = await freshTopic(clients);
  const {queue} = await freshSubscriber(clients, TopicArn, raw);
  const batch = entries => sns.send(new aws.PublishBatchCommand({TopicArn, PublishBatchRequestEntries: entries}));
  const entry = (Id, Message = 'x', more = {}) => ({Id, Message, ...more});

  const answer = await batch([entry('a', '1'), entry('bad', '2', {Subject: '\n'}), entry('c', '3')]);
  const taken = await take(clients, queue, 2);

  assert.deepEqual(answer.Successful.map(one => one.Id), ['a', 'c']);
  assert.deepEqual(answer.Failed.map(({Id, Code, SenderFault}) => ({Id, Code, SenderFault})),
    [{Id: 'bad', Code: 'InvalidParameter', SenderFault: true}]);
  assert.deepEqual(taken.map(message => message.Body).sort(), ['1', '3']);
  for (const [entries, type] of [
    [[], aws.EmptyBatchRequestException],
    [[entry('a'), entry('a')], aws.BatchEntryIdsNotDistinctException],
    [[entry('a b')], aws.InvalidBatchEntryIdException],
    [Array.from({length: 11}, (_, number) => entry(`e${number}`)), aws.TooManyEntriesInBatchRequestException],
    [[entry('a', 'x'.repeat(200_000)), entry('b', 'x'.repeat(200_000))], aws.BatchRequestTooLongException],
  ]) {
    const error = await errorOf(batch(entries));
    assert.ok(error instanceof type, `${error.name} for ${type.name}`);
  }
});

test('a FIFO topic keeps the order of a group and publishes nothing twice', async () => {
  const TopicArn = await freshTopic(clients, {FifoTopic: 'true'});
  const {queue} = await freshSubscriber(clients, TopicArn);
  const publish = (Message, more = {}) => sns.send(new aws.PublishCommand({
    TopicArn, Message, MessageGroupId: 'g', MessageDeduplicationId: Message, ...more}));

  const sent = [];
  for (const Message of ['0', '0', '1', '2', '2']) sent.push(await publish(Message));
  const taken = await take(clients, queue, 3);
  const group = await errorOf(publish('x', {MessageGroupId: undefined}));
  const id = await errorOf(publish('x', {MessageDeduplicationId: undefined}));

  assert.equal(sent[1].MessageId, sent[0].MessageId);
  assert.equal(sent[1].SequenceNumber, sent[0].SequenceNumber);
  assert.match(sent[0].SequenceNumber, /^\d{20}$/);
  assert.ok(sent[0].SequenceNumber < sent[2].SequenceNumber && sent[2].SequenceNumber < sent[3].SequenceNumber);
  assert.deepEqual(taken.map(message => JSON.parse(message.Body).Message), ['0', '1', '2']);
  assert.equal(JSON.parse(taken[0].Body).SequenceNumber, sent[0].SequenceNumber);
  assert.equal(taken[0].Attributes.MessageGroupId, 'g');
  assert.equal(taken[0].Attributes.MessageDeduplicationId, '0');
  assert.deepEqual(await receive(sqs, queue), []);
  assert.ok(group instanceof aws.InvalidParameterException, group.name);
  assert.ok(id instanceof aws.InvalidParameterException, id.name);
});

test('an HTTP endpoint confirms by visiting a link, and is notified', async context => {
  const TopicArn = await freshTopic(clients);
  const endpoint = await listen();
  context.after(endpoint.close);

  const pending = await sns.send(new aws.SubscribeCommand({TopicArn, Protocol: 'http', Endpoint: endpoint.url}));
  const confirmation = await endpoint.request(0);
  const {MessageId} = await sns.send(new aws.PublishCommand({TopicArn, Message: 'grüße 🦊', Subject: 's'}));
  const notification = await endpoint.request(1);
  const {Subscriptions: [{SubscriptionArn}]} = await sns.send(new aws.ListSubscriptionsByTopicCommand({TopicArn}));
  const ended = await fetch(notification.body.UnsubscribeURL);
  const after = await sns.send(new aws.ListSubscriptionsByTopicCommand({TopicArn}));

  assert.equal(pending.SubscriptionArn, 'pending confirmation');
  assert.equal(confirmation.headers['x-amz-sns-message-type'], 'SubscriptionConfirmation');
  assert.equal(confirmation.body.visited, 200);
  assert.equal(notification.headers['x-amz-sns-message-type'], 'Notification');
  assert.equal(notification.headers['x-amz-sns-message-id'], MessageId);
  assert.equal(notification.headers['x-amz-sns-topic-arn'], TopicArn);
  assert.equal(notification.headers['x-amz-sns-subscription-arn'], SubscriptionArn);
  assert.deepEqual([notification.body.Message, notification.body.Subject, notification.body.MessageId], ['grüße 🦊', 's', MessageId]);
  assert.equal(ended.status, 200);
  assert.deepEqual(after.Subscriptions ?? [], []);
});

test('who has unsubscribed gets nothing more', async () => {
  const TopicArn = await freshTopic(clients);
  const [stays, goes] = [await freshSubscriber(clients, TopicArn, raw), await freshSubscriber(clients, TopicArn, raw)];

  await sns.send(new aws.UnsubscribeCommand({SubscriptionArn: goes.subscription}));
  await sns.send(new aws.PublishCommand({TopicArn, Message: 'm'}));

  assert.equal((await take(clients, stays.queue))[0].Body, 'm');
  assert.deepEqual(await receive(sqs, goes.queue), []);
});
