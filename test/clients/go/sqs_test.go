// Package clients drives `rowmq serve` with the AWS SDK for Go v2. This file: a client, fresh queues, what a call answered.
package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

var made int64

func connect(t testing.TB, options ...func(*sqs.Options)) *sqs.Client {
	t.Helper()
	url := os.Getenv("ROWMQ_SQS_URL")
	if url == "" {
		t.Fatal("run these tests with test/clients/go/run")
	}
	settings, err := config.LoadDefaultConfig(context.Background())
	must(t, err)
	options = append([]func(*sqs.Options){func(o *sqs.Options) { o.BaseEndpoint = aws.String(url) }}, options...)
	return sqs.NewFromConfig(settings, options...)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func check(t testing.TB, good bool, format string, values ...any) {
	t.Helper()
	if !good {
		t.Fatalf(format, values...)
	}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func freshName() string { return fmt.Sprintf("go-%d-%d", os.Getpid(), atomic.AddInt64(&made, 1)) }

func freshQueue(t testing.TB, client *sqs.Client, attributes map[string]string) *string {
	t.Helper()
	name := freshName()
	if attributes["FifoQueue"] == "true" {
		name += ".fifo"
	}
	answer, err := client.CreateQueue(soon(t), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	must(t, err)
	return answer.QueueUrl
}

func attribute(t testing.TB, client *sqs.Client, queue *string, name types.QueueAttributeName) string {
	t.Helper()
	answer, err := client.GetQueueAttributes(soon(t), &sqs.GetQueueAttributesInput{
		QueueUrl: queue, AttributeNames: []types.QueueAttributeName{name}})
	must(t, err)
	return answer.Attributes[string(name)]
}

func send(t testing.TB, client *sqs.Client, queue *string, body string) *sqs.SendMessageOutput {
	t.Helper()
	answer, err := client.SendMessage(soon(t), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body})
	must(t, err)
	return answer
}

// receive waits up to `wait` seconds for up to ten messages, with everything they carry.
func receive(t testing.TB, client *sqs.Client, queue *string, wait int32, visibility ...int32) []types.Message {
	t.Helper()
	input := &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10, WaitTimeSeconds: wait,
		MessageAttributeNames: []string{"All"}, AttributeNames: []types.QueueAttributeName{"All"}}
	if len(visibility) > 0 {
		input.VisibilityTimeout = visibility[0]
	}
	answer, err := client.ReceiveMessage(soon(t), input)
	must(t, err)
	return answer.Messages
}

func remove(t testing.TB, client *sqs.Client, queue *string, message types.Message) {
	t.Helper()
	_, err := client.DeleteMessage(soon(t), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: message.ReceiptHandle})
	must(t, err)
}

// is says whether the error is of the SDK's own type for it: what `errors.As` in a program finds.
func is[T error](t testing.TB, err error, what string) {
	t.Helper()
	var wanted T
	check(t, errors.As(err, &wanted), "%s: %v", what, err)
}

func hasCode(t testing.TB, err error, code string) {
	t.Helper()
	var refused smithy.APIError
	check(t, errors.As(err, &refused) && refused.ErrorCode() == code, "wanted %s: %v", code, err)
}
