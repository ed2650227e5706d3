// What every test needs: a client of the server under test, queues nobody else uses, and the error a call ends with.
import assert from 'node:assert/strict';
import {SQSClient, CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand} from '@aws-sdk/client-sqs';

export const url = process.env.ROWMQ_SQS_URL;
assert.ok(url, 'run these tests with test/clients/javascript/run');

/// Counts the HTTP requests of a client: what shows that nothing was retried or polled.
export function connect(options = {}) {
  const client = new SQSClient({endpoint: url, ...options});
  client.requests = 0;
  client.middlewareStack.add(next => async request => {
    client.requests += 1;
    return next(request);
  }, {step: 'finalizeRequest', priority: 'low'});
  return client;
}

let made = 0;
export const freshName = () => `js-${process.pid}-${++made}`;

export async function freshQueue(client, attributes = {}, name = freshName()) {
  const fifo = attributes.FifoQueue === 'true' ? '.fifo' : '';
  return (await client.send(new CreateQueueCommand({QueueName: name + fifo, Attributes: attributes}))).QueueUrl;
}

export async function attributesOf(client, queue) {
  return (await client.send(new GetQueueAttributesCommand({QueueUrl: queue, AttributeNames: ['All']}))).Attributes;
}

export async function receive(client, queue, more = {}) {
  const answer = await client.send(new ReceiveMessageCommand({
    QueueUrl: queue, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'], ...more}));
  return answer.Messages ?? [];
}

/// The error of a call that must fail.
export async function errorOf(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return assert.fail('the call succeeded');
}
