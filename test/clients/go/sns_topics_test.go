package clients

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func topicAttributes(t testing.TB, client *sns.Client, topic *string) map[string]string {
	t.Helper()
	answer, err := client.GetTopicAttributes(soon(t), &sns.GetTopicAttributesInput{TopicArn: topic})
	must(t, err)
	return answer.Attributes
}

func TestTopicIsCreatedOnceAndGoneWhenItIsDeleted(t *testing.T) {
	client := connectSns(t)
	name := aws.String(freshName())
	create := func(shown string) (*sns.CreateTopicOutput, error) {
		return client.CreateTopic(soon(t), &sns.CreateTopicInput{Name: name, Attributes: map[string]string{"DisplayName": shown}})
	}
	remove := func(topic *string) {
		_, err := client.DeleteTopic(soon(t), &sns.DeleteTopicInput{TopicArn: topic})
		must(t, err)
	}

	first, err := create("Grüße 🦊")
	must(t, err)
	again, err := create("Grüße 🦊")
	must(t, err)
	_, other := create("other")
	shown := topicAttributes(t, client, first.TopicArn)
	remove(first.TopicArn)
	remove(first.TopicArn) // as on AWS: no error
	_, gone := client.GetTopicAttributes(soon(t), &sns.GetTopicAttributesInput{TopicArn: first.TopicArn})

	check(t, *first.TopicArn == "arn:aws:sns:us-east-1:000000000000:"+*name && *again.TopicArn == *first.TopicArn, "%v %v", *first.TopicArn, *again.TopicArn)
	check(t, shown["DisplayName"] == "Grüße 🦊" && shown["SubscriptionsConfirmed"] == "0" && shown["TopicArn"] == *first.TopicArn, "%v", shown)
	is[*types.InvalidParameterException](t, other, "other attributes")
	is[*types.NotFoundException](t, gone, "after it was deleted")
}

func TestAttributesOfTopicsAndSubscriptions(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	_, queue, subscription := freshSubscriber(t, client, topic, nil)

	_, err := client.SetTopicAttributes(soon(t), &sns.SetTopicAttributesInput{
		TopicArn: topic, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("shown")})
	must(t, err)
	_, err = client.SetSubscriptionAttributes(soon(t), &sns.SetSubscriptionAttributesInput{
		SubscriptionArn: &subscription, AttributeName: aws.String("FilterPolicy"), AttributeValue: aws.String(`{"kind":["red"]}`)})
	must(t, err)
	_, wrong := client.SetTopicAttributes(soon(t), &sns.SetTopicAttributesInput{
		TopicArn: topic, AttributeName: aws.String("Colour"), AttributeValue: aws.String("red")})
	answer, err := client.GetSubscriptionAttributes(soon(t), &sns.GetSubscriptionAttributesInput{SubscriptionArn: &subscription})
	must(t, err)

	shown := topicAttributes(t, client, topic)
	check(t, shown["DisplayName"] == "shown" && shown["SubscriptionsConfirmed"] == "1", "%v", shown)
	for name, value := range map[string]string{"Endpoint": queue, "Protocol": "sqs", "FilterPolicy": `{"kind":["red"]}`,
		"FilterPolicyScope": "MessageAttributes", "RawMessageDelivery": "false", "PendingConfirmation": "false", "TopicArn": *topic} {
		check(t, answer.Attributes[name] == value, "%s: %v", name, answer.Attributes)
	}
	is[*types.InvalidParameterException](t, wrong, "an unknown attribute")
}

func TestTopicsAndSubscriptionsAreListedPageByPage(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	const most = 105
	var made, subscribed [most]string
	for number := range made {
		made[number] = *freshTopic(t, client, nil)
		_, _, subscribed[number] = freshSubscriber(t, client, topic, nil)
	}

	listed, sizes, ofTopic := map[string]int{}, []int{}, []string{}
	for pages := sns.NewListTopicsPaginator(client, &sns.ListTopicsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(soon(t))
		must(t, err)
		for _, one := range page.Topics {
			listed[*one.TopicArn]++
		}
	}
	for pages := sns.NewListSubscriptionsPaginator(client, &sns.ListSubscriptionsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(soon(t))
		must(t, err)
		for _, one := range page.Subscriptions {
			listed[*one.SubscriptionArn]++
		}
	}
	for pages := sns.NewListSubscriptionsByTopicPaginator(client, &sns.ListSubscriptionsByTopicInput{TopicArn: topic}); pages.HasMorePages(); {
		page, err := pages.NextPage(soon(t))
		must(t, err)
		sizes = append(sizes, len(page.Subscriptions))
		for _, one := range page.Subscriptions {
			ofTopic = append(ofTopic, *one.SubscriptionArn)
		}
	}

	for _, one := range append(made[:], subscribed[:]...) {
		check(t, listed[one] == 1, "%s is listed %d times", one, listed[one])
	}
	sort.Strings(ofTopic)
	wanted := append([]string{}, subscribed[:]...)
	sort.Strings(wanted)
	check(t, reflect.DeepEqual(sizes, []int{100, 5}) && reflect.DeepEqual(ofTopic, wanted), "%v %v", sizes, ofTopic)
}

func TestTopicTags(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	tags := func() map[string]string {
		answer, err := client.ListTagsForResource(soon(t), &sns.ListTagsForResourceInput{ResourceArn: topic})
		must(t, err)
		found := map[string]string{}
		for _, one := range answer.Tags {
			found[*one.Key] = *one.Value
		}
		return found
	}
	many := []types.Tag{}
	for number := 0; number < 51; number++ {
		many = append(many, tag(fmt.Sprint("k", number), "v"))
	}

	_, err := client.TagResource(soon(t), &sns.TagResourceInput{ResourceArn: topic, Tags: []types.Tag{tag("team", "ü🦊"), tag("stage", "")}})
	must(t, err)
	both := tags()
	_, err = client.UntagResource(soon(t), &sns.UntagResourceInput{ResourceArn: topic, TagKeys: []string{"stage", "never"}})
	must(t, err)
	_, limit := client.TagResource(soon(t), &sns.TagResourceInput{ResourceArn: topic, Tags: many})
	_, missing := client.ListTagsForResource(soon(t), &sns.ListTagsForResourceInput{ResourceArn: aws.String(nobody)})

	check(t, reflect.DeepEqual(both, map[string]string{"team": "ü🦊", "stage": ""}), "%v", both)
	check(t, reflect.DeepEqual(tags(), map[string]string{"team": "ü🦊"}), "%v", tags())
	is[*types.TagLimitExceededException](t, limit, "51 tags")
	is[*types.ResourceNotFoundException](t, missing, "tags of nobody")
}

func TestSnsErrorsAreOfTheSdksOwnTypes(t *testing.T) {
	client := connectSns(t)
	topic := freshTopic(t, client, nil)
	_, queue, _ := freshSubscriber(t, client, topic, nil)
	publishing := func(change func(*sns.PublishInput)) error {
		input := &sns.PublishInput{TopicArn: topic, Message: aws.String("m")}
		change(input)
		_, err := client.Publish(soon(t), input)
		return err
	}
	subscribing := func(change func(*sns.SubscribeInput)) error {
		input := &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &queue}
		change(input)
		_, err := client.Subscribe(soon(t), input)
		return err
	}
	kind := func(kind, value string) func(*sns.PublishInput) {
		return func(i *sns.PublishInput) {
			i.MessageAttributes = map[string]types.MessageAttributeValue{"n": {DataType: &kind, StringValue: &value}}
		}
	}
	_, name := client.CreateTopic(soon(t), &sns.CreateTopicInput{Name: aws.String("a b")})
	_, token := client.ConfirmSubscription(soon(t), &sns.ConfirmSubscriptionInput{TopicArn: topic, Token: aws.String("nonsense")})
	_, subscription := client.GetSubscriptionAttributes(soon(t), &sns.GetSubscriptionAttributesInput{
		SubscriptionArn: aws.String(*topic + ":01234567-89ab-cdef-0123-456789abcdef")})
	missing := publishing(func(i *sns.PublishInput) { i.TopicArn = aws.String(nobody) })

	is[*types.NotFoundException](t, missing, "publishing to nobody")
	is[*types.NotFoundException](t, subscribing(func(i *sns.SubscribeInput) { i.TopicArn = aws.String(nobody) }), "subscribing to nobody")
	is[*types.NotFoundException](t, subscription, "no such subscription")
	is[*types.InvalidParameterException](t, publishing(func(i *sns.PublishInput) { i.TopicArn = aws.String("nonsense") }), "no ARN")
	is[*types.InvalidParameterException](t, publishing(func(i *sns.PublishInput) { i.Message = aws.String("") }), "empty")
	is[*types.InvalidParameterException](t, publishing(func(i *sns.PublishInput) { i.Message = aws.String(strings.Repeat("x", 256*1024+1)) }), "too long")
	is[*types.InvalidParameterException](t, publishing(func(i *sns.PublishInput) { i.MessageStructure = aws.String("json") }), "no JSON")
	is[*types.InvalidParameterValueException](t, publishing(kind("Number", "many")), "no number")
	is[*types.InvalidParameterValueException](t, publishing(kind("Colour", "red")), "no type")
	is[*types.InvalidParameterException](t, subscribing(func(i *sns.SubscribeInput) { i.Endpoint = aws.String(queue + "-none") }), "no queue")
	is[*types.InvalidParameterException](t, subscribing(func(i *sns.SubscribeInput) { i.Protocol = aws.String("pigeon") }), "no protocol")
	is[*types.InvalidParameterException](t, subscribing(func(i *sns.SubscribeInput) { i.Attributes = map[string]string{"FilterPolicy": `{"a":"x"}`} }), "no policy")
	is[*types.InvalidParameterException](t, name, "no name")
	is[*types.InvalidParameterException](t, token, "no token")
	var answered *awshttp.ResponseError
	check(t, errors.As(missing, &answered) && answered.HTTPStatusCode() == http.StatusNotFound, "%v", missing)
}
