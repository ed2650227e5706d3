package clients

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestQueueIsCreatedOnceAndFoundByName(t *testing.T) {
	client, name := connect(t), freshName()
	create := func(timeout string) (*sqs.CreateQueueOutput, error) {
		return client.CreateQueue(soon(t), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"VisibilityTimeout": timeout}})
	}

	first, err := create("7")
	must(t, err)
	again, err := create("7")
	must(t, err)
	_, other := create("8")
	found, err := client.GetQueueUrl(soon(t), &sqs.GetQueueUrlInput{QueueName: &name})
	must(t, err)

	check(t, *again.QueueUrl == *first.QueueUrl && *found.QueueUrl == *first.QueueUrl, "three URLs: %s %s %s", *first.QueueUrl, *again.QueueUrl, *found.QueueUrl)
	is[*types.QueueNameExists](t, other, "another value")
}

func TestMissingQueueIsItsOwnType(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	_, err := client.DeleteQueue(soon(t), &sqs.DeleteQueueInput{QueueUrl: queue})
	must(t, err)

	_, get := client.GetQueueUrl(soon(t), &sqs.GetQueueUrlInput{QueueName: aws.String("never-made")})
	_, sent := client.SendMessage(soon(t), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("x")})
	_, received := client.ReceiveMessage(soon(t), &sqs.ReceiveMessageInput{QueueUrl: queue})
	_, deleted := client.DeleteQueue(soon(t), &sqs.DeleteQueueInput{QueueUrl: queue})

	for _, err := range []error{get, sent, received, deleted} {
		is[*types.QueueDoesNotExist](t, err, "a queue that is not there")
	}
}

func TestAttributesAreSetReadAndRefused(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	set := func(name, value string) error {
		_, err := client.SetQueueAttributes(soon(t), &sqs.SetQueueAttributesInput{QueueUrl: queue, Attributes: map[string]string{name: value}})
		return err
	}

	must(t, set("DelaySeconds", "900"))

	check(t, attribute(t, client, queue, "DelaySeconds") == "900", "not set")
	is[*types.InvalidAttributeName](t, set("Colour", "red"), "name")
	hasCode(t, set("DelaySeconds", "901"), "InvalidAttributeValue")
}

func TestAllQueuesAreListedPageByPage(t *testing.T) {
	client, prefix := connect(t), freshName()+"-"
	var made, found []string
	for number := 0; number < 12; number++ {
		answer, err := client.CreateQueue(soon(t), &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprint(prefix, number))})
		must(t, err)
		made = append(made, *answer.QueueUrl)
	}

	pages := 0
	for pager := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{QueueNamePrefix: &prefix, MaxResults: aws.Int32(5)}); pager.HasMorePages(); pages++ {
		page, err := pager.NextPage(soon(t))
		must(t, err)
		found = append(found, page.QueueUrls...)
	}

	sort.Strings(made)
	sort.Strings(found)
	check(t, reflect.DeepEqual(found, made) && pages == 3, "%d pages: %v", pages, found)
}

func TestTagsAndPurgeAndPermissions(t *testing.T) {
	client := connect(t)
	queue := freshQueue(t, client, nil)
	_, err := client.TagQueue(soon(t), &sqs.TagQueueInput{QueueUrl: queue, Tags: map[string]string{"a": "ü🦊", "b": "2"}})
	must(t, err)
	_, err = client.UntagQueue(soon(t), &sqs.UntagQueueInput{QueueUrl: queue, TagKeys: []string{"b"}})
	must(t, err)
	send(t, client, queue, "x")

	tags, err := client.ListQueueTags(soon(t), &sqs.ListQueueTagsInput{QueueUrl: queue})
	must(t, err)
	_, first := client.PurgeQueue(soon(t), &sqs.PurgeQueueInput{QueueUrl: queue})
	_, second := client.PurgeQueue(soon(t), &sqs.PurgeQueueInput{QueueUrl: queue})
	_, err = client.AddPermission(soon(t), &sqs.AddPermissionInput{QueueUrl: queue, Label: aws.String("l"),
		AWSAccountIds: []string{"123456789012"}, Actions: []string{"SendMessage"}})
	must(t, err)
	policy := attribute(t, client, queue, "Policy")
	_, err = client.RemovePermission(soon(t), &sqs.RemovePermissionInput{QueueUrl: queue, Label: aws.String("l")})
	must(t, err)

	check(t, reflect.DeepEqual(tags.Tags, map[string]string{"a": "ü🦊"}), "tags: %v", tags.Tags)
	must(t, first)
	check(t, attribute(t, client, queue, "ApproximateNumberOfMessages") == "0", "not purged")
	is[*types.PurgeQueueInProgress](t, second, "second purge")
	check(t, strings.Contains(policy, "SendMessage"), "policy: %s", policy)
}

func TestAnyCredentialsAreAccepted(t *testing.T) {
	client := connect(t, func(o *sqs.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider("AKIAOTHER", strings.Repeat("w", 40), "session")
		o.Region = "ap-southeast-2"
	})

	_, err := client.ListQueues(soon(t), &sqs.ListQueuesInput{})

	must(t, err)
}
