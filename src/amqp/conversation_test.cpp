// Whole conversations over a loopback socket, to their end and cut off after every step: what a client leaves behind is only
// what is durable.
#include "amqp/conversation.hpp"

namespace rowmq::amqp {
namespace {

using test::run_in;

/// Declares, publishes with confirms, consumes, gets, commits a transaction and closes.
std::vector<Step> everything() {
    auto steps = opening();
    const auto then = [&](std::string says, std::vector<MethodId> hears = {}) { steps.push_back({std::move(says), std::move(hears)}); };
    then(said(1, QueueDeclare{.queue = "durable", .durable = true}), {QueueDeclareOk::id});
    then(said(1, QueueDeclare{.queue = "mine", .exclusive = true}), {QueueDeclareOk::id});
    then(said(1, QueueDeclare{.queue = "fleeting", .auto_delete = true}), {QueueDeclareOk::id});
    then(said(1, ExchangeDeclare{.exchange = "x", .type = "topic", .auto_delete = true}), {ExchangeDeclareOk::id});
    then(said(1, QueueBind{.queue = "fleeting", .exchange = "x", .routing_key = "a.#"}), {QueueBindOk::id});
    then(said(1, ConfirmSelect{}), {ConfirmSelectOk::id});
    then(published(1, "", "durable"), {BasicAck::id});
    then(published(1, "x", "a.b"), {BasicAck::id});
    then(published(1, "x", "b", true), {BasicReturn::id, BasicAck::id});
    then(said(1, BasicGet{.queue = "durable"}), {BasicGetOk::id});
    then(said(1, BasicConsume{.queue = "fleeting", .consumer_tag = "c"}), {BasicConsumeOk::id, BasicDeliver::id});
    then(said(1, BasicConsume{.queue = "amq.rabbitmq.reply-to", .consumer_tag = "r", .no_ack = true}), {BasicConsumeOk::id});
    then(said(1, BasicAck{.delivery_tag = 2}));
    then(said(2, ChannelOpen{}), {ChannelOpenOk::id});
    then(said(2, TxSelect{}), {TxSelectOk::id});
    then(published(2, "", "mine"));
    then(said(2, TxCommit{}), {TxCommitOk::id});
    then(said(2, BasicGet{.queue = "mine", .no_ack = true}), {BasicGetOk::id});
    then(said(2, QueueDelete{.queue = "nobody's"}), {QueueDeleteOk::id});
    then(said(2, QueueDeclare{.queue = "nobody's", .passive = true}), {ChannelClose::id});
    then(said(2, ChannelCloseOk{}));
    then(said(0, ConnectionClose{}), {ConnectionCloseOk::id});
    return steps;
}

TEST_F(Conversation, is_cut_off_after_every_step_and_leaves_only_what_is_durable) {
    const std::vector<Step> steps = everything();
    for (std::size_t most = 1; most <= steps.size(); ++most) {
        SCOPED_TRACE("after " + std::to_string(most) + " steps");
        Client client(io, port);
        for (std::size_t i = 0; i < most; ++i) {
            std::vector<MethodId> heard;
            client.say(steps[i].says);
            const bool answered = await([&] {
                for (const MethodId id : client.hear()) heard.push_back(id);
                return heard.size() >= steps[i].hears.size();
            });
            ASSERT_TRUE(answered && heard == steps[i].hears) << "step " << i << ": " << heard.size() << " methods";
        }

        client.break_off();

        ASSERT_TRUE(await([&] { return protocol->counts().connections == 0; }));
        EXPECT_EQ(broker->health().sessions, 0u);
        EXPECT_FALSE(broker->queue("mine"));
        const bool consumed = most >= 15;  // then the last consumer of the queue has gone
        EXPECT_EQ(broker->queue("fleeting").has_value(), !consumed && most >= 7);
        EXPECT_EQ(broker->exchange("x").has_value(), !consumed && most >= 8);
        const auto durable = broker->queue("durable");
        EXPECT_EQ(durable ? durable->counts.leased : 0, 0);

        for (const char* queue : {"durable", "fleeting"}) {
            const DeleteConditions always;
            static_cast<void>(run_in(io, broker->delete_queue(queue, always)));
        }
        static_cast<void>(run_in(io, broker->delete_exchange("x")));
    }
}

TEST_F(Conversation, is_heard_to_its_end_when_all_of_it_comes_at_once) {
    Client client(io, port);
    auto steps = opening();
    steps.push_back({said(1, QueueDeclare{.queue = "q"}), {QueueDeclareOk::id}});
    std::string at_once = said(1, ConfirmSelect{}) + said(2, ChannelOpen{}) + said(2, BasicConsume{.queue = "q", .consumer_tag = "c"});
    for (int i = 0; i < 20; ++i) at_once += published(1, "", "q");
    // A refusal, with channel.close on its way already: both are answered.
    at_once += said(2, BasicAck{.delivery_tag = 9}) + published(1, "", "q") + said(2, ChannelClose{});
    steps.push_back(
        {at_once, {ConfirmSelectOk::id, ChannelOpenOk::id, BasicConsumeOk::id, ChannelClose::id, ChannelCloseOk::id, BasicAck::id}});
    steps.push_back({published(1, "", "q") + published(1, "", "q") + said(0, ConnectionClose{}), {ConnectionCloseOk::id}});
    for (const Step& step : steps) {
        client.say(step.says);
        std::vector<MethodId> heard;
        EXPECT_TRUE(await([&] {
            for (const MethodId id : client.hear()) heard.push_back(id);
            std::vector<MethodId> left = step.hears;
            for (const MethodId id : heard) std::erase(left, id);
            return left.empty();
        }));
    }

    EXPECT_TRUE(await([&] { return broker->queue("q")->counts.ready == 23; }));
}

TEST_F(Conversation, answers_who_deletes_a_queue_before_it_tells_its_consumers) {
    Client client(io, port);
    auto steps = opening();
    const HeaderTable abilities{{"consumer_cancel_notify", {.value = true, .tag = {}}}};
    steps[1].says = said(0, ConnectionStartOk{.client_properties = {{"capabilities", {.value = abilities, .tag = {}}}},
                                              .mechanism = "PLAIN",
                                              .response = std::string("\0guest\0guest", 12),
                                              .locale = "en_US"});
    for (const Step& step : steps) {
        client.say(step.says);
        ASSERT_TRUE(await([&] { return !client.hear().empty(); }));
    }
    client.say(said(1, QueueDeclare{.queue = "q", .durable = true, .no_wait = true}) +
               said(1, BasicConsume{.queue = "q", .consumer_tag = "c", .no_wait = true}) + said(1, QueueDelete{.queue = "q"}));

    std::vector<MethodId> heard;
    ASSERT_TRUE(await([&] {
        for (const MethodId id : client.hear()) heard.push_back(id);
        return heard.size() >= 2;
    }));
    EXPECT_EQ(heard, (std::vector<MethodId>{QueueDeleteOk::id, BasicCancel::id}));
}

TEST_F(Conversation, is_done_to_its_end_when_the_client_closes_or_goes) {
    for (const bool says_so : {true, false}) {
        SCOPED_TRACE(says_so);
        const std::string queue = says_so ? "q" : "r";
        Client client(io, port);
        for (const Step& step : opening()) {
            client.say(step.says);
            ASSERT_TRUE(await([&] { return !client.hear().empty(); }));
        }
        std::string all = said(1, QueueDeclare{.queue = queue, .durable = true, .no_wait = true});
        for (int i = 0; i < 100; ++i) all += published(1, "", queue);
        all += said(1, BasicConsume{.queue = queue, .consumer_tag = "c", .no_ack = true});

        client.say(all + (says_so ? said(0, ConnectionClose{}) : std::string()));
        if (!says_so) client.break_off();

        ASSERT_TRUE(await([&] {
            const auto declared = broker->queue(queue);
            return declared && declared->counts.ready == 100;
        }));
        client.break_off();
        EXPECT_TRUE(await([&] { return protocol->counts().connections == 0; }));
        EXPECT_EQ(broker->queue(queue)->counts.ready, 100) << "nothing is delivered to who has gone";
    }
}

TEST_F(Conversation, goes_on_after_a_message_in_a_transaction_that_is_larger_than_what_may_wait) {
    Client client(io, port);
    std::string large = said(1, BasicPublish{.exchange = "", .routing_key = "q"});
    append_content(large, 1, {}, std::string(Settings{}.inbox_bytes + 1, 'x'), 4'096);
    auto steps = opening();
    steps.push_back({said(1, QueueDeclare{.queue = "q"}), {QueueDeclareOk::id}});
    steps.push_back({said(1, TxSelect{}), {TxSelectOk::id}});
    for (std::size_t at = 0; at < large.size(); at += 50'000) steps.push_back({large.substr(at, 50'000)});
    steps.push_back({said(1, TxCommit{}), {TxCommitOk::id}});
    steps.push_back({said(1, QueueDelete{.queue = "q"}), {QueueDeleteOk::id}});
    for (const Step& step : steps) {
        client.say(step.says);
        turn();
        std::vector<MethodId> heard;
        ASSERT_TRUE(await([&] {
            for (const MethodId id : client.hear()) heard.push_back(id);
            return heard.size() >= step.hears.size();
        }));
        ASSERT_EQ(heard, step.hears);
    }
}

TEST_F(Conversation, refuses_a_transaction_of_too_many_messages_before_it_holds_them) {
    const std::size_t most = Settings{}.transaction_size;
    Client client(io, port);
    auto steps = opening();
    steps.push_back({said(1, TxSelect{}), {TxSelectOk::id}});
    std::string many;
    for (std::size_t i = 0; i < most; ++i) many += published(1, "", i % 2 ? "nowhere" : "amq.rabbitmq.reply-to.nobody");
    steps.push_back({many + said(1, TxCommit{}), {TxCommitOk::id}});
    steps.push_back({many + published(1, "", "nowhere"), {ConnectionClose::id}});
    for (const Step& step : steps) {
        std::vector<MethodId> heard;
        for (std::size_t at = 0; at < step.says.size(); at += 50'000) {
            client.say(step.says.substr(at, 50'000));
            turn();
        }
        ASSERT_TRUE(await([&] {
            for (const MethodId id : client.hear()) heard.push_back(id);
            return heard.size() >= step.hears.size();
        }));
        ASSERT_EQ(heard, step.hears);
    }
}

TEST_F(Conversation, delays_what_an_exchange_delays_also_in_a_transaction) {
    Client client(io, port);
    BasicProperties properties;
    properties.headers = HeaderTable{{"x-delay", {std::int64_t{60'000}, {}}}};
    std::string delayed = said(1, BasicPublish{.exchange = "later", .routing_key = "q"});
    append_content(delayed, 1, properties, "a", 4'096);
    auto steps = opening();
    ExchangeDeclare later{.exchange = "later", .type = "x-delayed-message", .arguments = {{"x-delayed-type", {std::string("direct"), {}}}}};
    steps.push_back({said(1, later), {ExchangeDeclareOk::id}});
    steps.push_back({said(1, QueueDeclare{.queue = "q"}), {QueueDeclareOk::id}});
    steps.push_back({said(1, QueueBind{.queue = "q", .exchange = "later", .routing_key = "q"}), {QueueBindOk::id}});
    steps.push_back({said(1, TxSelect{}), {TxSelectOk::id}});
    steps.push_back({delayed + said(1, TxCommit{}), {TxCommitOk::id}});
    for (const Step& step : steps) {
        client.say(step.says);
        std::vector<MethodId> heard;
        ASSERT_TRUE(await([&] {
            for (const MethodId id : client.hear()) heard.push_back(id);
            return heard.size() >= step.hears.size();
        }));
        ASSERT_EQ(heard, step.hears);
    }

    EXPECT_EQ(broker->queue("q")->counts.delayed, 1);
}

TEST_F(Conversation, does_not_reset_a_client_that_says_more_after_connection_close) {
    Client client(io, port);
    client.say(opening()[0].says);
    ASSERT_TRUE(await([&] { return !client.hear().empty(); }));
    std::string more;  // of others of its threads, and longer than what is read at once
    for (int i = 0; i < 20'000; ++i) append_heartbeat(more);
    client.say(opening()[1].says + opening()[2].says + said(0, ConnectionClose{}) + more);
    std::vector<MethodId> heard;
    ASSERT_TRUE(await([&] {
        for (const MethodId id : client.hear()) heard.push_back(id);
        return !heard.empty() && heard.back() == ConnectionCloseOk::id;
    }));

    boost::system::error_code end = asio::error::would_block;  // the client may end first, for a while
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (end == asio::error::would_block && std::chrono::steady_clock::now() < until) {
        turn();
        end = client.end();
    }
    EXPECT_EQ(end, asio::error::eof);
    client.break_off();
    EXPECT_TRUE(await([&] { return protocol->counts().connections == 0; }));
}

TEST_F(Conversation, is_ended_by_a_server_that_stops) {
    Client client(io, port);
    for (const Step& step : opening()) {
        client.say(step.says);
        std::vector<MethodId> heard;
        ASSERT_TRUE(await([&] {
            for (const MethodId id : client.hear()) heard.push_back(id);
            return heard == step.hears;
        }));
    }
    bool stopped = false;
    asio::co_spawn(io, protocol->stop(), [&](std::exception_ptr) { stopped = true; });
    std::vector<MethodId> heard;
    ASSERT_TRUE(await([&] {
        for (const MethodId id : client.hear()) heard.push_back(id);
        return !heard.empty();
    }));
    EXPECT_EQ(heard.front(), ConnectionClose::id);
    EXPECT_FALSE(stopped);

    client.say(said(0, ConnectionCloseOk{}));

    EXPECT_TRUE(await([&] { return stopped; }));
}

}  // namespace
}  // namespace rowmq::amqp
