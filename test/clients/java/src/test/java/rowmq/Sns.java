package rowmq;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** What every test of SNS needs: a client of it, topics nobody else uses, queues subscribed to them. */
final class Sns {
    static final SnsClient CLIENT = SnsClient.builder().endpointOverride(Sqs.ENDPOINT).build();
    static final String NOBODY = "arn:aws:sns:us-east-1:000000000000:nobody";

    private Sns() {}

    /** A queue that gets what is published to a topic. */
    record Subscriber(String queue, String arn, String subscription) {}

    /** The ARN of a new topic; attributes as name, value, name, value. */
    static String freshTopic(String... attributes) {
        Map<String, String> wanted = pairs(attributes);
        String name = Sqs.freshName() + (wanted.containsKey("FifoTopic") ? ".fifo" : "");
        return CLIENT.createTopic(r -> r.name(name).attributes(wanted)).topicArn();
    }

    static Subscriber freshSubscriber(String topic, String... attributes) {
        String queue = topic.endsWith(".fifo") ? Sqs.freshQueue("FifoQueue", "true") : Sqs.freshQueue();
        String arn = Sqs.attribute(queue, QueueAttributeName.QUEUE_ARN);
        String subscription = CLIENT.subscribe(r -> r.topicArn(topic).protocol("sqs").endpoint(arn).attributes(pairs(attributes)))
            .subscriptionArn();
        return new Subscriber(queue, arn, subscription);
    }

    static Subscriber rawSubscriber(String topic) {
        return freshSubscriber(topic, "RawMessageDelivery", "true");
    }

    static String publish(String topic, String message) {
        return CLIENT.publish(r -> r.topicArn(topic).message(message)).messageId();
    }

    /** Waits until there are {@code count} messages in the queue, and takes them away. */
    static List<Message> take(String queue, int count) {
        List<Message> taken = new ArrayList<>();
        while (taken.size() < count) {
            List<Message> some = Sqs.receive(queue, 5);
            if (some.isEmpty()) throw new AssertionError(taken.size() + " messages of " + count + " came");
            some.forEach(message -> Sqs.delete(queue, message));
            taken.addAll(some);
        }
        return taken;
    }

    static List<String> bodies(List<Message> messages) {
        return messages.stream().map(Message::body).toList();
    }

    /** The members of an envelope of SNS. */
    static Map<String, JsonNode> envelope(String json) {
        return JsonNode.parser().parse(json).asObject();
    }

    private static Map<String, String> pairs(String... attributes) {
        Map<String, String> wanted = new HashMap<>();
        for (int i = 0; i < attributes.length; i += 2) wanted.put(attributes[i], attributes[i + 1]);
        return wanted;
    }
}
