package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazon.sqs.javamessaging.AmazonSQSExtendedClient;
import com.amazon.sqs.javamessaging.ExtendedClientConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;

/** Bodies that are too large lie in a bucket; the queue carries a pointer and the handle says so. */
class ExtendedClientTest {
    private Bucket bucket;
    private S3Client s3;
    private SqsClient extended;

    @BeforeEach
    void open() throws Exception {
        bucket = new Bucket();
        s3 = bucket.client();
        extended = new AmazonSQSExtendedClient(SqsClient.builder().endpointOverride(Sqs.ENDPOINT).build(),
            new ExtendedClientConfiguration().withPayloadSupportEnabled(s3, "bucket"));
    }

    @AfterEach
    void close() {
        extended.close();
        s3.close();
        bucket.close();
    }

    @Test
    void aBodyOfThreeMebibytesTravelsThroughTheBucket() {
        String queue = Sqs.freshQueue();
        String body = "x🦊".repeat(600_000);

        extended.sendMessage(r -> r.queueUrl(queue).messageBody(body));
        assertEquals(1, bucket.objects.size());
        Message message = extended.receiveMessage(Sqs.everything(queue, 5)).messages().get(0);
        extended.deleteMessage(r -> r.queueUrl(queue).receiptHandle(message.receiptHandle()));

        assertEquals(body, message.body());
        assertTrue(bucket.objects.isEmpty());
        assertTrue(Sqs.receive(queue, 0).isEmpty());
    }

    @Test
    void aBatchOfLargeAndSmallBodiesTravelsInOneRequest() {
        String queue = Sqs.freshQueue();
        String large = "y".repeat(900_000);

        var sent = extended.sendMessageBatch(r -> r.queueUrl(queue).entries(
            e -> e.id("large").messageBody(large), e -> e.id("small").messageBody("small"), e -> e.id("other").messageBody(large)));
        var messages = extended.receiveMessage(Sqs.everything(queue, 5)).messages();
        messages.forEach(m -> extended.changeMessageVisibility(r -> r.queueUrl(queue).receiptHandle(m.receiptHandle()).visibilityTimeout(60)));
        var deleted = extended.deleteMessageBatch(r -> r.queueUrl(queue).entries(messages.stream().map(m ->
            software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry.builder().id(m.messageId()).receiptHandle(m.receiptHandle()).build()).toList()));

        assertEquals(3, sent.successful().size());
        assertEquals(java.util.List.of(5, 900_000, 900_000), messages.stream().map(m -> m.body().length()).sorted().toList());
        assertEquals(3, deleted.successful().size());
        assertTrue(bucket.objects.isEmpty());
    }
}
