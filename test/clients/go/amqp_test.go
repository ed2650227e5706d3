package clients

// This file: connections of amqp091-go, fresh queues, what ends a channel, a server of a test's own.

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const patience = 20 * time.Second

func dial(t testing.TB) *amqp.Connection {
	t.Helper()
	connection, err := amqp.Dial(os.Getenv("ROWMQ_AMQP_URL"))
	must(t, err)
	t.Cleanup(func() { connection.Close() })
	return connection
}

func open(t testing.TB, connection *amqp.Connection) *amqp.Channel {
	t.Helper()
	channel, err := connection.Channel()
	must(t, err)
	return channel
}

// exclusive is a queue that goes with its connection.
func exclusive(t testing.TB, channel *amqp.Channel, arguments amqp.Table) string {
	t.Helper()
	queue, err := channel.QueueDeclare("", false, false, true, false, arguments)
	must(t, err)
	return queue.Name
}

func durable(t testing.TB, channel *amqp.Channel, arguments amqp.Table) string {
	t.Helper()
	name := freshName()
	_, err := channel.QueueDeclare(name, true, false, false, false, arguments)
	must(t, err)
	return name
}

func put(t testing.TB, channel *amqp.Channel, queue, body string) {
	t.Helper()
	must(t, channel.PublishWithContext(context.Background(), "", queue, false, false, amqp.Publishing{Body: []byte(body)}))
}

func heard[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case one, open := <-from:
		check(t, open, "the channel ended")
		return one
	case <-time.After(patience):
		t.Fatal("nothing came in time")
		panic("")
	}
}

func nothing[T any](t testing.TB, from <-chan T) {
	t.Helper()
	select {
	case one := <-from:
		t.Fatalf("%v came", one)
	case <-time.After(200 * time.Millisecond):
	}
}

func consume(t testing.TB, channel *amqp.Channel, queue string, autoAck bool) <-chan amqp.Delivery {
	t.Helper()
	deliveries, err := channel.Consume(queue, "", autoAck, false, false, false, nil)
	must(t, err)
	return deliveries
}

func get(t testing.TB, channel *amqp.Channel, queue string) amqp.Delivery {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		message, there, err := channel.Get(queue, true)
		must(t, err)
		if there {
			return message
		}
	}
	t.Fatalf("nothing came to %s", queue)
	panic("")
}

func refused(t testing.TB, err error, code int) *amqp.Error {
	t.Helper()
	var refusal *amqp.Error
	check(t, errors.As(err, &refusal) && refusal.Code == code && refusal.Server, "wanted %d: %v", code, err)
	return refusal
}

// server is a `rowmq serve` of one test, which may be killed and started again.
type server struct {
	t         testing.TB
	arguments []string
	process   *exec.Cmd
	lines     chan string
	ports     map[string]string
}

func serve(t testing.TB, arguments ...string) *server {
	t.Helper()
	folder := t.TempDir()
	s := &server{t: t, arguments: append([]string{"serve", "--listen", "sqs=off", "--listen", "admin=off", "--store", "sqlite:" + folder + "/m.db"}, arguments...)}
	s.start("--listen", "amqp=127.0.0.1:0")
	t.Cleanup(func() { s.end(syscall.SIGTERM) })
	return s
}

func (s *server) start(more ...string) {
	s.t.Helper()
	s.process = exec.Command(os.Getenv("ROWMQ_PROGRAM"), append(append([]string{}, s.arguments...), more...)...)
	output, err := s.process.StdoutPipe()
	must(s.t, err)
	must(s.t, s.process.Start())
	s.ports = map[string]string{}
	said := bufio.NewScanner(output)
	listens := regexp.MustCompile(`^(\w+) +\w+://(127\.0\.0\.1:\d+)`)
	for said.Scan() && said.Text() != "ready" {
		if found := listens.FindStringSubmatch(said.Text()); found != nil {
			s.ports[found[1]] = found[2]
		}
	}
	go func() {
		for said.Scan() {
		}
	}()
	check(s.t, s.ports["amqp"] != "", "the server did not start")
}

func (s *server) end(signal syscall.Signal) {
	if s.process == nil {
		return
	}
	s.process.Process.Signal(signal)
	s.process.Wait()
	s.process = nil
}

// crash kills it and starts it again at the same address.
func (s *server) crash() {
	s.t.Helper()
	address := s.ports["amqp"]
	s.end(syscall.SIGKILL)
	s.start("--listen", "amqp="+address)
}

func (s *server) url() string { return "amqp://guest:guest@" + s.ports["amqp"] }
