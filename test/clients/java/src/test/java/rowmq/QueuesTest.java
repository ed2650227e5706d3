package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static rowmq.Sqs.CLIENT;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeNameException;
import software.amazon.awssdk.services.sqs.model.InvalidAttributeValueException;
import software.amazon.awssdk.services.sqs.model.PurgeQueueInProgressException;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.QueueNameExistsException;

class QueuesTest {
    @Test
    void aQueueIsCreatedOnceAndFoundByName() {
        String name = Sqs.freshName();
        Map<QueueAttributeName, String> seven = Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "7");

        String first = CLIENT.createQueue(r -> r.queueName(name).attributes(seven)).queueUrl();
        String again = CLIENT.createQueue(r -> r.queueName(name).attributes(seven)).queueUrl();

        assertEquals(first, again);
        assertEquals(first, CLIENT.getQueueUrl(r -> r.queueName(name)).queueUrl());
        assertThrows(QueueNameExistsException.class, () -> CLIENT.createQueue(r -> r.queueName(name).attributes(
            Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "8"))));
    }

    @Test
    void aQueueThatIsNotThereIsItsOwnException() {
        String queue = Sqs.freshQueue();
        CLIENT.deleteQueue(r -> r.queueUrl(queue));

        QueueDoesNotExistException byName = assertThrows(QueueDoesNotExistException.class,
            () -> CLIENT.getQueueUrl(r -> r.queueName("never-made")));
        assertEquals("AWS.SimpleQueueService.NonExistentQueue", byName.awsErrorDetails().errorCode());
        assertThrows(QueueDoesNotExistException.class, () -> Sqs.send(queue, "x"));
        assertThrows(QueueDoesNotExistException.class, () -> Sqs.receive(queue, 0));
        assertThrows(QueueDoesNotExistException.class, () -> CLIENT.deleteQueue(r -> r.queueUrl(queue)));
    }

    @Test
    void attributesAreSetReadAndRefused() {
        String queue = Sqs.freshQueue();

        CLIENT.setQueueAttributes(r -> r.queueUrl(queue).attributes(Map.of(QueueAttributeName.DELAY_SECONDS, "9")));

        assertEquals("9", Sqs.attribute(queue, QueueAttributeName.DELAY_SECONDS));
        assertThrows(InvalidAttributeNameException.class,
            () -> CLIENT.setQueueAttributes(r -> r.queueUrl(queue).attributesWithStrings(Map.of("Colour", "red"))));
        assertThrows(InvalidAttributeValueException.class,
            () -> CLIENT.setQueueAttributes(r -> r.queueUrl(queue).attributes(Map.of(QueueAttributeName.DELAY_SECONDS, "901"))));
    }

    @Test
    void allQueuesAreListedPageByPage() {
        String prefix = Sqs.freshName() + "-";
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 12; ++i) {
            String name = prefix + i;
            made.add(CLIENT.createQueue(r -> r.queueName(name)).queueUrl());
        }

        List<String> found = CLIENT.listQueuesPaginator(r -> r.queueNamePrefix(prefix).maxResults(5)).queueUrls().stream().sorted().toList();

        assertEquals(made.stream().sorted().toList(), found);
    }

    @Test
    void tagsPurgesAndPermissions() {
        String queue = Sqs.freshQueue();
        Sqs.send(queue, "x");

        CLIENT.tagQueue(r -> r.queueUrl(queue).tags(Map.of("a", "ü🦊", "b", "2")));
        CLIENT.untagQueue(r -> r.queueUrl(queue).tagKeys("b"));
        CLIENT.purgeQueue(r -> r.queueUrl(queue));

        assertEquals(Map.of("a", "ü🦊"), CLIENT.listQueueTags(r -> r.queueUrl(queue)).tags());
        assertTrue(Sqs.receive(queue, 0).isEmpty());
        assertThrows(PurgeQueueInProgressException.class, () -> CLIENT.purgeQueue(r -> r.queueUrl(queue)));
        CLIENT.addPermission(r -> r.queueUrl(queue).label("l").awsAccountIds("123456789012").actions("SendMessage"));
        assertTrue(Sqs.attribute(queue, QueueAttributeName.POLICY).contains("SendMessage"));
        CLIENT.removePermission(r -> r.queueUrl(queue).label("l"));
    }

    @Test
    void anyCredentialsAreAccepted() {
        try (SqsClient other = SqsClient.builder().endpointOverride(Sqs.ENDPOINT).region(Region.SA_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIAOTHER", "wrong"))).build()) {
            assertTrue(other.listQueues().sdkHttpResponse().isSuccessful());
        }
    }
}
