package rowmq;

import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;

/** What every test needs: where the server is, a client of it, queues nobody else uses. */
final class Sqs {
    static final URI ENDPOINT = URI.create(System.getenv("ROWMQ_SQS_URL"));
    static final SqsClient CLIENT = SqsClient.builder().endpointOverride(ENDPOINT).build();
    private static final AtomicInteger MADE = new AtomicInteger();

    private Sqs() {}

    static String freshName() {
        return "java-" + ProcessHandle.current().pid() + "-" + MADE.incrementAndGet();
    }

    /** The URL of a new queue; attributes as name, value, name, value. */
    static String freshQueue(String... attributes) {
        Map<QueueAttributeName, String> wanted = new HashMap<>();
        for (int i = 0; i < attributes.length; i += 2) {
            wanted.put(QueueAttributeName.fromValue(attributes[i]), attributes[i + 1]);
        }
        String name = freshName() + (wanted.containsKey(QueueAttributeName.FIFO_QUEUE) ? ".fifo" : "");
        return CLIENT.createQueue(r -> r.queueName(name).attributes(wanted)).queueUrl();
    }

    static String attribute(String queue, QueueAttributeName name) {
        return CLIENT.getQueueAttributes(r -> r.queueUrl(queue).attributeNames(name)).attributes().get(name);
    }

    static void send(String queue, String body) {
        CLIENT.sendMessage(r -> r.queueUrl(queue).messageBody(body));
    }

    static List<Message> receive(String queue, int waitSeconds) {
        return CLIENT.receiveMessage(everything(queue, waitSeconds)).messages();
    }

    static ReceiveMessageRequest everything(String queue, int waitSeconds) {
        return ReceiveMessageRequest.builder().queueUrl(queue).maxNumberOfMessages(10).waitTimeSeconds(waitSeconds)
            .messageAttributeNames("All").messageSystemAttributeNames(MessageSystemAttributeName.ALL).build();
    }

    static void delete(String queue, Message message) {
        CLIENT.deleteMessage(r -> r.queueUrl(queue).receiptHandle(message.receiptHandle()));
    }

    static void until(BooleanSupplier condition, String what) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) throw new AssertionError("waited 20 s: " + what);
            Thread.sleep(20);
        }
    }
}
