package clients

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const mebibyte = 1024 * 1024

func TestMessageComesBackAsItWasSent(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	body, every := "Grüße 世界 🦊 \t\r\n <&>", make([]byte, 256)
	for value := range every {
		every[value] = byte(value)
	}

	sent, err := client.SendMessage(soon(t), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body,
		MessageAttributes: map[string]types.MessageAttributeValue{
			"text":   {DataType: aws.String("String"), StringValue: aws.String("naïve 🐘")},
			"number": {DataType: aws.String("Number"), StringValue: aws.String("-12.50")},
			"bytes":  {DataType: aws.String("Binary"), BinaryValue: every}},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5e3d83c1-e6a0db584850d61342823d4c")}}})
	must(t, err)
	messages := receive(t, client, queue, 0)

	check(t, len(messages) == 1 && *messages[0].Body == body && *messages[0].MessageId == *sent.MessageId, "%v", messages)
	got := messages[0]
	check(t, bytes.Equal(got.MessageAttributes["bytes"].BinaryValue, every), "binary: %v", got.MessageAttributes["bytes"].BinaryValue)
	check(t, *got.MessageAttributes["text"].StringValue == "naïve 🐘", "text")
	check(t, *got.MessageAttributes["number"].StringValue == "-12.50", "number")
	check(t, *got.MD5OfMessageAttributes == *sent.MD5OfMessageAttributes, "digest")
	check(t, strings.HasPrefix(got.Attributes["AWSTraceHeader"], "Root="), "trace header: %v", got.Attributes)
}

func TestMebibyteIsTheLimit(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)

	send(t, client, queue, strings.Repeat("x", mebibyte))
	_, err := client.SendMessage(soon(t), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String(strings.Repeat("x", mebibyte+1))})

	hasCode(t, err, "InvalidParameterValue")
	messages := receive(t, client, queue, 0)
	check(t, len(messages) == 1 && len(*messages[0].Body) == mebibyte, "not as long as it was")
}

func TestForbiddenCharactersAreRefused(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	for _, body := range []string{"\x00", "a\x0b", "\x1f", "\ufffe", "\uffff"} {
		_, err := client.SendMessage(soon(t), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String(body)})
		is[*types.InvalidMessageContents](t, err, fmt.Sprintf("%q", body))
	}
}

func TestBatchErrors(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	entry := func(id, body string) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String(body)}
	}
	batch := func(entries ...types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error) {
		return client.SendMessageBatch(soon(t), &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: entries})
	}
	var eleven []types.SendMessageBatchRequestEntry
	for number := 0; number < 11; number++ {
		eleven = append(eleven, entry(fmt.Sprint(number), "x"))
	}

	partly, err := batch(entry("good", "x"), entry("bad", "\x01"))
	must(t, err)
	_, many := batch(eleven...)
	_, twice := batch(entry("a", "x"), entry("a", "x"))
	_, id := batch(entry("a b", "x"))
	_, long := batch(entry("a", strings.Repeat("x", 600_000)), entry("b", strings.Repeat("x", 600_000)))
	_, none := batch([]types.SendMessageBatchRequestEntry{}...)

	check(t, len(partly.Successful) == 1 && *partly.Successful[0].Id == "good", "%v", partly.Successful)
	check(t, len(partly.Failed) == 1 && *partly.Failed[0].Code == "InvalidMessageContents" && partly.Failed[0].SenderFault, "%v", partly.Failed)
	is[*types.TooManyEntriesInBatchRequest](t, many, "eleven")
	is[*types.BatchEntryIdsNotDistinct](t, twice, "twice")
	is[*types.InvalidBatchEntryId](t, id, "id")
	is[*types.BatchRequestTooLong](t, long, "long")
	check(t, none != nil, "an empty batch was accepted")
}

func TestBatchesOfDeletionsAndChanges(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	send(t, client, queue, "x")
	handle, nonsense := receive(t, client, queue, 0)[0].ReceiptHandle, aws.String("nonsense")

	changed, err := client.ChangeMessageVisibilityBatch(soon(t), &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: queue,
		Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("a"), ReceiptHandle: handle, VisibilityTimeout: 60}, {Id: aws.String("b"), ReceiptHandle: nonsense, VisibilityTimeout: 60}}})
	must(t, err)
	deleted, err := client.DeleteMessageBatch(soon(t), &sqs.DeleteMessageBatchInput{QueueUrl: queue,
		Entries: []types.DeleteMessageBatchRequestEntry{{Id: aws.String("a"), ReceiptHandle: handle}, {Id: aws.String("b"), ReceiptHandle: nonsense}}})
	must(t, err)
	_, single := client.DeleteMessage(soon(t), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: nonsense})

	check(t, len(changed.Successful) == 1 && len(changed.Failed) == 1 && *changed.Failed[0].Code == "ReceiptHandleIsInvalid", "%v", changed)
	check(t, len(deleted.Successful) == 1 && len(deleted.Failed) == 1 && *deleted.Failed[0].Code == "ReceiptHandleIsInvalid", "%v", deleted)
	is[*types.ReceiptHandleIsInvalid](t, single, "one deletion")
}

func TestVisibilityEndsIsExtendedAndGivenUp(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, map[string]string{"VisibilityTimeout": "1"})
	send(t, client, queue, "x")
	change := func(message types.Message, seconds int32) {
		_, err := client.ChangeMessageVisibility(soon(t), &sqs.ChangeMessageVisibilityInput{
			QueueUrl: queue, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: seconds})
		must(t, err)
	}

	first := receive(t, client, queue, 0)[0]
	change(first, 30)
	none := receive(t, client, queue, 2)
	change(first, 0)
	second := receive(t, client, queue, 5)
	third := receive(t, client, queue, 5)

	check(t, len(none) == 0, "it came while extended")
	check(t, len(second) == 1 && len(third) == 1 && third[0].Attributes["ApproximateReceiveCount"] == "3", "%v %v", second, third)
}

func TestDelayedMessageComesWhenItIsDue(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, map[string]string{"DelaySeconds": "1"})
	began := time.Now()
	send(t, client, queue, "x")

	early, due := receive(t, client, queue, 0), receive(t, client, queue, 5)

	check(t, len(early) == 0 && len(due) == 1 && time.Since(began) > 950*time.Millisecond, "%v %v after %v", early, due, time.Since(began))
}

// serverTime is the processor time the server has used, in ticks of 10 ms.
func serverTime(t *testing.T) int {
	text, err := os.ReadFile("/proc/" + os.Getenv("ROWMQ_PID") + "/stat")
	must(t, err)
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	user, err := strconv.Atoi(fields[11])
	must(t, err)
	system, err := strconv.Atoi(fields[12])
	must(t, err)
	return user + system
}

func TestLongPollsCostNothingAndWakeUpAtOnce(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	const pollers = 20
	woken := make(chan time.Time, pollers)
	for number := 0; number < pollers; number++ {
		go func() {
			answer, err := client.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 20})
			if err == nil && len(answer.Messages) == 1 {
				woken <- time.Now()
			}
		}()
	}
	time.Sleep(time.Second)

	before := serverTime(t)
	time.Sleep(2 * time.Second)
	used := serverTime(t) - before
	began := time.Now()
	for number := 0; number < pollers; number++ {
		send(t, client, queue, "wake up")
	}
	var last time.Time
	for number := 0; number < pollers; number++ {
		select {
		case last = <-woken:
		case <-time.After(10 * time.Second):
			t.Fatalf("only %d of %d polls woke up", number, pollers)
		}
	}

	check(t, used <= 5, "%d ticks of 10 ms in 2 s for %d waiting polls", used, pollers)
	check(t, last.Sub(began) < 2*time.Second, "the last woke up after %v", last.Sub(began))
	t.Logf("%d polls waited 2 s with %d ticks of 10 ms; all awake %v after the first send", pollers, used, last.Sub(began))
}
