package clients

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func text(kind, value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: &kind, StringValue: &value}
}

func TestPublishedMessageComesInAnEnvelopeAndRaw(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	wrapped, _, subscription := freshSubscriber(t, client, topic, nil)
	plain, _, _ := freshSubscriber(t, client, topic, raw)
	message, every := "Grüße 世界 🦊 \t\r\n <&>\"'", make([]byte, 256)
	for value := range every {
		every[value] = byte(value)
	}

	sent, err := client.Publish(soon(t), &sns.PublishInput{TopicArn: topic, Message: &message, Subject: aws.String("a subject"),
		MessageAttributes: map[string]types.MessageAttributeValue{"text": text("String", "naïve 🐘"), "number": text("Number", "-12.50"),
			"list": text("String.Array", `["a",1,true,null]`), "bytes": {DataType: aws.String("Binary"), BinaryValue: every}}})
	must(t, err)
	got := opened(t, *take(t, wrapped, 1)[0].Body)
	bare := take(t, plain, 1)[0]

	check(t, got.Type == "Notification" && got.Message == message && got.Subject == "a subject", "%v", got)
	check(t, got.MessageId == *sent.MessageId && got.TopicArn == *topic && strings.HasSuffix(got.UnsubscribeURL, subscription), "%v", got)
	check(t, got.SignatureVersion == "1" && got.Signature != "" && got.SigningCertURL != "" && got.SequenceNumber == "", "%v", got)
	_, err = time.Parse("2006-01-02T15:04:05.000Z", got.Timestamp)
	must(t, err)
	for name, value := range map[string][2]string{"text": {"String", "naïve 🐘"}, "number": {"Number", "-12.50"},
		"list": {"String.Array", `["a",1,true,null]`}, "bytes": {"Binary", base64.StdEncoding.EncodeToString(every)}} {
		one := got.MessageAttributes[name]
		check(t, one.Type == value[0] && one.Value == value[1], "%s: %v", name, one)
	}
	check(t, *bare.Body == message && *bare.MessageAttributes["text"].StringValue == "naïve 🐘", "%v", bare)
	check(t, *bare.MessageAttributes["number"].StringValue == "-12.50" && *bare.MessageAttributes["list"].DataType == "String.Array", "%v", bare)
	check(t, bytes.Equal(bare.MessageAttributes["bytes"].BinaryValue, every), "%v", bare.MessageAttributes["bytes"].BinaryValue)
}

func TestMessageOfItsOwnForEveryProtocol(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	queue, _, _ := freshSubscriber(t, client, topic, raw)

	_, err := client.Publish(soon(t), &sns.PublishInput{
		TargetArn: topic, MessageStructure: aws.String("json"), Message: aws.String(`{"default":"for others","sqs":"for queues"}`)})
	must(t, err)

	check(t, *take(t, queue, 1)[0].Body == "for queues", "another one came")
}

func TestFilterPoliciesLookAtAttributesOrIntoTheBody(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	byAttributes, _, _ := freshSubscriber(t, client, topic, map[string]string{"RawMessageDelivery": "true",
		"FilterPolicy": `{"store":[{"prefix":"ex"}],"price":[{"numeric":[">",100,"<=",200]}]}`})
	byBody, _, _ := freshSubscriber(t, client, topic, map[string]string{"RawMessageDelivery": "true",
		"FilterPolicyScope": "MessageBody", "FilterPolicy": `{"item":{"sku":[{"anything-but":["x"]}]}}`})
	all, _, _ := freshSubscriber(t, client, topic, raw)
	offer := func(message, store, price string) {
		_, err := client.Publish(soon(t), &sns.PublishInput{TopicArn: topic, Message: &message,
			MessageAttributes: map[string]types.MessageAttributeValue{"store": text("String", store), "price": text("Number", price)}})
		must(t, err)
	}

	offer("dear", "example", "201")
	offer("good", "example", "150")
	offer("elsewhere", "other", "150")
	publish(t, client, topic, `{"item":{"sku":"x"}}`)
	publish(t, client, topic, `{"item":{"sku":"y"}}`)

	check(t, len(take(t, all, 5)) == 5, "not all came") // in the same commits as the others
	queues := connect(t)
	attributes, body := bodies(receive(t, queues, byAttributes, 0)), bodies(receive(t, queues, byBody, 0))
	check(t, reflect.DeepEqual(attributes, []string{"good"}), "%v", attributes)
	check(t, reflect.DeepEqual(body, []string{`{"item":{"sku":"y"}}`}), "%v", body)
}

func TestPublishedBatchNamesWhatFailed(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	queue, _, _ := freshSubscriber(t, client, topic, raw)
	entry := func(id, message string) types.PublishBatchRequestEntry {
		return types.PublishBatchRequestEntry{Id: &id, Message: &message}
	}
	batch := func(entries ...types.PublishBatchRequestEntry) (*sns.PublishBatchOutput, error) {
		return client.PublishBatch(soon(t), &sns.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: entries})
	}
	bad, eleven := entry("bad", "2"), []types.PublishBatchRequestEntry{}
	bad.Subject = aws.String("\n")
	for number := 0; number < 11; number++ {
		eleven = append(eleven, entry(fmt.Sprint(number), "x"))
	}

	partly, err := batch(entry("a", "1"), bad, entry("c", "3"))
	must(t, err)
	taken := bodies(take(t, queue, 2))
	_, none := batch([]types.PublishBatchRequestEntry{}...)
	_, many := batch(eleven...)
	_, twice := batch(entry("a", "x"), entry("a", "x"))
	_, id := batch(entry("a b", "x"))
	_, long := batch(entry("a", strings.Repeat("x", 200_000)), entry("b", strings.Repeat("x", 200_000)))

	check(t, len(partly.Successful) == 2 && *partly.Successful[0].Id == "a" && *partly.Successful[1].Id == "c", "%v", partly.Successful)
	check(t, len(partly.Failed) == 1 && *partly.Failed[0].Id == "bad" && *partly.Failed[0].Code == "InvalidParameter" && partly.Failed[0].SenderFault, "%v", partly.Failed)
	sort.Strings(taken)
	check(t, reflect.DeepEqual(taken, []string{"1", "3"}), "%v", taken)
	is[*types.EmptyBatchRequestException](t, none, "none")
	is[*types.TooManyEntriesInBatchRequestException](t, many, "eleven")
	is[*types.BatchEntryIdsNotDistinctException](t, twice, "twice")
	is[*types.InvalidBatchEntryIdException](t, id, "id")
	is[*types.BatchRequestTooLongException](t, long, "long")
}

func TestFifoTopicKeepsTheOrderAndPublishesNothingTwice(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, map[string]string{"FifoTopic": "true"})
	queue, _, _ := freshSubscriber(t, client, topic, nil)
	send := func(message, group, id *string) (*sns.PublishOutput, error) {
		return client.Publish(soon(t), &sns.PublishInput{TopicArn: topic, Message: message, MessageGroupId: group, MessageDeduplicationId: id})
	}

	sequences := []string{}
	for _, message := range []string{"0", "0", "1", "2", "2"} {
		sent, err := send(aws.String(message), aws.String("g"), aws.String(message))
		must(t, err)
		sequences = append(sequences, *sent.SequenceNumber)
	}
	taken := take(t, queue, 3)
	_, group := send(aws.String("x"), nil, aws.String("x"))
	_, id := send(aws.String("x"), aws.String("g"), nil)

	check(t, sequences[0] == sequences[1] && sequences[1] < sequences[2] && sequences[2] < sequences[3] && sequences[3] == sequences[4], "%v", sequences)
	for number, message := range taken {
		check(t, opened(t, *message.Body).Message == fmt.Sprint(number), "out of order: %v", bodies(taken))
	}
	check(t, opened(t, *taken[0].Body).SequenceNumber == sequences[0], "%v", *taken[0].Body)
	check(t, taken[0].Attributes["MessageGroupId"] == "g" && taken[0].Attributes["MessageDeduplicationId"] == "0", "%v", taken[0].Attributes)
	check(t, len(receive(t, connect(t), queue, 0)) == 0, "there are more")
	is[*types.InvalidParameterException](t, group, "no group")
	is[*types.InvalidParameterException](t, id, "no deduplication id")
}

func TestHttpEndpointConfirmsAndIsNotified(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	url, came := listen(t)

	pending, err := client.Subscribe(soon(t), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &url})
	must(t, err)
	confirmation := next(t, came)
	id := publish(t, client, topic, "grüße 🦊")
	notification := next(t, came)
	confirmed, err := client.ListSubscriptionsByTopic(soon(t), &sns.ListSubscriptionsByTopicInput{TopicArn: topic})
	must(t, err)
	got := opened(t, notification.body)
	status, err := visit(got.UnsubscribeURL)
	must(t, err)
	after, err := client.ListSubscriptionsByTopic(soon(t), &sns.ListSubscriptionsByTopicInput{TopicArn: topic})
	must(t, err)

	check(t, *pending.SubscriptionArn == "pending confirmation", "%v", *pending.SubscriptionArn)
	check(t, confirmation.header.Get("x-amz-sns-message-type") == "SubscriptionConfirmation", "%v", confirmation)
	check(t, len(confirmed.Subscriptions) == 1 && *confirmed.Subscriptions[0].Endpoint == url, "%v", confirmed.Subscriptions)
	for name, value := range map[string]string{"message-type": "Notification", "message-id": id, "topic-arn": *topic,
		"subscription-arn": *confirmed.Subscriptions[0].SubscriptionArn} {
		check(t, notification.header.Get("x-amz-sns-"+name) == value, "%s: %v", name, notification.header)
	}
	check(t, got.Message == "grüße 🦊" && got.MessageId == id, "%v", got)
	check(t, status == http.StatusOK && len(after.Subscriptions) == 0, "%d, then %v", status, after.Subscriptions)
}

func TestWhoHasUnsubscribedGetsNothingMore(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	stays, _, _ := freshSubscriber(t, client, topic, raw)
	goes, _, subscription := freshSubscriber(t, client, topic, raw)

	_, err := client.Unsubscribe(soon(t), &sns.UnsubscribeInput{SubscriptionArn: &subscription})
	must(t, err)
	publish(t, client, topic, "m")

	check(t, *take(t, stays, 1)[0].Body == "m", "another one came")
	check(t, len(receive(t, connect(t), goes, 0)) == 0, "it came to who has unsubscribed")
}
