package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func dialled(t testing.TB) string { return os.Getenv("ROWMQ_AMQP_URL") }

func address(t testing.TB) string {
	_, host, _ := strings.Cut(dialled(t), "@")
	return host
}

func isCode(err error, code int) bool {
	refusal, is := err.(*amqp.Error)
	return is && refusal.Code == code
}

func TestAmqpAPublisherLosesNothingWhenTheServerIsKilled(t *testing.T) {
	server := serve(t)
	url := server.url() // while it starts again it has no address to tell
	setup, err := amqp.Dial(url)
	must(t, err)
	queue := durable(t, open(t, setup), nil)
	confirmed := map[string]bool{}
	var lock sync.Mutex
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // as the documentation has it: connect again, publish again what was not confirmed
		defer close(stopped)
		for number := 0; ; {
			connection, err := amqp.Dial(url)
			if err != nil {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			channel, err := connection.Channel()
			if err == nil {
				err = channel.Confirm(false)
			}
			for err == nil {
				select {
				case <-stop:
					connection.Close()
					return
				default:
				}
				body := time.Duration(number).String()
				var deferred *amqp.DeferredConfirmation
				if deferred, err = channel.PublishWithDeferredConfirm("", queue, false, false, amqp.Publishing{Body: []byte(body)}); err != nil {
					break
				}
				if !deferred.Wait() {
					break
				}
				lock.Lock()
				confirmed[body] = true
				lock.Unlock()
				number++
			}
			connection.Close()
		}
	}()
	for round := 0; round < 2; round++ {
		lock.Lock()
		before := len(confirmed)
		lock.Unlock()
		for enough := false; !enough; time.Sleep(10 * time.Millisecond) {
			lock.Lock()
			enough = len(confirmed) > before+50
			lock.Unlock()
		}
		server.crash()
	}
	close(stop)
	<-stopped

	connection, err := amqp.Dial(url)
	must(t, err)
	defer connection.Close()
	deliveries := consume(t, open(t, connection), queue, true)
	for len(confirmed) > 0 {
		delete(confirmed, string(heard(t, deliveries).Body))
	}
}

func TestAmqpTheClientsRecoveryBringsBackItsTopology(t *testing.T) {
	server := serve(t)
	connection, err := amqp.DialConfig(server.url(), amqp.Config{Recovery: &amqp.Recovery{
		ReconnectionConfig: &amqp.ReconnectionConfig{MaxRetryCount: 100, RetryInterval: 50 * time.Millisecond}}})
	must(t, err)
	defer connection.Close()
	changes := make(chan *amqp.StateChanged, 100)
	connection.NotifyStateChange(changes)
	channel := open(t, connection)
	queue := exclusive(t, channel, nil)
	must(t, channel.ExchangeDeclare("fleeting", "topic", false, true, false, false, nil))
	must(t, channel.QueueBind(queue, "a.*", "fleeting", false, nil))
	deliveries := consume(t, channel, queue, true)

	server.crash()
	for state := heard(t, changes); state.To != amqp.StateOpen; state = heard(t, changes) {
	}

	must(t, channel.Publish("fleeting", "a.b", true, false, amqp.Publishing{Body: []byte("x")}))
	check(t, string(heard(t, deliveries).Body) == "x", "another")
}

func TestAmqpAServerThatStopsTellsItsClients(t *testing.T) {
	server := serve(t)
	connection, err := amqp.Dial(server.url())
	must(t, err)
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))

	server.end(syscall.SIGTERM)

	told := heard(t, closed)
	check(t, told.Code == amqp.ConnectionForced && told.Server, "%+v", told)
}

func TestAmqpOverTls(t *testing.T) {
	certificate, key, trust := selfSigned(t)
	server := serve(t, "--listen", "amqps=127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key)
	connection, err := amqp.DialTLS("amqps://guest:guest@"+server.ports["amqps"], &tls.Config{RootCAs: trust})
	must(t, err)
	defer connection.Close()
	channel := open(t, connection)
	queue := exclusive(t, channel, nil)
	body := strings.Repeat("0123456789abcdef", 100_000)

	put(t, channel, queue, body)

	check(t, string(get(t, channel, queue).Body) == body, "another body")
	_, err = amqp.DialTLS("amqps://guest:guest@"+server.ports["amqps"], nil)
	is[x509.UnknownAuthorityError](t, err, "a certificate nobody knows is taken")
}

func selfSigned(t testing.TB) (certificate, key string, trust *x509.CertPool) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rowmq"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	must(t, err)
	folder := t.TempDir()
	certificate, key = folder+"/certificate.pem", folder+"/key.pem"
	must(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	parsed, err := x509.ParseCertificate(signed)
	must(t, err)
	trust = x509.NewCertPool()
	trust.AddCert(parsed)
	return certificate, key, trust
}
