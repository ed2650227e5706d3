package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.RpcClient;
import com.rabbitmq.client.RpcClientParams;
import com.rabbitmq.client.RpcServer;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** RabbitMQ's Java client. */
final class RabbitTest {
    private Connection connection;
    private Channel channel;

    @BeforeEach
    void connect() throws Exception {
        connection = Rabbit.connect();
        channel = connection.createChannel();
    }

    @AfterEach
    void disconnect() throws Exception {
        connection.close();
    }

    @Test
    void confirmsComeForAllInOrder() throws Exception {
        String queue = Rabbit.exclusive(channel, null);
        channel.confirmSelect();
        List<Long> acked = Collections.synchronizedList(new ArrayList<>());
        BlockingQueue<Long> last = new LinkedBlockingQueue<>();
        channel.addConfirmListener((tag, multiple) -> {
            acked.add(tag);
            if (tag == 1000) last.add(tag);
        }, (tag, multiple) -> {});

        for (int number = 0; number < 1000; ++number) Rabbit.publish(channel, queue, "" + number);

        assertEquals(1000, Rabbit.next(last));
        assertEquals(acked.stream().sorted().toList(), acked);
        channel.waitForConfirmsOrDie(20_000);
        assertEquals(1000, channel.messageCount(queue));
    }

    @Test
    void aFullQueueRefuses() throws Exception {
        String queue = Rabbit.exclusive(channel, Map.of("x-max-length", 1, "x-overflow", "reject-publish"));
        channel.confirmSelect();
        Rabbit.publish(channel, queue, "fits");
        assertTrue(channel.waitForConfirms(20_000));
        Rabbit.publish(channel, queue, "does not");
        assertThrows(IOException.class, () -> channel.waitForConfirmsOrDie(20_000));
    }

    @Test
    void whatReachesNoQueueComesBack() throws Exception {
        BlockingQueue<Return> returned = new LinkedBlockingQueue<>();
        channel.addReturnListener(returned::add);
        channel.basicPublish("amq.direct", "nowhere", true, new BasicProperties.Builder().messageId("m").build(), Rabbit.bytes("x"));
        Return back = Rabbit.next(returned);
        assertEquals("312 NO_ROUTE amq.direct nowhere m x", back.getReplyCode() + " " + back.getReplyText() + " " + back.getExchange() + " "
            + back.getRoutingKey() + " " + back.getProperties().getMessageId() + " " + Rabbit.text(back.getBody()));
    }

    @Test
    void aConsumerHearsThatItsQueueIsGone() throws Exception {
        String queue = Rabbit.exclusive(channel, null);
        BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
        String tag = channel.basicConsume(queue, true, (t, delivery) -> {}, cancelled::add);
        connection.createChannel().queueDelete(queue);
        assertEquals(tag, Rabbit.next(cancelled));
        assertTrue(channel.isOpen());
    }

    @Test
    void anAnswerComesByDirectReplyTo() throws Exception {
        String queue = Rabbit.exclusive(channel, null);
        Thread serving = new Thread(() -> {
            try {
                new RpcServer(connection.createChannel(), queue) {
                    @Override
                    public byte[] handleCall(Delivery request, BasicProperties reply) {
                        return Rabbit.bytes(Rabbit.text(request.getBody()) + "!");
                    }
                }.mainloop();
            } catch (IOException | ShutdownSignalException ended) {
                // with the test
            }
        });
        serving.start();
        try (RpcClient client = new RpcClient(new RpcClientParams().channel(channel).exchange("").routingKey(queue).timeout(20_000))) {
            for (int number = 0; number < 20; ++number) assertEquals(number + "!", client.stringCall("" + number));
        }
    }

    @Test
    void deadLettersSayWhereTheyCameFrom() throws Exception {
        String dead = Rabbit.exclusive(channel, null);
        String queue = Rabbit.exclusive(channel, Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead));
        Rabbit.publish(channel, queue, "rejected");
        channel.basicConsume(queue, false, (tag, delivery) -> channel.basicReject(delivery.getEnvelope().getDeliveryTag(), false), tag -> {});
        GetResponse got = Rabbit.get(channel, dead);
        Map<String, Object> headers = got.getProps().getHeaders();
        Map<?, ?> death = (Map<?, ?>) ((List<?>) headers.get("x-death")).get(0);
        assertEquals("rejected", death.get("reason").toString());
        assertEquals(queue, death.get("queue").toString());
        assertEquals(1L, death.get("count"));
        assertEquals("[" + queue + "]", death.get("routing-keys").toString());
        assertEquals(queue, headers.get("x-first-death-queue").toString());
    }

    @Test
    void whatIsWrongEndsItsChannel() throws Exception {
        IOException refused = assertThrows(IOException.class, () -> channel.queueDeclarePassive("nobody's"));
        assertTrue(refused.getCause().getMessage().contains("NOT_FOUND - no queue 'nobody's' in vhost '/'"), refused.getCause().getMessage());
        assertThrows(AlreadyClosedException.class, () -> channel.queueDeclare());
        Channel another = connection.createChannel();
        another.basicAck(9, false);
        Sqs.until(() -> !another.isOpen(), "the channel is closed");
        assertTrue(another.getCloseReason().getMessage().contains("PRECONDITION_FAILED - unknown delivery tag 9"));
        assertTrue(connection.isOpen());
    }

    @Test
    void aWrongPasswordIsRefusedInWords() throws Exception {
        var factory = Rabbit.factory(Rabbit.URL);
        factory.setPassword("wrong");
        assertThrows(AuthenticationFailureException.class, factory::newConnection);
    }

    @Test
    void topologyIsBackAfterTheServerWasKilled() throws Exception {
        try (Server server = new Server(); Connection lasting = Rabbit.factory(server.url()).newConnection()) {
            Channel mine = lasting.createChannel();
            mine.exchangeDeclare("fleeting", "topic", false, true, null);
            String queue = Rabbit.exclusive(mine, null);
            mine.queueBind(queue, "fleeting", "a.#");
            mine.queueDeclare("kept", true, false, false, null);
            BlockingQueue<Delivery> came = Rabbit.consume(mine, queue, true);
            mine.confirmSelect();
            Rabbit.publish(mine, "kept", "confirmed");
            mine.waitForConfirmsOrDie(20_000);

            CountDownLatch recovered = new CountDownLatch(1);
            ((Recoverable) lasting).addRecoveryListener(new RecoveryListener() {
                @Override
                public void handleRecovery(Recoverable all) {
                    recovered.countDown();
                }

                @Override
                public void handleRecoveryStarted(Recoverable all) {
                }
            });

            server.kill();
            server.start();

            assertTrue(recovered.await(60, TimeUnit.SECONDS), "the client recovers");
            assertEquals("confirmed", Rabbit.text(Rabbit.get(mine, "kept").getBody()));
            mine.basicPublish("fleeting", "a.b", null, Rabbit.bytes("x"));
            Delivery one = came.poll(20, TimeUnit.SECONDS);
            assertEquals("x", Rabbit.text(one.getBody()));
        }
    }
}
