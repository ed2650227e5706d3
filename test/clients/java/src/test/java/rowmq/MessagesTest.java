package rowmq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static rowmq.Sqs.CLIENT;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.batchmanager.SqsAsyncBatchManager;
import software.amazon.awssdk.services.sqs.model.*;

class MessagesTest {
    private static final int MEBIBYTE = 1024 * 1024;

    private static SqsAsyncClient async() {
        return SqsAsyncClient.builder().endpointOverride(Sqs.ENDPOINT).build();
    }

    @Test
    void aMessageComesBackAsItWasSentItsDigestsChecked() {
        String queue = Sqs.freshQueue();
        byte[] bytes = new byte[256];
        for (int i = 0; i < 256; ++i) bytes[i] = (byte) i;
        String body = "Grüße 世界 🦊 \t\r\n <&>";

        SendMessageResponse sent = CLIENT.sendMessage(r -> r.queueUrl(queue).messageBody(body)
            .messageAttributes(Map.of(
                "text", MessageAttributeValue.builder().dataType("String.note").stringValue("naïve 🐘").build(),
                "number", MessageAttributeValue.builder().dataType("Number").stringValue("-12.50").build(),
                "bytes", MessageAttributeValue.builder().dataType("Binary").binaryValue(SdkBytes.fromByteArray(bytes)).build()))
            .messageSystemAttributes(Map.of(MessageSystemAttributeNameForSends.AWS_TRACE_HEADER,
                MessageSystemAttributeValue.builder().dataType("String").stringValue("Root=1-5e3d83c1-e6a0db584850d61342823d4c").build())));
        Message message = Sqs.receive(queue, 0).get(0);

        assertEquals(body, message.body());
        assertEquals(sent.messageId(), message.messageId());
        assertEquals("naïve 🐘", message.messageAttributes().get("text").stringValue());
        assertEquals("String.note", message.messageAttributes().get("text").dataType());
        assertEquals("-12.50", message.messageAttributes().get("number").stringValue());
        assertArrayEquals(bytes, message.messageAttributes().get("bytes").binaryValue().asByteArray());
        assertEquals(sent.md5OfMessageAttributes(), message.md5OfMessageAttributes());
        assertEquals("1", message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
    }

    @Test
    void aMebibyteIsTheLimitAndForbiddenCharactersAreRefused() {
        String queue = Sqs.freshQueue();

        Sqs.send(queue, "x".repeat(MEBIBYTE));
        SqsException tooLong = assertThrows(SqsException.class, () -> Sqs.send(queue, "x".repeat(MEBIBYTE + 1)));

        assertEquals("InvalidParameterValue", tooLong.awsErrorDetails().errorCode());
        assertEquals(MEBIBYTE, Sqs.receive(queue, 0).get(0).body().length());
        for (String body : List.of("\u0000", "a\u000b", "\u001f", "\ufffe")) {
            assertThrows(InvalidMessageContentsException.class, () -> Sqs.send(queue, body));
        }
    }

    @Test
    void batchesNameWhatFailed() {
        String queue = Sqs.freshQueue();
        SendMessageBatchRequestEntry good = SendMessageBatchRequestEntry.builder().id("good").messageBody("x").build();
        SendMessageBatchRequestEntry bad = SendMessageBatchRequestEntry.builder().id("bad").messageBody("\u0001").build();

        SendMessageBatchResponse sent = CLIENT.sendMessageBatch(r -> r.queueUrl(queue).entries(good, bad));
        String handle = Sqs.receive(queue, 0).get(0).receiptHandle();
        ChangeMessageVisibilityBatchResponse changed = CLIENT.changeMessageVisibilityBatch(r -> r.queueUrl(queue).entries(
            e -> e.id("a").receiptHandle(handle).visibilityTimeout(60), e -> e.id("b").receiptHandle("nonsense").visibilityTimeout(60)));
        DeleteMessageBatchResponse deleted = CLIENT.deleteMessageBatch(r -> r.queueUrl(queue).entries(
            e -> e.id("a").receiptHandle(handle), e -> e.id("b").receiptHandle("nonsense")));

        assertEquals("InvalidMessageContents", sent.failed().get(0).code());
        assertEquals("good", sent.successful().get(0).id());
        assertEquals("ReceiptHandleIsInvalid", changed.failed().get(0).code());
        assertEquals("ReceiptHandleIsInvalid", deleted.failed().get(0).code());
        assertEquals("a", deleted.successful().get(0).id());
        assertThrows(ReceiptHandleIsInvalidException.class, () -> CLIENT.deleteMessage(r -> r.queueUrl(queue).receiptHandle("nonsense")));
        assertThrows(EmptyBatchRequestException.class, () -> CLIENT.sendMessageBatch(r -> r.queueUrl(queue).entries(List.of())));
        assertThrows(BatchEntryIdsNotDistinctException.class, () -> CLIENT.sendMessageBatch(r -> r.queueUrl(queue).entries(good, good)));
        assertThrows(InvalidBatchEntryIdException.class,
            () -> CLIENT.sendMessageBatch(r -> r.queueUrl(queue).entries(good.toBuilder().id("a b").build())));
        assertThrows(TooManyEntriesInBatchRequestException.class, () -> CLIENT.sendMessageBatch(r -> r.queueUrl(queue).entries(
            java.util.stream.IntStream.range(0, 11).mapToObj(i -> good.toBuilder().id("e" + i).build()).toList())));
        assertThrows(BatchRequestTooLongException.class, () -> CLIENT.sendMessageBatch(r -> r.queueUrl(queue).entries(
            List.of("a", "b").stream().map(id -> good.toBuilder().id(id).messageBody("x".repeat(600_000)).build()).toList())));
    }

    @Test
    void visibilityEndsIsExtendedAndGivenUp() {
        String queue = Sqs.freshQueue("VisibilityTimeout", "1");
        Sqs.send(queue, "x");

        Message first = Sqs.receive(queue, 0).get(0);
        CLIENT.changeMessageVisibility(r -> r.queueUrl(queue).receiptHandle(first.receiptHandle()).visibilityTimeout(30));
        List<Message> none = Sqs.receive(queue, 2);
        CLIENT.changeMessageVisibility(r -> r.queueUrl(queue).receiptHandle(first.receiptHandle()).visibilityTimeout(0));
        Message second = Sqs.receive(queue, 5).get(0);
        Message third = Sqs.receive(queue, 5).get(0);

        assertTrue(none.isEmpty());
        assertEquals("2", second.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
        assertEquals("3", third.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
    }

    @Test
    void theAsyncClientWaitsAndWakesUp() throws Exception {
        String queue = Sqs.freshQueue();
        try (SqsAsyncClient client = async()) {
            CompletableFuture<ReceiveMessageResponse> waiting = client.receiveMessage(Sqs.everything(queue, 20));
            Thread.sleep(500);
            long began = System.nanoTime();
            client.sendMessage(r -> r.queueUrl(queue).messageBody("wake up").delaySeconds(0)).get(10, TimeUnit.SECONDS);

            assertEquals("wake up", waiting.get(10, TimeUnit.SECONDS).messages().get(0).body());
            assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(2));
        }
    }

    @Test
    void theBatchManagerOfTheSdkSendsReceivesAndDeletes() throws Exception {
        String queue = Sqs.freshQueue();
        try (SqsAsyncClient client = async(); SqsAsyncBatchManager batches = client.batchManager()) {
            List<CompletableFuture<SendMessageResponse>> sent = java.util.stream.IntStream.range(0, 25)
                .mapToObj(i -> batches.sendMessage(r -> r.queueUrl(queue).messageBody("m" + i))).toList();
            for (CompletableFuture<SendMessageResponse> one : sent) one.get(10, TimeUnit.SECONDS);

            int received = 0;
            for (int tries = 0; received < 25 && tries < 50; ++tries) {
                for (Message message : batches.receiveMessage(r -> r.queueUrl(queue)).get(30, TimeUnit.SECONDS).messages()) {
                    ++received;
                    batches.deleteMessage(r -> r.queueUrl(queue).receiptHandle(message.receiptHandle())).get(10, TimeUnit.SECONDS);
                }
            }
            assertEquals(25, received);
        }
    }
}
