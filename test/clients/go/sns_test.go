package clients

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const nobody = "arn:aws:sns:us-east-1:000000000000:nobody"

var raw = map[string]string{"RawMessageDelivery": "true"}

// plain hides the WriteTo of a request's body. That of smithy-go 1.19 fails with io.EOF once the answer has begun, and if net/http
// has not looked for the body's end by then, it closes the connection: an answer that is longer than one read is lost now and then.
type plain struct{ client aws.HTTPClient }

func (p plain) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = struct{ io.ReadCloser }{request.Body}
	}
	return p.client.Do(request)
}

func connectSns(t testing.TB) *sns.Client {
	t.Helper()
	settings, err := config.LoadDefaultConfig(context.Background())
	must(t, err)
	return sns.NewFromConfig(settings, func(o *sns.Options) {
		o.BaseEndpoint, o.HTTPClient = aws.String(os.Getenv("ROWMQ_SQS_URL")), plain{awshttp.NewBuildableClient()}
	})
}

func freshTopic(t testing.TB, client *sns.Client, attributes map[string]string) *string {
	t.Helper()
	name := freshName()
	if attributes["FifoTopic"] == "true" {
		name += ".fifo"
	}
	answer, err := client.CreateTopic(soon(t), &sns.CreateTopicInput{Name: &name, Attributes: attributes})
	must(t, err)
	return answer.TopicArn
}

// freshSubscriber makes a queue that gets what is published to the topic: its URL, its ARN, the subscription's ARN.
func freshSubscriber(t testing.TB, client *sns.Client, topic *string, attributes map[string]string) (queue *string, arn, subscription string) {
	t.Helper()
	queues, options := connect(t), map[string]string{}
	if strings.HasSuffix(*topic, ".fifo") {
		options["FifoQueue"] = "true"
	}
	queue = freshQueue(t, queues, options)
	arn = attribute(t, queues, queue, "QueueArn")
	answer, err := client.Subscribe(soon(t), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: attributes})
	must(t, err)
	return queue, arn, *answer.SubscriptionArn
}

func publish(t testing.TB, client *sns.Client, topic *string, message string) string {
	t.Helper()
	answer, err := client.Publish(soon(t), &sns.PublishInput{TopicArn: topic, Message: &message})
	must(t, err)
	return *answer.MessageId
}

// take waits until there are `count` messages in the queue, and takes them away.
func take(t testing.TB, queue *string, count int) []types.Message {
	t.Helper()
	client, taken := connect(t), []types.Message{}
	for len(taken) < count {
		some := receive(t, client, queue, 5)
		check(t, len(some) > 0, "%d messages of %d came", len(taken), count)
		for _, message := range some {
			remove(t, client, queue, message)
		}
		taken = append(taken, some...)
	}
	return taken
}

func bodies(messages []types.Message) []string {
	found := []string{}
	for _, message := range messages {
		found = append(found, *message.Body)
	}
	return found
}

// envelope is what SNS wraps a message into.
type envelope struct {
	Type, MessageId, TopicArn, Subject, Message, Timestamp, SignatureVersion, Signature, SigningCertURL string
	UnsubscribeURL, SubscribeURL, Token, SequenceNumber                                                 string
	MessageAttributes                                                                                   map[string]struct{ Type, Value string }
}

func opened(t testing.TB, text string) (found envelope) {
	t.Helper()
	must(t, json.Unmarshal([]byte(text), &found))
	return found
}

type request struct {
	header http.Header
	body   string
}

// listen is an HTTP endpoint as SNS wants one: it visits the SubscribeURL of a confirmation, and passes on what comes.
func listen(t testing.TB) (url string, came <-chan request) {
	requests := make(chan request, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
		body, err := io.ReadAll(got.Body)
		if err == nil && got.Header.Get("x-amz-sns-message-type") == "SubscriptionConfirmation" {
			if status, err := visit(opened(t, string(body)).SubscribeURL); status != http.StatusOK {
				t.Errorf("visiting the SubscribeURL: %d %v", status, err)
			}
		}
		requests <- request{got.Header, string(body)}
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func visit(url string) (status int, err error) {
	answer, err := http.Get(url)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, nil
}

func next(t testing.TB, came <-chan request) request {
	t.Helper()
	select {
	case one := <-came:
		return one
	case <-time.After(20 * time.Second):
		t.Fatal("no request came within 20 s")
		return request{}
	}
}
