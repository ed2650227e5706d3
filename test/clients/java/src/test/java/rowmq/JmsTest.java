package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.amazon.sqs.javamessaging.ProviderConfiguration;
import com.amazon.sqs.javamessaging.SQSConnection;
import com.amazon.sqs.javamessaging.SQSConnectionFactory;
import com.amazon.sqs.javamessaging.SQSSession;
import jakarta.jms.BytesMessage;
import jakarta.jms.InvalidDestinationException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.ObjectMessage;
import jakarta.jms.Queue;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsClient;

/** amazon-sqs-java-messaging-lib: JMS programs whose queues are SQS queues. */
class JmsTest {
    private SQSConnection connection;

    @BeforeEach
    void open() throws Exception {
        connection = new SQSConnectionFactory(new ProviderConfiguration().withNumberOfMessagesToPrefetch(5),
            SqsClient.builder().endpointOverride(Sqs.ENDPOINT)).createConnection();
        connection.start();
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
    }

    private static String nameOf(String url) {
        return url.substring(url.lastIndexOf('/') + 1);
    }

    @Test
    void textBytesAndObjectsComeBackWithTheirProperties() throws Exception {
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        Queue queue = session.createQueue(nameOf(Sqs.freshQueue()));
        TextMessage text = session.createTextMessage("Grüße 🦊");
        text.setStringProperty("kind", "order");
        text.setIntProperty("count", 7);
        text.setDoubleProperty("price", 1.25);
        text.setBooleanProperty("paid", true);
        text.setJMSCorrelationID("c-1");
        text.setJMSReplyTo(queue);
        BytesMessage bytes = session.createBytesMessage();
        bytes.writeBytes(new byte[] {0, 1, (byte) 255});
        ObjectMessage object = session.createObjectMessage(new ArrayList<>(List.of("a", 1)));

        MessageConsumer consumer = session.createConsumer(queue);
        for (Message message : List.of(text, bytes, object)) session.createProducer(queue).send(message);
        List<Message> received = new ArrayList<>();
        while (received.size() < 3) received.add(consumer.receive(10_000));

        TextMessage gotText = (TextMessage) received.stream().filter(TextMessage.class::isInstance).findFirst().orElseThrow();
        BytesMessage gotBytes = (BytesMessage) received.stream().filter(BytesMessage.class::isInstance).findFirst().orElseThrow();
        ObjectMessage gotObject = (ObjectMessage) received.stream().filter(ObjectMessage.class::isInstance).findFirst().orElseThrow();
        assertEquals("Grüße 🦊", gotText.getText());
        assertEquals("order", gotText.getStringProperty("kind"));
        assertEquals(7, gotText.getIntProperty("count"));
        assertEquals(1.25, gotText.getDoubleProperty("price"));
        assertEquals(true, gotText.getBooleanProperty("paid"));
        assertEquals("c-1", gotText.getJMSCorrelationID());
        assertEquals(text.getJMSMessageID(), gotText.getJMSMessageID());
        assertEquals(3, gotBytes.getBodyLength());
        assertEquals(List.of("a", 1), gotObject.getObject());
    }

    @Test
    void clientAcknowledgeSettlesWhatCameBefore() throws Exception {
        String url = Sqs.freshQueue("VisibilityTimeout", "2");
        for (int i = 0; i < 3; ++i) Sqs.send(url, "m" + i);
        Session session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(session.createQueue(nameOf(url)));

        Message last = null;
        for (int i = 0; i < 3; ++i) {
            last = consumer.receive(10_000);
            assertNotNull(last);
        }
        last.acknowledge();

        assertNull(consumer.receive(3_000));
    }

    @Test
    void unorderedAcknowledgeSettlesOnlyItsOwn() throws Exception {
        String url = Sqs.freshQueue("VisibilityTimeout", "2");
        Sqs.send(url, "kept");
        Session session = connection.createSession(false, SQSSession.UNORDERED_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(session.createQueue(nameOf(url)));

        Message first = consumer.receive(10_000);
        Message again = consumer.receive(10_000);
        again.acknowledge();

        assertFalse(first.getJMSRedelivered());
        assertEquals(2, again.getIntProperty("JMSXDeliveryCount"));
        assertNull(consumer.receive(3_000));
    }

    @Test
    void recoverAndAFailingListenerBringMessagesBack() throws Exception {
        String url = Sqs.freshQueue();
        Sqs.send(url, "again");
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        List<Integer> counts = Collections.synchronizedList(new ArrayList<>());

        session.createConsumer(session.createQueue(nameOf(url))).setMessageListener(message -> {
            try {
                counts.add(message.getIntProperty("JMSXDeliveryCount"));
            } catch (jakarta.jms.JMSException error) {
                throw new IllegalStateException(error);
            }
            if (counts.size() == 1) throw new IllegalStateException("no luck");
        });
        Sqs.until(() -> counts.size() == 2, "the message a second time");
        session.close();

        assertEquals(List.of(1, 2), counts);
    }

    @Test
    void aFifoQueueKeepsTheOrderOfItsGroups() throws Exception {
        String url = Sqs.freshQueue("FifoQueue", "true", "ContentBasedDeduplication", "true");
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        Queue queue = session.createQueue(nameOf(url));
        for (int i = 0; i < 12; ++i) {
            TextMessage message = session.createTextMessage("m" + i);
            message.setStringProperty("JMSXGroupID", "g" + i % 2);
            session.createProducer(queue).send(message);
        }

        MessageConsumer consumer = session.createConsumer(queue);
        List<List<String>> groups = List.of(new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < 12; ++i) {
            TextMessage message = (TextMessage) consumer.receive(10_000);
            groups.get(message.getStringProperty("JMSXGroupID").equals("g0") ? 0 : 1).add(message.getText());
        }

        assertEquals(List.of("m0", "m2", "m4", "m6", "m8", "m10"), groups.get(0));
        assertEquals(List.of("m1", "m3", "m5", "m7", "m9", "m11"), groups.get(1));
    }

    @Test
    void aQueueThatIsNotThereIsAnInvalidDestination() throws Exception {
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        assertThrows(InvalidDestinationException.class, () -> session.createQueue("never-made"));
        assertFalse(connection.getWrappedAmazonSQSClient().queueExists("never-made"));
    }
}
