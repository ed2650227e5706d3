package clients

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestAmqpDeferredConfirmsComeForAll(t *testing.T) {
	channel := open(t, dial(t))
	queue := exclusive(t, channel, nil)
	must(t, channel.Confirm(false))
	var deferred []*amqp.DeferredConfirmation
	for number := 0; number < 500; number++ {
		one, err := channel.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{Body: []byte(fmt.Sprint(number))})
		must(t, err)
		deferred = append(deferred, one)
	}

	for number, one := range deferred {
		acked, err := one.WaitContext(soon(t))
		check(t, err == nil && acked && one.DeliveryTag == uint64(number+1), "%d: %v %v", number, acked, err)
	}

	state, err := channel.QueueDeclarePassive(queue, false, false, true, false, nil)
	must(t, err)
	check(t, state.Messages == 500, "%d are there", state.Messages)
}

func TestAmqpAFullQueueNacks(t *testing.T) {
	channel := open(t, dial(t))
	queue := exclusive(t, channel, amqp.Table{"x-max-length": 1, "x-overflow": "reject-publish"})
	must(t, channel.Confirm(false))
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, 2))

	put(t, channel, queue, "fits")
	put(t, channel, queue, "does not")

	first, second := heard(t, confirms), heard(t, confirms)
	check(t, first == amqp.Confirmation{DeliveryTag: 1, Ack: true} && second == amqp.Confirmation{DeliveryTag: 2, Ack: false}, "%v %v", first, second)
}

func TestAmqpWhatReachesNoQueueIsReturnedBeforeItsConfirm(t *testing.T) {
	channel := open(t, dial(t))
	must(t, channel.Confirm(false))
	returns := channel.NotifyReturn(make(chan amqp.Return, 1))
	sent := amqp.Publishing{Body: []byte("body"), MessageId: "id", Headers: amqp.Table{"h": int32(1)}}

	deferred, err := channel.PublishWithDeferredConfirm("amq.topic", "no.where", true, false, sent)

	must(t, err)
	acked, err := deferred.WaitContext(soon(t))
	check(t, acked && err == nil, "%v", err)
	select {
	case back := <-returns:
		check(t, back.ReplyCode == amqp.NoRoute && back.ReplyText == "NO_ROUTE" && back.Exchange == "amq.topic" && back.RoutingKey == "no.where", "%+v", back)
		check(t, string(back.Body) == "body" && back.MessageId == "id" && back.Headers["h"] == int32(1), "%+v", back)
	default:
		t.Fatal("confirmed, and not returned before")
	}
}

func TestAmqpEveryTypeOfHeaderAndEveryPropertyComesBack(t *testing.T) {
	channel := open(t, dial(t))
	queue := exclusive(t, channel, nil)
	when := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	sent := amqp.Publishing{
		Headers: amqp.Table{"nil": nil, "true": true, "byte": byte(200), "int8": int8(-5), "int16": int16(-300), "int32": int32(math.MinInt32),
			"int64": int64(math.MaxInt64), "float32": float32(1.5), "float64": math.Pi, "string": "Grüße", "empty": "", "bytes": []byte{0, 255},
			"decimal": amqp.Decimal{Scale: 2, Value: 12345}, "time": when, "list": []interface{}{int32(1), "two", nil, []interface{}{true}},
			"table": amqp.Table{"inner": amqp.Table{"deep": int64(1)}}},
		ContentType: "text/plain", ContentEncoding: "gzip", DeliveryMode: amqp.Persistent, Priority: 7, CorrelationId: "c", ReplyTo: "r",
		Expiration: "60000", MessageId: "m", Timestamp: when, Type: "t", UserId: "guest", AppId: "a", Body: []byte("body")}
	must(t, channel.PublishWithContext(context.Background(), "", queue, false, false, sent))

	got := get(t, channel, queue)

	for name, value := range sent.Headers {
		there := got.Headers[name]
		if at, is := there.(time.Time); is {
			there = at.UTC()
		}
		check(t, reflect.DeepEqual(there, value), "%s: %#v, not %#v", name, there, value)
	}
	check(t, len(got.Headers) == len(sent.Headers), "%v", got.Headers)
	back := amqp.Publishing{Headers: sent.Headers, ContentType: got.ContentType, ContentEncoding: got.ContentEncoding, DeliveryMode: got.DeliveryMode,
		Priority: got.Priority, CorrelationId: got.CorrelationId, ReplyTo: got.ReplyTo, Expiration: got.Expiration, MessageId: got.MessageId,
		Timestamp: got.Timestamp.UTC(), Type: got.Type, UserId: got.UserId, AppId: got.AppId, Body: got.Body}
	check(t, reflect.DeepEqual(back, sent), "%+v", back)
}

// Nobody waits for an answer but of connection.close: what was published before is there.
func TestAmqpWhatWasPublishedBeforeConnectionCloseIsStored(t *testing.T) {
	const count = 5_000
	channel := open(t, dial(t))
	queue := durable(t, channel, nil)
	fleeting, err := amqp.Dial(dialled(t))
	must(t, err)
	publisher := open(t, fleeting)
	for number := 0; number < count; number++ {
		put(t, publisher, queue, fmt.Sprint(number))
	}

	must(t, fleeting.Close())

	deliveries := consume(t, channel, queue, true)
	for number := 0; number < count; number++ {
		check(t, string(heard(t, deliveries).Body) == fmt.Sprint(number), "not in order at %d", number)
	}
}

func TestAmqpATransactionIsAllOrNothing(t *testing.T) {
	connection := dial(t)
	channel, other := open(t, connection), open(t, connection)
	queue := exclusive(t, channel, nil)
	put(t, channel, queue, "in")
	must(t, channel.Tx())

	in, there, err := channel.Get(queue, false)
	check(t, there && err == nil, "%v", err)
	put(t, channel, queue, "out")
	must(t, in.Ack(false))
	state, err := other.QueueDeclarePassive(queue, false, false, true, false, nil)
	check(t, err == nil && state.Messages == 0, "before the commit there are %d: %v", state.Messages, err)
	must(t, channel.TxRollback())
	put(t, channel, queue, "out")
	must(t, in.Ack(false))
	must(t, channel.TxCommit())

	check(t, string(get(t, other, queue).Body) == "out", "another")
	_, there, err = other.Get(queue, true)
	check(t, !there && err == nil, "there is another: %v", err)
}
