package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static rowmq.Sqs.CLIENT;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sqs.model.SendMessageResponse;
import software.amazon.awssdk.services.sqs.model.SqsException;

class FifoTest {
    private static final int GROUPS = 4, EACH = 25, CONSUMERS = 4;

    @Test
    void severalConsumersSeeEveryGroupInOrderAndNothingTwice() throws Exception {
        String queue = Sqs.freshQueue("FifoQueue", "true", "ContentBasedDeduplication", "true");
        for (int i = 0; i < EACH; ++i) {
            for (int group = 0; group < GROUPS; ++group) {
                String id = "g" + group, body = group + " " + i;
                CLIENT.sendMessage(r -> r.queueUrl(queue).messageGroupId(id).messageBody(body));
            }
        }

        Map<String, List<String>> seen = new ConcurrentHashMap<>();
        ExecutorService consumers = Executors.newFixedThreadPool(CONSUMERS);
        for (int i = 0; i < CONSUMERS; ++i) {
            consumers.submit(() -> {
                for (List<Message> batch; !(batch = Sqs.receive(queue, 2)).isEmpty(); ) {
                    for (Message message : batch) {
                        seen.computeIfAbsent(message.attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID), group -> new ArrayList<>())
                            .add(message.body());
                        Sqs.delete(queue, message);
                    }
                }
            });
        }
        consumers.shutdown();
        assertTrue(consumers.awaitTermination(60, TimeUnit.SECONDS));

        for (int group = 0; group < GROUPS; ++group) {
            int number = group;
            assertEquals(IntStream.range(0, EACH).mapToObj(i -> number + " " + i).toList(), seen.get("g" + group));
        }
    }

    @Test
    void aRepeatedSendIsTheSameMessage() {
        String queue = Sqs.freshQueue("FifoQueue", "true");

        SendMessageResponse first = CLIENT.sendMessage(r -> r.queueUrl(queue).messageBody("x").messageGroupId("g").messageDeduplicationId("d"));
        SendMessageResponse again = CLIENT.sendMessage(r -> r.queueUrl(queue).messageBody("y").messageGroupId("g").messageDeduplicationId("d"));

        assertEquals(first.messageId(), again.messageId());
        assertEquals(first.sequenceNumber(), again.sequenceNumber());
        assertEquals(1, Sqs.receive(queue, 0).size());
        assertThrows(SqsException.class, () -> CLIENT.sendMessage(r -> r.queueUrl(queue).messageBody("x").messageDeduplicationId("d")));
    }

    @Test
    void deadLettersGoAndComeBack() {
        String dead = Sqs.freshQueue();
        String arn = Sqs.attribute(dead, QueueAttributeName.QUEUE_ARN);
        String queue = Sqs.freshQueue("VisibilityTimeout", "0",
            "RedrivePolicy", "{\"deadLetterTargetArn\": \"" + arn + "\", \"maxReceiveCount\": 1}");
        Sqs.send(queue, "poison");

        Sqs.receive(queue, 0);
        assertTrue(Sqs.receive(queue, 1).isEmpty());
        assertEquals("1", Sqs.attribute(dead, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES));
        assertEquals(List.of(queue), CLIENT.listDeadLetterSourceQueuesPaginator(r -> r.queueUrl(dead)).queueUrls().stream().toList());
        assertThrows(ResourceNotFoundException.class, () -> CLIENT.startMessageMoveTask(r -> r.sourceArn(arn + "-never-made")));
        assertThrows(SqsException.class, () -> CLIENT.cancelMessageMoveTask(r -> r.taskHandle("bm9uc2Vuc2U=")));
        CLIENT.startMessageMoveTask(r -> r.sourceArn(arn));

        assertEquals("poison", Sqs.receive(queue, 10).get(0).body());
        assertEquals(1, CLIENT.listMessageMoveTasks(r -> r.sourceArn(arn)).results().size());
    }
}
