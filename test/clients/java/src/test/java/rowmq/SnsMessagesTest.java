package rowmq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static rowmq.Sns.CLIENT;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.services.sns.model.BatchEntryIdsNotDistinctException;
import software.amazon.awssdk.services.sns.model.BatchRequestTooLongException;
import software.amazon.awssdk.services.sns.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sns.model.EmptyBatchRequestException;
import software.amazon.awssdk.services.sns.model.InvalidBatchEntryIdException;
import software.amazon.awssdk.services.sns.model.InvalidParameterException;
import software.amazon.awssdk.services.sns.model.MessageAttributeValue;
import software.amazon.awssdk.services.sns.model.PublishBatchRequestEntry;
import software.amazon.awssdk.services.sns.model.PublishBatchResponse;
import software.amazon.awssdk.services.sns.model.PublishBatchResultEntry;
import software.amazon.awssdk.services.sns.model.PublishResponse;
import software.amazon.awssdk.services.sns.model.Subscription;
import software.amazon.awssdk.services.sns.model.TooManyEntriesInBatchRequestException;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

class SnsMessagesTest {
    private static MessageAttributeValue text(String type, String value) {
        return MessageAttributeValue.builder().dataType(type).stringValue(value).build();
    }

    private static PublishBatchRequestEntry entry(String id, String message) {
        return PublishBatchRequestEntry.builder().id(id).message(message).build();
    }

    private static PublishBatchResponse batch(String topic, List<PublishBatchRequestEntry> entries) {
        return CLIENT.publishBatch(r -> r.topicArn(topic).publishBatchRequestEntries(entries));
    }

    @Test
    void aMessageComesInAnEnvelopeAndRawWithAttributesOfEveryType() {
        String topic = Sns.freshTopic();
        Sns.Subscriber wrapped = Sns.freshSubscriber(topic), plain = Sns.rawSubscriber(topic);
        String message = "Grüße 世界 🦊 \t\r\n <&>\"'";
        byte[] bytes = new byte[256];
        for (int i = 0; i < 256; ++i) bytes[i] = (byte) i;

        String id = CLIENT.publish(r -> r.topicArn(topic).message(message).subject("a subject").messageAttributes(Map.of(
            "text", text("String", "naïve 🐘"), "number", text("Number", "-12.50"), "list", text("String.Array", "[\"a\",1,true,null]"),
            "bytes", MessageAttributeValue.builder().dataType("Binary").binaryValue(SdkBytes.fromByteArray(bytes)).build()))).messageId();
        Map<String, JsonNode> envelope = Sns.envelope(Sns.take(wrapped.queue(), 1).get(0).body());
        Message bare = Sns.take(plain.queue(), 1).get(0);

        Map.of("Type", "Notification", "Message", message, "Subject", "a subject", "MessageId", id, "TopicArn", topic, "SignatureVersion", "1")
            .forEach((name, value) -> assertEquals(value, envelope.get(name).asString(), name));
        assertTrue(envelope.get("UnsubscribeURL").asString().endsWith(wrapped.subscription()));
        assertTrue(Duration.between(Instant.parse(envelope.get("Timestamp").asString()), Instant.now()).abs().toSeconds() < 60);
        Map<String, JsonNode> attributes = envelope.get("MessageAttributes").asObject();
        Map.of("text", List.of("String", "naïve 🐘"), "number", List.of("Number", "-12.50"),
            "list", List.of("String.Array", "[\"a\",1,true,null]"), "bytes", List.of("Binary", Base64.getEncoder().encodeToString(bytes)))
            .forEach((name, wanted) -> assertEquals(wanted, List.of(attributes.get(name).asObject().get("Type").asString(),
                attributes.get(name).asObject().get("Value").asString())));
        assertEquals(message, bare.body());
        assertEquals("naïve 🐘", bare.messageAttributes().get("text").stringValue());
        assertEquals("-12.50", bare.messageAttributes().get("number").stringValue());
        assertEquals("String.Array", bare.messageAttributes().get("list").dataType());
        assertArrayEquals(bytes, bare.messageAttributes().get("bytes").binaryValue().asByteArray());
    }

    @Test
    void aMessageOfItsOwnForEveryProtocol() {
        String topic = Sns.freshTopic();
        Sns.Subscriber one = Sns.rawSubscriber(topic);

        CLIENT.publish(r -> r.targetArn(topic).messageStructure("json").message("{\"default\":\"for others\",\"sqs\":\"for queues\"}"));

        assertEquals("for queues", Sns.take(one.queue(), 1).get(0).body());
    }

    @Test
    void filterPoliciesLookAtTheAttributesOrIntoTheBody() {
        String topic = Sns.freshTopic();
        Sns.Subscriber byAttributes = Sns.freshSubscriber(topic, "RawMessageDelivery", "true",
            "FilterPolicy", "{\"store\":[{\"prefix\":\"ex\"}],\"price\":[{\"numeric\":[\">\",100,\"<=\",200]}]}");
        Sns.Subscriber byBody = Sns.freshSubscriber(topic, "RawMessageDelivery", "true", "FilterPolicyScope", "MessageBody",
            "FilterPolicy", "{\"item\":{\"sku\":[{\"anything-but\":[\"x\"]}]}}");
        Sns.Subscriber all = Sns.rawSubscriber(topic);

        for (List<String> offer : List.of(List.of("dear", "example", "201"), List.of("good", "example", "150"), List.of("else", "other", "150"))) {
            CLIENT.publish(r -> r.topicArn(topic).message(offer.get(0)).messageAttributes(
                Map.of("store", text("String", offer.get(1)), "price", text("Number", offer.get(2)))));
        }
        Sns.publish(topic, "{\"item\":{\"sku\":\"x\"}}");
        Sns.publish(topic, "{\"item\":{\"sku\":\"y\"}}");

        assertEquals(5, Sns.take(all.queue(), 5).size());  // in the same commits as the others
        assertEquals(List.of("good"), Sns.bodies(Sqs.receive(byAttributes.queue(), 0)));
        assertEquals(List.of("{\"item\":{\"sku\":\"y\"}}"), Sns.bodies(Sqs.receive(byBody.queue(), 0)));
    }

    @Test
    void aBatchNamesWhatFailedAndPublishesTheRest() {
        String topic = Sns.freshTopic();
        Sns.Subscriber one = Sns.rawSubscriber(topic);
        List<PublishBatchRequestEntry> eleven = IntStream.range(0, 11).mapToObj(i -> entry("e" + i, "x")).toList();

        PublishBatchResponse partly = batch(topic, List.of(entry("a", "1"), entry("bad", "2").toBuilder().subject("\n").build(), entry("c", "3")));
        BatchResultErrorEntry failed = partly.failed().get(0);

        assertEquals(List.of("a", "c"), partly.successful().stream().map(PublishBatchResultEntry::id).toList());
        assertEquals(List.of("bad", "InvalidParameter", true), List.of(failed.id(), failed.code(), failed.senderFault()));
        assertEquals(1, partly.failed().size());
        assertEquals(new HashSet<>(List.of("1", "3")), new HashSet<>(Sns.bodies(Sns.take(one.queue(), 2))));
        assertThrows(EmptyBatchRequestException.class, () -> batch(topic, List.of()));
        assertThrows(TooManyEntriesInBatchRequestException.class, () -> batch(topic, eleven));
        assertThrows(BatchEntryIdsNotDistinctException.class, () -> batch(topic, List.of(entry("a", "x"), entry("a", "x"))));
        assertThrows(InvalidBatchEntryIdException.class, () -> batch(topic, List.of(entry("a b", "x"))));
        assertThrows(BatchRequestTooLongException.class,
            () -> batch(topic, List.of(entry("a", "x".repeat(200_000)), entry("b", "x".repeat(200_000)))));
    }

    @Test
    void aFifoTopicKeepsTheOrderOfAGroupAndPublishesNothingTwice() {
        String topic = Sns.freshTopic("FifoTopic", "true");
        Sns.Subscriber one = Sns.freshSubscriber(topic);

        List<PublishResponse> sent = new ArrayList<>();
        for (String message : List.of("0", "0", "1", "2", "2")) {
            sent.add(CLIENT.publish(r -> r.topicArn(topic).message(message).messageGroupId("g").messageDeduplicationId(message)));
        }
        List<Message> taken = Sns.take(one.queue(), 3);
        List<String> sequences = sent.stream().map(PublishResponse::sequenceNumber).toList();

        assertEquals(sequences.stream().sorted().toList(), sequences);
        assertEquals(3, sequences.stream().distinct().count());
        assertEquals(sequences.get(0), sequences.get(1));
        assertEquals(List.of("0", "1", "2"), taken.stream().map(m -> Sns.envelope(m.body()).get("Message").asString()).toList());
        assertEquals(sequences.get(0), Sns.envelope(taken.get(0).body()).get("SequenceNumber").asString());
        assertEquals("g", taken.get(0).attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID));
        assertEquals("0", taken.get(0).attributes().get(MessageSystemAttributeName.MESSAGE_DEDUPLICATION_ID));
        assertTrue(Sqs.receive(one.queue(), 0).isEmpty());
        assertThrows(InvalidParameterException.class, () -> CLIENT.publish(r -> r.topicArn(topic).message("x").messageDeduplicationId("x")));
        assertThrows(InvalidParameterException.class, () -> CLIENT.publish(r -> r.topicArn(topic).message("x").messageGroupId("g")));
    }

    @Test
    void anHttpEndpointConfirmsByVisitingALinkAndIsNotified() throws Exception {
        String topic = Sns.freshTopic();
        try (Endpoint endpoint = new Endpoint()) {
            String pending = CLIENT.subscribe(r -> r.topicArn(topic).protocol("http").endpoint(endpoint.url)).subscriptionArn();
            Endpoint.Came confirmation = endpoint.next();
            String id = Sns.publish(topic, "grüße 🦊");
            Endpoint.Came notification = endpoint.next();
            Map<String, JsonNode> envelope = Sns.envelope(notification.body());
            List<Subscription> confirmed = CLIENT.listSubscriptionsByTopic(r -> r.topicArn(topic)).subscriptions();
            int ended = Endpoint.visit(envelope.get("UnsubscribeURL").asString());

            assertEquals("pending confirmation", pending);
            assertEquals("SubscriptionConfirmation", confirmation.headers().getFirst("x-amz-sns-message-type"));
            assertEquals(endpoint.url, confirmed.get(0).endpoint());
            Map.of("message-type", "Notification", "message-id", id, "topic-arn", topic, "subscription-arn", confirmed.get(0).subscriptionArn())
                .forEach((name, value) -> assertEquals(value, notification.headers().getFirst("x-amz-sns-" + name), name));
            assertEquals("grüße 🦊", envelope.get("Message").asString());
            assertEquals(id, envelope.get("MessageId").asString());
            assertEquals(200, ended);
            assertFalse(CLIENT.listSubscriptionsByTopic(r -> r.topicArn(topic)).subscriptions().iterator().hasNext());
        }
    }

    @Test
    void whoHasUnsubscribedGetsNothingMore() {
        String topic = Sns.freshTopic();
        Sns.Subscriber stays = Sns.rawSubscriber(topic), goes = Sns.rawSubscriber(topic);

        CLIENT.unsubscribe(r -> r.subscriptionArn(goes.subscription()));
        Sns.publish(topic, "m");

        assertEquals("m", Sns.take(stays.queue(), 1).get(0).body());
        assertTrue(Sqs.receive(goes.queue(), 0).isEmpty());
    }
}
