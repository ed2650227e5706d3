package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.core.Binding;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.CustomExchange;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.rabbit.config.RetryInterceptorBuilder;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.api.ChannelAwareBatchMessageListener;
import org.springframework.amqp.rabbit.retry.RejectAndDontRequeueRecoverer;

/** Spring AMQP: templates, the admin, listener containers. */
final class SpringTest {
    private static final CachingConnectionFactory CONNECTIONS = connections();
    private final RabbitTemplate template = new RabbitTemplate(CONNECTIONS);
    private final RabbitAdmin admin = new RabbitAdmin(CONNECTIONS);

    private static CachingConnectionFactory connections() {
        CachingConnectionFactory factory = new CachingConnectionFactory();
        factory.setUri(Rabbit.URL);
        factory.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.CORRELATED);
        factory.setPublisherReturns(true);
        return factory;
    }

    @AfterAll
    static void disconnect() {
        CONNECTIONS.destroy();
    }

    private Queue fresh() {
        Queue queue = QueueBuilder.durable(Sqs.freshName()).build();
        admin.declareQueue(queue);
        return queue;
    }

    private static CorrelationData.Confirm confirmed(CorrelationData sent) throws Exception {
        return sent.getFuture().get(20, TimeUnit.SECONDS);
    }

    @Test
    void aTemplateHearsConfirmsAndReturns() throws Exception {
        template.setMandatory(true);
        Queue queue = fresh();
        CorrelationData arrives = new CorrelationData("arrives"), lost = new CorrelationData("lost");

        template.convertAndSend("", queue.getName(), "body", arrives);
        template.convertAndSend("amq.direct", "nowhere", "body", lost);

        assertTrue(confirmed(arrives).isAck());
        assertNull(arrives.getReturned());
        assertTrue(confirmed(lost).isAck());
        assertEquals("NO_ROUTE", lost.getReturned().getReplyText());
        assertEquals("body", template.receiveAndConvert(queue.getName(), 20_000));
    }

    @Test
    void aTemplateAsksAndIsAnswered() {
        Queue queue = fresh();
        try (Listening listening = new Listening(queue)) {
            listening.container.setMessageListener(message ->
                template.send("", message.getMessageProperties().getReplyTo(), new Message((new String(message.getBody()) + "!").getBytes(),
                    message.getMessageProperties())));
            listening.container.start();
            for (int number = 0; number < 10; ++number)
                assertEquals(number + "!", new String(template.sendAndReceive("", queue.getName(), new Message(("" + number).getBytes())).getBody()));
        }
    }

    @Test
    void theAdminDeclaresAndTellsProperties() throws Exception {
        Queue queue = fresh();
        template.convertAndSend(queue.getName(), "x");
        template.convertAndSend(queue.getName(), "y");
        Sqs.until(() -> admin.getQueueInfo(queue.getName()).getMessageCount() == 2, "both are there"); // they took two channels
        var properties = admin.getQueueProperties(queue.getName());
        assertEquals(queue.getName(), properties.get(RabbitAdmin.QUEUE_NAME));
        assertEquals(2, properties.get(RabbitAdmin.QUEUE_MESSAGE_COUNT));
        assertEquals(0, properties.get(RabbitAdmin.QUEUE_CONSUMER_COUNT));
        assertEquals(2, admin.purgeQueue(queue.getName()));
        assertTrue(admin.deleteQueue(queue.getName()));
        assertNull(admin.getQueueProperties(queue.getName()));
    }

    @Test
    void aListenerTriesAgainAndThenItsMessageIsADeadLetter() throws Exception {
        Queue dead = fresh();
        Queue queue = QueueBuilder.durable(Sqs.freshName()).deadLetterExchange("").deadLetterRoutingKey(dead.getName()).build();
        admin.declareQueue(queue);
        AtomicInteger tries = new AtomicInteger();
        try (Listening listening = new Listening(queue)) {
            listening.container.setAdviceChain(RetryInterceptorBuilder.stateless().maxAttempts(3).backOffOptions(1, 1, 10)
                .recoverer(new RejectAndDontRequeueRecoverer()).build());
            listening.container.setMessageListener(message -> {
                tries.incrementAndGet();
                throw new IllegalStateException("no");
            });
            listening.container.start();
            template.convertAndSend(queue.getName(), "poison");
            Message letter = template.receive(dead.getName(), 20_000);
            assertNotNull(letter, () -> "after " + tries + " tries");
            assertEquals("poison", new String(letter.getBody()));
            assertEquals(3, tries.get());
            assertEquals("rejected", letter.getMessageProperties().getXDeathHeader().get(0).get("reason"));
        }
    }

    @Test
    void concurrentConsumersTakeEachMessageOnce() throws Exception {
        Queue queue = fresh();
        Map<String, Integer> seen = new ConcurrentHashMap<>();
        Set<String> threads = ConcurrentHashMap.newKeySet();
        try (Listening listening = new Listening(queue)) {
            listening.container.setConcurrentConsumers(3);
            listening.container.setPrefetchCount(5);
            listening.container.setMessageListener(message -> {
                threads.add(Thread.currentThread().getName());
                seen.merge(new String(message.getBody()), 1, Integer::sum);
            });
            listening.container.start();
            for (int number = 0; number < 300; ++number) template.convertAndSend(queue.getName(), "" + number);
            Sqs.until(() -> seen.size() == 300, "all came");
            Sqs.until(() -> (int) admin.getQueueProperties(queue.getName()).get(RabbitAdmin.QUEUE_MESSAGE_COUNT) == 0, "none is left");
        }
        assertTrue(seen.values().stream().allMatch(times -> times == 1), seen.toString());
        assertEquals(3, threads.size());
    }

    @Test
    void aListenerTakesBatches() throws Exception {
        Queue queue = fresh();
        for (int number = 0; number < 25; ++number) template.convertAndSend(queue.getName(), "" + number);
        BlockingQueue<Integer> sizes = new LinkedBlockingQueue<>();
        try (Listening listening = new Listening(queue)) {
            listening.container.setBatchSize(10);
            listening.container.setPrefetchCount(50);
            listening.container.setConsumerBatchEnabled(true);
            listening.container.setReceiveTimeout(200);
            listening.container.setMessageListener((ChannelAwareBatchMessageListener) (messages, channel) -> sizes.add(messages.size()));
            listening.container.start();
            List<Integer> all = new ArrayList<>();
            while (all.stream().mapToInt(Integer::intValue).sum() < 25) all.add(Rabbit.next(sizes));
            assertEquals(10, all.get(0), all.toString());
        }
    }

    @Test
    void aDelayedExchangeDelays() {
        Queue queue = fresh();
        CustomExchange delayed = new CustomExchange(Sqs.freshName(), "x-delayed-message", true, false, Map.of("x-delayed-type", "direct"));
        admin.declareExchange(delayed);
        Binding binding = BindingBuilder.bind(queue).to(delayed).with("k").noargs();
        admin.declareBinding(binding);
        long began = System.nanoTime();
        template.convertAndSend(delayed.getName(), "k", "later", message -> {
            message.getMessageProperties().setDelayLong(1_000L);
            return message;
        });
        Message came = template.receive(queue.getName(), 20_000);
        assertEquals("later", new String(came.getBody()));
        assertFalse(System.nanoTime() - began < 900_000_000L, "too early");
    }

    @Test
    void aListenerComesBackAfterTheServerWasKilled() throws Exception {
        try (Server server = new Server()) {
            CachingConnectionFactory own = new CachingConnectionFactory();
            own.setUri(server.url());
            RabbitAdmin ownAdmin = new RabbitAdmin(own);
            Queue queue = QueueBuilder.durable("lasting").build();
            ownAdmin.declareQueue(queue);
            BlockingQueue<String> came = new LinkedBlockingQueue<>();
            DirectMessageListenerContainer container = new DirectMessageListenerContainer(own);
            container.setQueues(queue);
            container.setRecoveryInterval(100);
            container.setMessageListener(message -> came.add(new String(message.getBody())));
            container.start();
            new RabbitTemplate(own).convertAndSend("lasting", "before");
            assertEquals("before", Rabbit.next(came));

            server.kill();
            server.start();

            Sqs.until(() -> (int) ownAdmin.getQueueProperties("lasting").get(RabbitAdmin.QUEUE_CONSUMER_COUNT) == 1, "it consumes again");
            new RabbitTemplate(own).convertAndSend("lasting", "after");
            String last = Rabbit.next(came);
            while (last.equals("before")) last = Rabbit.next(came); // not acknowledged before the kill
            assertEquals("after", last);
            container.stop();
            own.destroy();
        }
    }

    private static final class Listening implements AutoCloseable {
        final SimpleMessageListenerContainer container = new SimpleMessageListenerContainer(CONNECTIONS);

        Listening(Queue queue) {
            container.setQueues(queue);
        }

        @Override
        public void close() {
            container.stop();
        }
    }
}
