// Clients that do not read, beside one that has come to read.
#include "amqp/crowd.hpp"

#include "amqp/conversation.hpp"

namespace rowmq::amqp {
namespace {

using std::chrono::milliseconds;

TEST(Reader, reads_once_it_has_taken_all_it_was_told) {
    Reader reader;
    EXPECT_FALSE(reader.reads());
    reader.took_all();
    EXPECT_FALSE(reader.reads()) << "it was told nothing";

    reader.told();
    EXPECT_FALSE(reader.reads());
    reader.took_all();
    EXPECT_TRUE(reader.reads());
}

TEST(Reader, is_idle_since_it_was_first_seen_to_have_taken_as_much) {
    Reader reader;
    const Reader::Time start{};
    EXPECT_EQ(reader.idle_since(0, start), start);
    EXPECT_EQ(reader.idle_since(0, start + milliseconds(5)), start);
    EXPECT_EQ(reader.idle_since(1, start + milliseconds(7)), start + milliseconds(7));
    EXPECT_EQ(reader.idle_since(1, start + milliseconds(9)), start + milliseconds(7));
}

constexpr std::size_t body_bytes = 128 * 1024, messages = 160;  // more than the sockets between them hold

Settings settings_with(milliseconds stalled_time, milliseconds unread_time = std::chrono::hours(1)) {
    Settings settings;
    settings.unread_time = unread_time;
    settings.unsent_of_all_bytes = 16 * 1024;
    settings.unsent_bytes = 1024 * 1024;
    settings.stalled_time = stalled_time;
    return settings;
}

class CrowdConversation : public Conversation {
protected:
    explicit CrowdConversation(Settings settings = settings_with(milliseconds(1))) : Conversation(std::move(settings)), sleeper(io, port) {
        open(sleeper);
        consume(sleeper, "much");
        for (std::size_t number = 0; number < messages; ++number) publish("much", std::string(body_bytes, 'x'));
        for (int turns = 0; turns < 10'000; ++turns) turn();
    }
    void open(Client& client) {
        for (const Step& step : opening()) {
            client.say(step.says);
            EXPECT_EQ(hear(client, step.hears.size()), step.hears);
        }
    }
    void consume(Client& client, const std::string& queue) {
        client.say(said(1, QueueDeclare{.queue = queue, .durable = true}) + said(1, BasicConsume{.queue = queue, .consumer_tag = "c"}));
        EXPECT_EQ(hear(client, 2).size(), 2u);
    }
    void publish(std::string queue, std::string body) {
        Publish one;
        one.routing_key = std::move(queue);
        one.message = Message(std::move(body));
        Session session = broker->open_session().value();
        ASSERT_TRUE(rowmq::test::run_in(io, session.publish(std::move(one))));
    }
    /// At least so many methods, as soon as they are there; fewer, when `most` has passed.
    std::vector<MethodId> hear(Client& client, std::size_t count, milliseconds most = std::chrono::seconds(20)) {
        std::vector<MethodId> heard;
        const auto end = std::chrono::steady_clock::now() + most;
        while (heard.size() < count && std::chrono::steady_clock::now() < end) {
            turn();
            for (const MethodId id : client.hear()) heard.push_back(id);
        }
        return heard;
    }
    using Methods = std::vector<MethodId>;

    Client sleeper;
};

class PatientCrowd : public CrowdConversation {
protected:
    PatientCrowd() : CrowdConversation(settings_with(std::chrono::hours(1))) {}
};

class LoneSleeper : public CrowdConversation {
protected:
    LoneSleeper() : CrowdConversation(settings_with(std::chrono::hours(1), milliseconds(200))) {}
};

TEST_F(CrowdConversation, cuts_who_reads_nothing_for_who_has_come) {
    ASSERT_EQ(protocol->service().connections.size(), 1u);
    Client reader(io, port);
    open(reader);
    consume(reader, "little");

    publish("little", "body");

    EXPECT_EQ(hear(reader, 1), Methods{BasicDeliver::id});
    EXPECT_TRUE(await([&] { return protocol->service().connections.size() == 1; }));
    EXPECT_EQ(broker->queue("much")->counts.ready, static_cast<std::int64_t>(messages)) << "what it had been given came back";
}

TEST_F(LoneSleeper, is_cut_though_nobody_waits_for_it) {
    Client idle(io, port);  // has nothing to take
    open(idle);
    EXPECT_TRUE(hear(idle, 1, milliseconds(1'000)).empty());

    EXPECT_EQ(protocol->service().connections.size(), 1u);
    EXPECT_EQ(broker->queue("much")->counts.ready, static_cast<std::int64_t>(messages));
}

TEST_F(PatientCrowd, lets_who_has_come_wait_until_the_others_read) {
    Client reader(io, port);
    open(reader);
    consume(reader, "little");
    publish("little", "body");
    EXPECT_EQ(hear(reader, 1, milliseconds(300)), Methods{});

    EXPECT_EQ(hear(sleeper, messages).size(), messages);

    EXPECT_EQ(hear(reader, 1), Methods{BasicDeliver::id});
    EXPECT_EQ(protocol->service().connections.size(), 2u);
}

}  // namespace
}  // namespace rowmq::amqp
