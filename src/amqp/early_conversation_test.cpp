// What publishers and consumers are told of messages delivered while their commit is under way.
#include "amqp/conversation.hpp"

namespace rowmq::amqp {
namespace {

Settings settings_with(bool early) {
    Settings settings;
    settings.early_delivery = early;
    return settings;
}

class EarlyConversation : public Conversation {
protected:
    explicit EarlyConversation(bool early = true) : Conversation(settings_with(early)), client(io, port) {
        for (const Step& step : opening()) {
            client.say(step.says);
            EXPECT_EQ(hear(step.hears.size()), step.hears);
        }
        client.say(said(1, QueueDeclare{.queue = "q", .durable = true}) + said(1, ConfirmSelect{}) + said(2, ChannelOpen{}));
        hear(3);
        client.say(said(2, BasicConsume{.queue = "q", .consumer_tag = "c"}));
        hear(1);
    }
    /// At least so many methods, once they are there.
    std::vector<MethodId> hear(std::size_t count) {
        std::vector<MethodId> heard;
        EXPECT_TRUE(await([&] {
            for (const MethodId id : client.hear()) heard.push_back(id);
            return heard.size() >= count;
        }));
        return heard;
    }
    std::vector<MethodId> hear_nothing_more() {
        std::vector<MethodId> heard;
        for (int turns = 0; turns < 1'000; ++turns) {
            turn();
            for (const MethodId id : client.hear()) heard.push_back(id);
        }
        return heard;
    }
    using Methods = std::vector<MethodId>;

    Client client;
};

class LateConversation : public EarlyConversation {
protected:
    LateConversation() : EarlyConversation(false) {}
};

TEST_F(EarlyConversation, confirms_a_message_when_its_consumer_has_acknowledged_it) {
    doors->commits.shut();
    client.say(published(1, "", "q"));
    ASSERT_EQ(hear(1), Methods{BasicDeliver::id});
    ASSERT_EQ(hear_nothing_more(), Methods{});

    client.say(said(2, BasicAck{.delivery_tag = 1}));

    EXPECT_EQ(hear(1), Methods{BasicAck::id});
    doors->commits.open();
    EXPECT_EQ(hear_nothing_more(), Methods{});
    EXPECT_EQ(broker->queue("q")->counts.done, 1);
}

TEST_F(EarlyConversation, confirms_a_message_when_it_is_stored_where_that_comes_first) {
    doors->commits.shut();
    client.say(published(1, "", "q"));
    ASSERT_EQ(hear(1), Methods{BasicDeliver::id});

    doors->commits.open();

    EXPECT_EQ(hear(1), Methods{BasicAck::id});
    client.say(said(2, BasicAck{.delivery_tag = 1}));
    EXPECT_EQ(hear_nothing_more(), Methods{});
}

TEST_F(EarlyConversation, confirms_what_is_acknowledged_before_that_which_was_published_before_it) {
    doors->commits.shut();
    client.say(published(1, "", "q") + published(1, "", "q"));
    ASSERT_EQ(hear(2), (Methods{BasicDeliver::id, BasicDeliver::id}));

    client.say(said(2, BasicAck{.delivery_tag = 2}));
    EXPECT_EQ(hear(1), Methods{BasicAck::id});
    client.say(said(2, BasicAck{.delivery_tag = 1}));

    EXPECT_EQ(hear(1), Methods{BasicAck::id});
    doors->commits.open();
    EXPECT_EQ(hear_nothing_more(), Methods{});
}

TEST_F(EarlyConversation, ends_the_connection_and_refuses_nothing_when_a_delivered_message_cannot_be_stored) {
    doors->commits.shut();
    doors->full = 1;
    client.say(published(1, "", "q"));
    ASSERT_EQ(hear(1), Methods{BasicDeliver::id});

    doors->commits.open();

    EXPECT_EQ(hear(1), Methods{ConnectionClose::id});
    client.say(said(0, ConnectionCloseOk{}));
    EXPECT_EQ(broker->queue("q")->counts.sent, 0);
}

TEST_F(EarlyConversation, goes_on_when_a_message_cannot_be_stored_that_was_acknowledged_and_confirmed) {
    doors->commits.shut();
    doors->full = 1;
    client.say(published(1, "", "q"));
    ASSERT_EQ(hear(1), Methods{BasicDeliver::id});
    client.say(said(2, BasicAck{.delivery_tag = 1}));
    ASSERT_EQ(hear(1), Methods{BasicAck::id});

    doors->commits.open();

    EXPECT_EQ(hear_nothing_more(), Methods{});
    client.say(published(1, "", "q"));
    EXPECT_EQ(hear(2).size(), 2u);
    EXPECT_EQ(broker->queue("q")->counts.sent, 2);
}

TEST_F(EarlyConversation, refuses_what_was_not_delivered_and_cannot_be_stored) {
    client.say(said(2, BasicCancel{.consumer_tag = "c"}));
    hear(1);
    doors->full = 1;

    client.say(published(1, "", "q"));

    EXPECT_EQ(hear(1), Methods{BasicNack::id});
}

TEST_F(LateConversation, delivers_after_the_commit) {
    doors->commits.shut();
    client.say(published(1, "", "q"));
    ASSERT_EQ(hear_nothing_more(), Methods{});

    doors->commits.open();

    EXPECT_EQ(hear(2).size(), 2u);
}

}  // namespace
}  // namespace rowmq::amqp
