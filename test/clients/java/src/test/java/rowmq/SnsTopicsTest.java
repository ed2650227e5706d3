package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static rowmq.Sns.CLIENT;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sns.model.CreateTopicResponse;
import software.amazon.awssdk.services.sns.model.InvalidParameterException;
import software.amazon.awssdk.services.sns.model.InvalidParameterValueException;
import software.amazon.awssdk.services.sns.model.ListSubscriptionsByTopicResponse;
import software.amazon.awssdk.services.sns.model.MessageAttributeValue;
import software.amazon.awssdk.services.sns.model.NotFoundException;
import software.amazon.awssdk.services.sns.model.PublishRequest;
import software.amazon.awssdk.services.sns.model.ResourceNotFoundException;
import software.amazon.awssdk.services.sns.model.SubscribeRequest;
import software.amazon.awssdk.services.sns.model.Subscription;
import software.amazon.awssdk.services.sns.model.Tag;
import software.amazon.awssdk.services.sns.model.TagLimitExceededException;
import software.amazon.awssdk.services.sns.model.Topic;

class SnsTopicsTest {
    private static CreateTopicResponse create(String name, String shown) {
        return CLIENT.createTopic(r -> r.name(name).attributes(Map.of("DisplayName", shown)));
    }

    private static Map<String, String> attributes(String topic) {
        return CLIENT.getTopicAttributes(r -> r.topicArn(topic)).attributes();
    }

    @Test
    void aTopicIsCreatedOnceAndGoneWhenItIsDeleted() {
        String name = Sqs.freshName();

        String topic = create(name, "Grüße 🦊").topicArn();
        String again = create(name, "Grüße 🦊").topicArn();
        Map<String, String> shown = attributes(topic);

        assertEquals("arn:aws:sns:us-east-1:000000000000:" + name, topic);
        assertEquals(topic, again);
        assertEquals("Grüße 🦊", shown.get("DisplayName"));
        assertEquals("0", shown.get("SubscriptionsConfirmed"));
        assertThrows(InvalidParameterException.class, () -> create(name, "other"));
        CLIENT.deleteTopic(r -> r.topicArn(topic));
        CLIENT.deleteTopic(r -> r.topicArn(topic));  // as on AWS: no error
        assertThrows(NotFoundException.class, () -> attributes(topic));
    }

    @Test
    void attributesOfTopicsAndSubscriptionsAreSetAndRead() {
        String topic = Sns.freshTopic();
        Sns.Subscriber one = Sns.freshSubscriber(topic);

        CLIENT.setTopicAttributes(r -> r.topicArn(topic).attributeName("DisplayName").attributeValue("shown"));
        CLIENT.setSubscriptionAttributes(r -> r.subscriptionArn(one.subscription()).attributeName("FilterPolicy")
            .attributeValue("{\"kind\":[\"red\"]}"));
        Map<String, String> found = CLIENT.getSubscriptionAttributes(r -> r.subscriptionArn(one.subscription())).attributes();

        assertEquals("shown", attributes(topic).get("DisplayName"));
        assertEquals("1", attributes(topic).get("SubscriptionsConfirmed"));
        Map.of("Endpoint", one.arn(), "Protocol", "sqs", "TopicArn", topic, "FilterPolicy", "{\"kind\":[\"red\"]}",
            "FilterPolicyScope", "MessageAttributes", "RawMessageDelivery", "false", "PendingConfirmation", "false")
            .forEach((name, value) -> assertEquals(value, found.get(name), name));
        assertThrows(InvalidParameterException.class,
            () -> CLIENT.setTopicAttributes(r -> r.topicArn(topic).attributeName("Colour").attributeValue("red")));
    }

    @Test
    void topicsAndSubscriptionsAreListedPageByPage() {
        String topic = Sns.freshTopic();
        List<String> made = IntStream.range(0, 105).mapToObj(i -> Sns.freshTopic()).toList();
        List<String> subscribed = IntStream.range(0, 105).mapToObj(i -> Sns.freshSubscriber(topic).subscription()).toList();

        List<String> topics = CLIENT.listTopicsPaginator().topics().stream().map(Topic::topicArn).toList();
        List<String> everywhere = CLIENT.listSubscriptionsPaginator().subscriptions().stream().map(Subscription::subscriptionArn).toList();
        List<ListSubscriptionsByTopicResponse> pages = CLIENT.listSubscriptionsByTopicPaginator(r -> r.topicArn(topic)).stream().toList();

        assertEquals(new HashSet<>(topics).size(), topics.size());
        assertTrue(topics.containsAll(made) && everywhere.containsAll(subscribed));
        assertEquals(List.of(100, 5), pages.stream().map(page -> page.subscriptions().size()).toList());
        assertEquals(new HashSet<>(subscribed), pages.stream().flatMap(page -> page.subscriptions().stream())
            .map(Subscription::subscriptionArn).collect(Collectors.toSet()));
    }

    @Test
    void tagsAreAddedListedAndTakenAway() {
        String topic = Sns.freshTopic();
        Tag team = Tag.builder().key("team").value("ü🦊").build(), stage = Tag.builder().key("stage").value("").build();
        List<Tag> many = IntStream.range(0, 51).mapToObj(i -> Tag.builder().key("k" + i).value("v").build()).toList();

        CLIENT.tagResource(r -> r.resourceArn(topic).tags(team, stage));
        List<Tag> both = CLIENT.listTagsForResource(r -> r.resourceArn(topic)).tags();
        CLIENT.untagResource(r -> r.resourceArn(topic).tagKeys("stage", "never"));

        assertEquals(new HashSet<>(List.of(team, stage)), new HashSet<>(both));
        assertEquals(List.of(team), CLIENT.listTagsForResource(r -> r.resourceArn(topic)).tags());
        assertThrows(TagLimitExceededException.class, () -> CLIENT.tagResource(r -> r.resourceArn(topic).tags(many)));
        assertThrows(ResourceNotFoundException.class, () -> CLIENT.listTagsForResource(r -> r.resourceArn(Sns.NOBODY)));
    }

    @Test
    void errorsAreTheSdksOwnExceptions() {
        String topic = Sns.freshTopic();
        Sns.Subscriber one = Sns.freshSubscriber(topic);

        NotFoundException missing = assertThrows(NotFoundException.class, () -> Sns.publish(Sns.NOBODY, "m"));
        assertEquals(404, missing.statusCode());
        assertEquals("NotFound", missing.awsErrorDetails().errorCode());
        assertEquals("Topic does not exist", missing.awsErrorDetails().errorMessage());
        assertEquals("Sns", missing.awsErrorDetails().serviceName());
        assertTrue(missing.requestId() != null && !missing.requestId().isEmpty());
        InvalidParameterException wrong = assertThrows(InvalidParameterException.class, () -> Sns.publish("nonsense", "m"));
        assertEquals(400, wrong.statusCode());
        assertEquals("InvalidParameter", wrong.awsErrorDetails().errorCode());

        assertThrows(NotFoundException.class, () -> subscribe(topic, one, r -> r.topicArn(Sns.NOBODY)));
        assertThrows(NotFoundException.class, () -> CLIENT.getSubscriptionAttributes(
            r -> r.subscriptionArn(topic + ":01234567-89ab-cdef-0123-456789abcdef")));
        for (Consumer<PublishRequest.Builder> refused : List.<Consumer<PublishRequest.Builder>>of(r -> r.message(""),
                r -> r.message("x".repeat(256 * 1024 + 1)), r -> r.messageStructure("json"), r -> r.subject("\n"))) {
            assertThrows(InvalidParameterException.class, () -> CLIENT.publish(r -> refused.accept(r.topicArn(topic).message("m"))));
        }
        for (String type : List.of("Number", "Colour")) {
            MessageAttributeValue value = MessageAttributeValue.builder().dataType(type).stringValue("many").build();
            assertEquals("ParameterValueInvalid", assertThrows(InvalidParameterValueException.class,
                () -> CLIENT.publish(r -> r.topicArn(topic).message("m").messageAttributes(Map.of("n", value)))).awsErrorDetails().errorCode());
        }
        for (Consumer<SubscribeRequest.Builder> refused : List.<Consumer<SubscribeRequest.Builder>>of(r -> r.endpoint(one.arn() + "-none"),
                r -> r.protocol("pigeon"), r -> r.attributes(Map.of("FilterPolicy", "{\"a\":\"x\"}")))) {
            assertThrows(InvalidParameterException.class, () -> subscribe(topic, one, refused));
        }
        assertThrows(InvalidParameterException.class, () -> create("a b", ""));
        assertThrows(InvalidParameterException.class, () -> CLIENT.confirmSubscription(r -> r.topicArn(topic).token("nonsense")));
    }

    private static void subscribe(String topic, Sns.Subscriber one, Consumer<SubscribeRequest.Builder> change) {
        CLIENT.subscribe(r -> change.accept(r.topicArn(topic).protocol("sqs").endpoint(one.arn())));
    }
}
