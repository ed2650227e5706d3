package clients

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestDeadLettersGoAndComeBack(t *testing.T) {
	client := connect(t)
	dead := freshQueue(t, client, nil)
	arn := attribute(t, client, dead, "QueueArn")
	queue := freshQueue(t, client, map[string]string{"VisibilityTimeout": "0", "RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":2}`, arn)})
	sent := send(t, client, queue, "poison")

	receive(t, client, queue, 0)
	receive(t, client, queue, 0)
	check(t, len(receive(t, client, queue, 1)) == 0, "a third receive")
	buried := receive(t, client, dead, 5, 1)
	sources, err := client.ListDeadLetterSourceQueues(soon(t), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead})
	must(t, err)

	check(t, len(buried) == 1 && *buried[0].MessageId == *sent.MessageId, "%v", buried)
	check(t, len(sources.QueueUrls) == 1 && sources.QueueUrls[0] == *queue, "%v", sources.QueueUrls)

	// Let go of it, then move it back.
	_, err = client.ChangeMessageVisibility(soon(t), &sqs.ChangeMessageVisibilityInput{QueueUrl: dead, ReceiptHandle: buried[0].ReceiptHandle, VisibilityTimeout: 0})
	must(t, err)
	_, err = client.StartMessageMoveTask(soon(t), &sqs.StartMessageMoveTaskInput{SourceArn: &arn})
	must(t, err)
	back := receive(t, client, queue, 10)
	tasks, err := client.ListMessageMoveTasks(soon(t), &sqs.ListMessageMoveTasksInput{SourceArn: &arn})
	must(t, err)

	check(t, len(back) == 1 && *back[0].MessageId == *sent.MessageId, "%v", back)
	check(t, len(tasks.Results) == 1, "%v", tasks.Results)
}

func TestMoveTasksAreRefusedAndCancelled(t *testing.T) {
	client := connect(t)
	dead, alone := freshQueue(t, client, nil), freshQueue(t, client, nil)
	arn := attribute(t, client, dead, "QueueArn")
	freshQueue(t, client, map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":2}`, arn)})
	for number := 0; number < 5; number++ {
		send(t, client, dead, "x")
	}
	start := func(source string) (*sqs.StartMessageMoveTaskOutput, error) {
		return client.StartMessageMoveTask(soon(t), &sqs.StartMessageMoveTaskInput{SourceArn: &source,
			DestinationArn: aws.String(attribute(t, client, alone, "QueueArn")), MaxNumberOfMessagesPerSecond: aws.Int32(1)})
	}

	task, err := start(arn)
	must(t, err)
	_, second := start(arn)
	_, plain := start(attribute(t, client, alone, "QueueArn"))
	_, missing := start(arn + "-never-made")
	_, err = client.CancelMessageMoveTask(soon(t), &sqs.CancelMessageMoveTaskInput{TaskHandle: task.TaskHandle})

	must(t, err)
	check(t, second != nil && plain != nil, "second: %v; plain: %v", second, plain)
	is[*types.ResourceNotFoundException](t, missing, "a source that is not there")
}

// SQS lets 120,000 messages of a queue be out at once. It takes a while to take so many: only with ROWMQ_FULL.
func TestTooManyMessagesOutAreOverLimit(t *testing.T) {
	most := int64(120_000)
	if os.Getenv("ROWMQ_FULL") == "" {
		most = 500
	}
	client := connect(t)
	queue := freshQueue(t, client, map[string]string{"VisibilityTimeout": "3600"})
	var taken int64
	var running sync.WaitGroup
	for worker := 0; worker < 20; worker++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for atomic.LoadInt64(&taken) < most {
				var entries []types.SendMessageBatchRequestEntry
				for number := 0; number < 10; number++ {
					entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(number)), MessageBody: aws.String("x")})
				}
				if _, err := client.SendMessageBatch(soon(t), &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: entries}); err != nil {
					t.Error(err)
					return
				}
				answer, err := client.ReceiveMessage(soon(t), &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10})
				if err != nil {
					if atomic.LoadInt64(&taken) < most-1000 {
						t.Error(err)
					}
					return
				}
				atomic.AddInt64(&taken, int64(len(answer.Messages)))
			}
		}()
	}
	running.Wait()

	var last error
	for tries := 0; tries < 300 && last == nil && most == 120_000; tries++ {
		send(t, client, queue, "one more")
		_, last = client.ReceiveMessage(soon(t), &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 1})
	}
	if most == 120_000 {
		is[*types.OverLimit](t, last, "the 120,001st")
		return
	}
	out, err := strconv.ParseInt(attribute(t, client, queue, "ApproximateNumberOfMessagesNotVisible"), 10, 64)
	check(t, err == nil && out == taken && out >= most, "%d taken, %d out, %v", taken, out, err)
}
