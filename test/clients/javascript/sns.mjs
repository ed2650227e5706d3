// What every test of SNS needs: a client of it and one of SQS, topics nobody else uses, queues subscribed to them, an HTTP endpoint.
import {once} from 'node:events';
import http from 'node:http';
import {CreateTopicCommand, SNSClient, SubscribeCommand} from '@aws-sdk/client-sns';
import {DeleteMessageCommand} from '@aws-sdk/client-sqs';
import {attributesOf, connect as connectSqs, freshName, freshQueue, receive, url} from './sqs.mjs';

export const connect = () => ({sns: new SNSClient({endpoint: url}), sqs: connectSqs()});

export async function freshTopic({sns}, Attributes = {}) {
  const Name = freshName() + (Attributes.FifoTopic === 'true' ? '.fifo' : '');
  return (await sns.send(new CreateTopicCommand({Name, Attributes}))).TopicArn;
}

/// A new queue that gets what is published to the topic: where it is, its ARN and the subscription's.
export async function freshSubscriber({sns, sqs}, TopicArn, Attributes = {}) {
  const fifo = TopicArn.endsWith('.fifo') ? {FifoQueue: 'true', ContentBasedDeduplication: 'true'} : {};
  const queue = await freshQueue(sqs, fifo);
  const Endpoint = (await attributesOf(sqs, queue)).QueueArn;
  const {SubscriptionArn} = await sns.send(new SubscribeCommand({TopicArn, Protocol: 'sqs', Endpoint, Attributes}));
  return {queue, arn: Endpoint, subscription: SubscriptionArn};
}

/// What is in the queue: waits until there are `count` messages, and takes them away.
export async function take({sqs}, queue, count = 1) {
  const taken = [];
  while (taken.length < count) {
    const some = await receive(sqs, queue, {WaitTimeSeconds: 5});
    if (some.length === 0) break;
    for (const {ReceiptHandle} of some) await sqs.send(new DeleteMessageCommand({QueueUrl: queue, ReceiptHandle}));
    taken.push(...some);
  }
  return taken;
}

/// An HTTP endpoint as SNS wants one: it visits the SubscribeURL of a confirmation, and keeps what came.
export async function listen() {
  const came = [];
  const server = http.createServer(async (request, answer) => {
    let text = '';
    for await (const piece of request) text += piece;
    const body = request.headers['x-amz-sns-message-type'] === undefined ? text : JSON.parse(text);
    if (body.Type === 'SubscriptionConfirmation') body.visited = (await fetch(body.SubscribeURL)).status;
    answer.writeHead(200).end();
    came.push({headers: request.headers, body});
    server.emit('came');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    close: () => server.closeAllConnections() ?? server.close(),
    /// The request number `place`, which may still be on its way.
    async request(place) {
      while (came.length <= place) await once(server, 'came', {signal: AbortSignal.timeout(20_000)});
      return came[place];
    },
  };
}
