// What open transactions of several channels and connections may hold together.
#include "amqp/conversation.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::size_t most = 90'000;

Settings few_bytes() {
    Settings settings;
    settings.transactions_bytes = most;
    settings.transaction_bytes = 59'000;
    return settings;
}

class Transactions : public Conversation {
protected:
    Transactions() : Conversation(few_bytes()) {}

    std::unique_ptr<Client> client() {
        auto one = std::make_unique<Client>(io, port);
        for (const Step& step : opening()) EXPECT_EQ(said_and_heard(*one, step.says, step.hears.size()), step.hears);
        one->say(said(1, QueueDeclare{.queue = "q", .durable = true}) + said(1, TxSelect{}));
        EXPECT_EQ(said_and_heard(*one, "", 2), (std::vector<MethodId>{QueueDeclareOk::id, TxSelectOk::id}));
        return one;
    }
    std::vector<MethodId> said_and_heard(Client& one, const std::string& says, std::size_t count) {
        std::vector<MethodId> heard;
        one.say(says);
        EXPECT_TRUE(await([&] {
            for (const MethodId id : one.hear()) heard.push_back(id);
            return heard.size() >= count;
        }));
        return heard;
    }
    static std::string many(std::size_t bytes) {
        std::string all;
        for (std::size_t i = 0; i < 10; ++i) {
            all += said(1, BasicPublish{.exchange = "", .routing_key = "q"});
            append_content(all, 1, {}, std::string(bytes / 10, 'x'), 4'096);
        }
        return all;
    }
    std::size_t held() { return protocol->service().transactions_bytes; }
    bool holds(std::size_t bytes) {
        return await([&] { return held() >= bytes; });
    }
    bool holds_nothing() {
        return await([&] { return held() == 0; });
    }
};

TEST_F(Transactions, of_one_connection_leave_room_for_those_of_others) {
    auto large = client(), larger = client(), small = client();
    large->say(many(50'000));
    ASSERT_TRUE(holds(50'000));

    EXPECT_EQ(said_and_heard(*larger, many(40'000), 1), (std::vector<MethodId>{ConnectionClose::id}));
    EXPECT_EQ(said_and_heard(*small, many(5'000) + said(1, TxCommit{}), 1), (std::vector<MethodId>{TxCommitOk::id}));
    EXPECT_EQ(said_and_heard(*large, said(1, TxCommit{}), 1), (std::vector<MethodId>{TxCommitOk::id}));

    EXPECT_TRUE(holds_nothing());
    EXPECT_EQ(broker->queue("q")->counts.ready, 20) << "what was refused is stored in no part";
}

TEST_F(Transactions, have_bodies_of_so_many_bytes_each) {
    auto one = client();
    EXPECT_EQ(said_and_heard(*one, many(58'000) + said(1, TxRollback{}), 1), (std::vector<MethodId>{TxRollbackOk::id}));
    EXPECT_EQ(said_and_heard(*one, many(59'010) + said(1, TxRollback{}), 1), (std::vector<MethodId>{ConnectionClose::id}));
    EXPECT_TRUE(holds_nothing());
}

TEST_F(Transactions, give_back_what_they_held_at_their_end_however_that_comes) {
    const std::vector<Step> ends{{said(1, TxCommit{}), {TxCommitOk::id}},
                                 {said(1, TxRollback{}), {TxRollbackOk::id}},
                                 {said(1, ChannelClose{}), {ChannelCloseOk::id}},
                                 {said(1, ExchangeDeclare{.exchange = "nobody's", .passive = true}), {ChannelClose::id}},
                                 {said(0, ConnectionClose{}), {ConnectionCloseOk::id}},
                                 {}};
    for (const Step& end : ends) {
        SCOPED_TRACE(&end - ends.data());
        auto one = client();
        one->say(many(20'000));
        ASSERT_TRUE(holds(20'000));

        if (end.says.empty()) one->break_off();
        else EXPECT_EQ(said_and_heard(*one, end.says, end.hears.size()), end.hears);

        EXPECT_TRUE(holds_nothing());
    }
}

TEST_F(Transactions, hold_acknowledgements_and_what_may_have_to_be_returned_as_well) {
    auto one = client();
    one->say(many(1'000) + said(1, TxCommit{}));
    said_and_heard(*one, "", 1);
    said_and_heard(*one, said(1, BasicConsume{.queue = "q", .consumer_tag = "c"}), 11);

    one->say(said(1, BasicAck{.delivery_tag = 0, .multiple = true}));
    EXPECT_TRUE(holds(10 * sizeof(Settlement)));
    said_and_heard(*one, said(1, TxRollback{}), 1);
    EXPECT_TRUE(holds_nothing());

    std::string mandatory = said(1, BasicPublish{.exchange = "", .routing_key = "q", .mandatory = true});
    append_content(mandatory, 1, {}, std::string(20'000, 'x'), 4'096);
    one->say(mandatory);
    EXPECT_TRUE(holds(40'000));
}

}  // namespace
}  // namespace rowmq::amqp
