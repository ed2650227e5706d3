package clients

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func sendFifo(t testing.TB, client *sqs.Client, queue *string, group, body string) *sqs.SendMessageOutput {
	t.Helper()
	answer, err := client.SendMessage(soon(t), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: aws.String(group + body)})
	must(t, err)
	return answer
}

// Some consumers "crash": they forget what they received, and it comes again when its visibility timeout ends.
func TestGroupsStayInOrderUnderConsumersThatCrash(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, map[string]string{"FifoQueue": "true", "VisibilityTimeout": "2"})
	const groups, each, consumers = 5, 20, 6
	for number := 0; number < each; number++ {
		for group := 0; group < groups; group++ {
			sendFifo(t, client, queue, fmt.Sprint("g", group), fmt.Sprint(number))
		}
	}

	var lock sync.Mutex
	done, crashes := map[string][]string{}, 0
	total := func() int {
		lock.Lock()
		defer lock.Unlock()
		sum := 0
		for _, bodies := range done {
			sum += len(bodies)
		}
		return sum
	}
	deadline := time.Now().Add(60 * time.Second)
	var running sync.WaitGroup
	for consumer := 0; consumer < consumers; consumer++ {
		running.Add(1)
		go func(chance *rand.Rand) {
			defer running.Done()
			for total() < groups*each && time.Now().Before(deadline) {
				answer, err := client.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 3, WaitTimeSeconds: 1,
					AttributeNames: []types.QueueAttributeName{"MessageGroupId"}})
				if err != nil {
					t.Error(err)
					return
				}
				for _, message := range answer.Messages {
					lock.Lock()
					crash := crashes < 5 && chance.Intn(8) == 0
					if crash {
						crashes++
						lock.Unlock()
						break // this one and the rest of the batch are never deleted
					}
					group := message.Attributes["MessageGroupId"]
					done[group] = append(done[group], *message.Body)
					lock.Unlock()
					if _, err := client.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: message.ReceiptHandle}); err != nil {
						t.Error(err)
						return
					}
				}
			}
		}(rand.New(rand.NewSource(int64(consumer))))
	}
	running.Wait()

	check(t, crashes > 0, "nobody crashed")
	for group := 0; group < groups; group++ {
		bodies := done[fmt.Sprint("g", group)]
		check(t, len(bodies) == each, "group %d: %d of %d: %v", group, len(bodies), each, bodies)
		for number, body := range bodies {
			check(t, body == fmt.Sprint(number), "group %d out of order: %v", group, bodies)
		}
	}
}

func TestRepeatedSendIsTheSameMessage(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, map[string]string{"FifoQueue": "true"})

	first, again := sendFifo(t, client, queue, "g", "x"), sendFifo(t, client, queue, "g", "x")

	check(t, *first.MessageId == *again.MessageId && *first.SequenceNumber == *again.SequenceNumber, "%v %v", first, again)
	check(t, len(receive(t, client, queue, 0)) == 1, "there are two")
}

func TestGroupWaitsForItsMessageOut(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, map[string]string{"FifoQueue": "true"})
	sendFifo(t, client, queue, "a", "1")
	out := receive(t, client, queue, 0)
	sendFifo(t, client, queue, "a", "2")
	sendFifo(t, client, queue, "b", "3")

	meanwhile := receive(t, client, queue, 0)
	remove(t, client, queue, out[0])
	then := receive(t, client, queue, 5)

	check(t, len(meanwhile) == 1 && *meanwhile[0].Body == "3", "%v", meanwhile)
	check(t, len(then) == 1 && *then[0].Body == "2", "%v", then)
}
