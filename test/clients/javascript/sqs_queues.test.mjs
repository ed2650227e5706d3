import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as aws from '@aws-sdk/client-sqs';
import {attributesOf, connect, errorOf, freshName, freshQueue} from './sqs.mjs';

const sqs = connect();
after(() => sqs.destroy());

test('a queue is created once and found by name', async () => {
  const name = freshName();

  const first = await sqs.send(new aws.CreateQueueCommand({QueueName: name, Attributes: {VisibilityTimeout: '7'}}));
  const again = await sqs.send(new aws.CreateQueueCommand({QueueName: name, Attributes: {VisibilityTimeout: '7'}}));
  const found = await sqs.send(new aws.GetQueueUrlCommand({QueueName: name}));

  assert.equal(again.QueueUrl, first.QueueUrl);
  assert.equal(found.QueueUrl, first.QueueUrl);
});

test('other attributes under the same name are QueueNameExists', async () => {
  const name = freshName();
  await freshQueue(sqs, {VisibilityTimeout: '7'}, name);

  const error = await errorOf(freshQueue(sqs, {VisibilityTimeout: '8'}, name));

  assert.ok(error instanceof aws.QueueNameExists, error.name);
  assert.match(error.message, /VisibilityTimeout/);
});

test('a queue that is not there is QueueDoesNotExist, whatever is asked of it, at once', async () => {
  const client = connect();
  const QueueUrl = (await freshQueue(client)).replace(/[^/]+$/, 'never-made');
  client.requests = 0;

  for (const command of [
    new aws.GetQueueUrlCommand({QueueName: 'never-made'}),
    new aws.SendMessageCommand({QueueUrl, MessageBody: 'x'}),
    new aws.ReceiveMessageCommand({QueueUrl}),
    new aws.PurgeQueueCommand({QueueUrl}),
    new aws.DeleteQueueCommand({QueueUrl}),
    new aws.ListQueueTagsCommand({QueueUrl}),
    new aws.GetQueueAttributesCommand({QueueUrl, AttributeNames: ['All']}),
    new aws.ListDeadLetterSourceQueuesCommand({QueueUrl}),
  ]) {
    const error = await errorOf(client.send(command));
    assert.ok(error instanceof aws.QueueDoesNotExist, `${command.constructor.name}: ${error.name}`);
    assert.equal(error.$metadata.httpStatusCode, 400);
  }

  assert.equal(client.requests, 8, 'a retry of what cannot succeed');
  client.destroy();
});

test('attributes are set, read and refused by name', async () => {
  const QueueUrl = await freshQueue(sqs);

  await sqs.send(new aws.SetQueueAttributesCommand({QueueUrl, Attributes: {DelaySeconds: '3', MessageRetentionPeriod: '60'}}));
  const attributes = await attributesOf(sqs, QueueUrl);
  const name = await errorOf(sqs.send(new aws.SetQueueAttributesCommand({QueueUrl, Attributes: {Colour: 'red'}})));
  const value = await errorOf(sqs.send(new aws.SetQueueAttributesCommand({QueueUrl, Attributes: {DelaySeconds: '901'}})));

  assert.equal(attributes.DelaySeconds, '3');
  assert.equal(attributes.MessageRetentionPeriod, '60');
  assert.equal(attributes.MaximumMessageSize, '1048576');
  assert.ok(name instanceof aws.InvalidAttributeName, name.name);
  assert.ok(value instanceof aws.InvalidAttributeValue, value.name);
});

test('all queues of a prefix are paged through, each once', async () => {
  const prefix = freshName() + '-';
  const made = await Promise.all([...Array(23).keys()].map(number => freshQueue(sqs, {}, prefix + number)));

  const found = [];
  let pages = 0;
  for await (const page of aws.paginateListQueues({client: sqs, pageSize: 5}, {QueueNamePrefix: prefix})) {
    found.push(...page.QueueUrls ?? []);
    pages += 1;
  }

  assert.deepEqual(found.sort(), made.sort());
  assert.equal(pages, 5);
});

test('tags are added, listed and removed', async () => {
  const QueueUrl = (await sqs.send(new aws.CreateQueueCommand({QueueName: freshName(), tags: {made: 'by create'}}))).QueueUrl;

  await sqs.send(new aws.TagQueueCommand({QueueUrl, Tags: {team: 'Zoë 🦊', empty: ''}}));
  const all = (await sqs.send(new aws.ListQueueTagsCommand({QueueUrl}))).Tags;
  await sqs.send(new aws.UntagQueueCommand({QueueUrl, TagKeys: ['made', 'empty', 'never']}));
  const left = (await sqs.send(new aws.ListQueueTagsCommand({QueueUrl}))).Tags;

  assert.deepEqual(all, {made: 'by create', team: 'Zoë 🦊', empty: ''});
  assert.deepEqual(left, {team: 'Zoë 🦊'});
});

test('a second purge within a minute is PurgeQueueInProgress', async () => {
  const QueueUrl = await freshQueue(sqs);
  await sqs.send(new aws.SendMessageCommand({QueueUrl, MessageBody: 'x'}));

  await sqs.send(new aws.PurgeQueueCommand({QueueUrl}));
  const error = await errorOf(sqs.send(new aws.PurgeQueueCommand({QueueUrl})));

  assert.equal((await attributesOf(sqs, QueueUrl)).ApproximateNumberOfMessages, '0');
  assert.ok(error instanceof aws.PurgeQueueInProgress, error.name);
  assert.equal(error.$metadata.httpStatusCode, 403);
});

test('permissions are kept in the policy', async () => {
  const QueueUrl = await freshQueue(sqs);

  await sqs.send(new aws.AddPermissionCommand({QueueUrl, Label: 'l', AWSAccountIds: ['123456789012'], Actions: ['SendMessage']}));
  const {Attributes} = await sqs.send(new aws.GetQueueAttributesCommand({QueueUrl, AttributeNames: ['Policy']}));
  await sqs.send(new aws.RemovePermissionCommand({QueueUrl, Label: 'l'}));

  assert.match(Attributes.Policy, /SendMessage/);
});

test('a deleted queue is gone and its name is free', async () => {
  const name = freshName();
  const QueueUrl = await freshQueue(sqs, {VisibilityTimeout: '7'}, name);

  await sqs.send(new aws.DeleteQueueCommand({QueueUrl}));
  const error = await errorOf(sqs.send(new aws.GetQueueUrlCommand({QueueName: name})));

  assert.ok(error instanceof aws.QueueDoesNotExist, error.name);
  assert.equal(await freshQueue(sqs, {VisibilityTimeout: '8'}, name), QueueUrl);
});

test('any credentials are accepted, and a clock that is a day wrong', async () => {
  const client = connect({credentials: {accessKeyId: 'AKIAOTHER', secretAccessKey: 'wrong', sessionToken: 'token'},
                          region: 'eu-central-1', systemClockOffset: -86_400_000});

  await client.send(new aws.ListQueuesCommand({MaxResults: 1}));

  assert.equal(client.requests, 1);
  client.destroy();
});
