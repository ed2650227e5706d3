import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import * as aws from '@aws-sdk/client-sns';
import {connect, freshSubscriber, freshTopic} from './sns.mjs';
import {errorOf, freshName} from './sqs.mjs';

const clients = connect();
const {sns} = clients;
after(() => Object.values(clients).forEach(client => client.destroy()));
const attributesOf = async TopicArn => (await sns.send(new aws.GetTopicAttributesCommand({TopicArn}))).Attributes;
const nobody = 'arn:aws:sns:us-east-1:000000000000:nobody';

test('a topic is created once, listed, and gone when it is deleted', async () => {
  const create = () => sns.send(new aws.CreateTopicCommand({Name, Attributes: {DisplayName: 'Grüße 🦊'}}));
  const Name = freshName();
  const {TopicArn} = await create();
  const again = await create();
  const other = await errorOf(sns.send(new aws.CreateTopicCommand({Name, Attributes: {DisplayName: 'other'}})));
  const shown = await attributesOf(TopicArn);
  await sns.send(new aws.DeleteTopicCommand({TopicArn}));
  await sns.send(new aws.DeleteTopicCommand({TopicArn}));  // as on AWS: no error
  const gone = await errorOf(attributesOf(TopicArn));

  assert.equal(TopicArn, `arn:aws:sns:us-east-1:000000000000:${Name}`);
  assert.equal(again.TopicArn, TopicArn);
  assert.ok(other instanceof aws.InvalidParameterException, other.name);
  assert.equal(shown.DisplayName, 'Grüße 🦊');
  assert.equal(shown.TopicArn, TopicArn);
  assert.equal(shown.SubscriptionsConfirmed, '0');
  assert.ok(JSON.parse(shown.Policy).Statement.length > 0);
  assert.ok(gone instanceof aws.NotFoundException, gone.name);
});

test('attributes of topics and subscriptions are set and read', async () => {
  const TopicArn = await freshTopic(clients);
  const {arn, subscription: SubscriptionArn} = await freshSubscriber(clients, TopicArn);

  await sns.send(new aws.SetTopicAttributesCommand({TopicArn, AttributeName: 'DisplayName', AttributeValue: 'shown'}));
  await sns.send(new aws.SetSubscriptionAttributesCommand({
    SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '{"kind":["red"]}'}));
  const topic = await attributesOf(TopicArn);
  const subscription = (await sns.send(new aws.GetSubscriptionAttributesCommand({SubscriptionArn}))).Attributes;
  const wrong = await errorOf(sns.send(new aws.SetTopicAttributesCommand({TopicArn, AttributeName: 'Colour', AttributeValue: 'red'})));

  assert.equal(topic.DisplayName, 'shown');
  assert.equal(topic.SubscriptionsConfirmed, '1');
  assert.equal(subscription.Endpoint, arn);
  assert.equal(subscription.Protocol, 'sqs');
  assert.equal(subscription.FilterPolicy, '{"kind":["red"]}');
  assert.equal(subscription.FilterPolicyScope, 'MessageAttributes');
  assert.equal(subscription.RawMessageDelivery, 'false');
  assert.equal(subscription.PendingConfirmation, 'false');
  assert.ok(wrong instanceof aws.InvalidParameterException, wrong.name);
});

test('topics and subscriptions are listed page by page', async () => {
  const TopicArn = await freshTopic(clients);
  const topics = await Promise.all(Array.from({length: 105}, () => freshTopic(clients)));
  const subscribers = await Promise.all(Array.from({length: 105}, () => freshSubscriber(clients, TopicArn)));
  const all = async (pages, members) => {
    const found = [];
    for await (const page of pages) found.push(page[members].map(one => one.SubscriptionArn ?? one.TopicArn));
    return found;
  };

  const listed = (await all(aws.paginateListTopics({client: sns}, {}), 'Topics')).flat();
  const ofTopic = await all(aws.paginateListSubscriptionsByTopic({client: sns}, {TopicArn}), 'Subscriptions');
  const everywhere = (await all(aws.paginateListSubscriptions({client: sns}, {}), 'Subscriptions')).flat();

  assert.deepEqual(topics.filter(one => !listed.includes(one)), []);
  assert.equal(new Set(listed).size, listed.length);
  assert.deepEqual(ofTopic.map(page => page.length), [100, 5]);
  assert.deepEqual(ofTopic.flat().sort(), subscribers.map(one => one.subscription).sort());
  assert.deepEqual(ofTopic.flat().filter(one => !everywhere.includes(one)), []);
});

test('tags are added, listed and taken away', async () => {
  const ResourceArn = await freshTopic(clients);
  const tags = async () => (await sns.send(new aws.ListTagsForResourceCommand({ResourceArn}))).Tags;

  await sns.send(new aws.TagResourceCommand({ResourceArn, Tags: [{Key: 'team', Value: 'ü🦊'}, {Key: 'stage', Value: ''}]}));
  const both = await tags();
  await sns.send(new aws.UntagResourceCommand({ResourceArn, TagKeys: ['stage', 'never']}));
  const many = await errorOf(sns.send(new aws.TagResourceCommand({
    ResourceArn, Tags: Array.from({length: 51}, (_, number) => ({Key: `k${number}`, Value: 'v'}))})));
  const missing = await errorOf(sns.send(new aws.ListTagsForResourceCommand({ResourceArn: nobody})));

  assert.deepEqual(both.sort((a, b) => a.Key < b.Key ? -1 : 1), [{Key: 'stage', Value: ''}, {Key: 'team', Value: 'ü🦊'}]);
  assert.deepEqual(await tags(), [{Key: 'team', Value: 'ü🦊'}]);
  assert.ok(many instanceof aws.TagLimitExceededException, many.name);
  assert.ok(missing instanceof aws.ResourceNotFoundException, missing.name);
});

test('errors are of the SDK\'s own classes', async () => {
  const TopicArn = await freshTopic(clients);
  const publish = more => errorOf(sns.send(new aws.PublishCommand({TopicArn, Message: 'm', ...more})));
  const subscribe = more => errorOf(sns.send(new aws.SubscribeCommand({
    TopicArn, Protocol: 'sqs', Endpoint: 'arn:aws:sqs:us-east-1:000000000000:none', ...more})));
  const kind = (DataType, StringValue) => ({MessageAttributes: {n: {DataType, StringValue}}});

  for (const [error, type, status] of [
    [await publish({TopicArn: nobody}), aws.NotFoundException, 404],
    [await publish({TopicArn: 'nonsense'}), aws.InvalidParameterException, 400],
    [await publish({Message: ''}), aws.InvalidParameterException, 400],
    [await publish({Message: 'x'.repeat(256 * 1024 + 1)}), aws.InvalidParameterException, 400],
    [await publish({MessageStructure: 'json'}), aws.InvalidParameterException, 400],
    [await publish(kind('Number', 'many')), aws.InvalidParameterValueException, 400],
    [await publish(kind('Colour', 'red')), aws.InvalidParameterValueException, 400],
    [await subscribe({}), aws.InvalidParameterException, 400],
    [await subscribe({Protocol: 'pigeon'}), aws.InvalidParameterException, 400],
    [await subscribe({TopicArn: nobody}), aws.NotFoundException, 404],
    [await subscribe({Attributes: {FilterPolicy: '{"a":"x"}'}}), aws.InvalidParameterException, 400],
    [await errorOf(sns.send(new aws.GetSubscriptionAttributesCommand({
      SubscriptionArn: `${TopicArn}:01234567-89ab-cdef-0123-456789abcdef`}))), aws.NotFoundException, 404],
    [await errorOf(sns.send(new aws.CreateTopicCommand({Name: 'a b'}))), aws.InvalidParameterException, 400],
    [await errorOf(sns.send(new aws.CreateTopicCommand({Name: 'a', Attributes: {FifoTopic: 'true'}}))), aws.InvalidParameterException, 400],
    [await errorOf(sns.send(new aws.ConfirmSubscriptionCommand({TopicArn, Token: 'nonsense'}))), aws.InvalidParameterException, 400],
  ]) {
    assert.ok(error instanceof type, `${error.name}: ${error.message}`);
    assert.equal(error.$metadata.httpStatusCode, status, error.message);
    assert.equal(error.$fault, 'client');
  }
});
