package clients

import (
	"context"
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestAmqpQosLimitsWhatIsOut(t *testing.T) {
	channel := open(t, dial(t))
	queue := exclusive(t, channel, nil)
	for number := 0; number < 6; number++ {
		put(t, channel, queue, fmt.Sprint(number))
	}
	must(t, channel.Qos(2, 0, false))
	deliveries := consume(t, channel, queue, false)

	_, second := heard(t, deliveries), heard(t, deliveries)
	nothing(t, deliveries)
	must(t, second.Ack(true))

	third, fourth := heard(t, deliveries), heard(t, deliveries)
	check(t, string(third.Body) == "2" && string(fourth.Body) == "3", "%s %s", third.Body, fourth.Body)
	nothing(t, deliveries)
	must(t, fourth.Nack(true, true))
	again := heard(t, deliveries)
	check(t, again.Redelivered && string(again.Body) == "2", "%s", again.Body)
}

func TestAmqpAConsumerHearsThatItsQueueIsGone(t *testing.T) {
	connection := dial(t)
	channel, other := open(t, connection), open(t, connection)
	queue := durable(t, channel, nil)
	cancelled := channel.NotifyCancel(make(chan string, 1))
	deliveries, err := channel.Consume(queue, "tag", false, false, false, false, nil)
	must(t, err)

	_, err = other.QueueDelete(queue, false, false, false)
	must(t, err)

	check(t, heard(t, cancelled) == "tag", "another tag")
	_, more := <-deliveries
	check(t, !more, "and deliveries end")
	_, err = channel.QueueDeclare(queue, false, true, false, false, nil)
	must(t, err) // the channel is alive
}

func TestAmqpAContextThatEndsCancelsItsConsumer(t *testing.T) {
	channel := open(t, dial(t))
	queue := exclusive(t, channel, nil)
	ctx, cancel := context.WithCancel(context.Background())
	deliveries, err := channel.ConsumeWithContext(ctx, queue, "", false, false, false, false, nil)
	must(t, err)

	cancel()

	_, more := <-deliveries
	check(t, !more, "deliveries did not end")
	put(t, channel, queue, "x")
	check(t, string(get(t, channel, queue).Body) == "x", "it is still consumed")
}

func TestAmqpErrorsCloseTheirChannelOrConnection(t *testing.T) {
	connection := dial(t)
	queue := durable(t, open(t, connection), nil)
	closed := func(channel *amqp.Channel) <-chan *amqp.Error { return channel.NotifyClose(make(chan *amqp.Error, 1)) }
	for _, wrong := range []struct {
		code int
		call func(*amqp.Channel) error
	}{
		{amqp.NotFound, func(c *amqp.Channel) error {
			_, err := c.QueueDeclarePassive("nobody's", false, false, false, false, nil)
			return err
		}},
		{amqp.PreconditionFailed, func(c *amqp.Channel) error {
			_, err := c.QueueDeclare(queue, false, false, false, false, nil)
			return err
		}},
		{amqp.AccessRefused, func(c *amqp.Channel) error {
			_, err := c.QueueDeclare("amq.mine", true, false, false, false, nil)
			return err
		}},
		{amqp.NotFound, func(c *amqp.Channel) error { return c.QueueBind(queue, "k", "nowhere", false, nil) }},
		{amqp.PreconditionFailed, func(c *amqp.Channel) error {
			return c.ExchangeDeclare("amq.direct", "topic", true, false, false, false, nil)
		}},
	} {
		channel := open(t, connection)
		end := closed(channel)
		err := wrong.call(channel)
		refusal := refused(t, err, wrong.code)
		check(t, heard(t, end).Reason == refusal.Reason && channel.IsClosed(), "%v", refusal)
	}
	for code, call := range map[int]func(*amqp.Channel){
		amqp.NotFound:           func(c *amqp.Channel) { c.Publish("nowhere", "k", false, false, amqp.Publishing{}) },
		amqp.PreconditionFailed: func(c *amqp.Channel) { c.Ack(77, false) },
	} {
		channel := open(t, connection)
		end := closed(channel)
		call(channel)
		check(t, heard(t, end).Code == code, "not %d", code)
	}
	check(t, !connection.IsClosed(), "the connection stays")

	ended := connection.NotifyClose(make(chan *amqp.Error, 1))
	must(t, open(t, connection).Publish("", queue, false, true, amqp.Publishing{})) // immediate
	check(t, heard(t, ended).Code == amqp.NotImplemented && connection.IsClosed(), "the connection is closed by what is not served")
}

func TestAmqpAWrongPasswordAndAnotherVhostAreRefused(t *testing.T) {
	_, err := amqp.Dial("amqp://guest:wrong@" + address(t))
	check(t, err == amqp.ErrCredentials || isCode(err, amqp.AccessRefused), "%v", err)
	_, err = amqp.Dial(dialled(t) + "/nobody's")
	check(t, isCode(err, amqp.NotAllowed) || err == amqp.ErrVhost, "%v", err)
}

func TestAmqpASecretIsUpdated(t *testing.T) {
	connection := dial(t)
	must(t, connection.UpdateSecret("guest", "because"))
	exclusive(t, open(t, connection), nil)
}
