#pragma once
// What the conversation tests stand on: SNS and SQS over a broker with the memory engine, under a clock that moves when told
// to. A request goes in as HTTP, its answer comes out; there is no socket but those of endpoints.

#include <gtest/gtest.h>

#include "aws/notification.hpp"
#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "sns/protocol.hpp"
#include "storage/memory/engine.hpp"
#include "test/support/run.hpp"

namespace rowmq::sns::test {

using namespace std::chrono_literals;

struct Reply {
    unsigned status = 0;
    std::string body;

    /// The text of the first element of that name.
    std::string element(const std::string& name) const {
        const auto from = body.find('<' + name + '>'), to = body.find("</" + name + '>');
        if (from == std::string::npos || to == std::string::npos) return {};
        return body.substr(from + name.size() + 2, to - from - name.size() - 2);
    }
    std::string code() const { return element("Code"); }
    /// The value of an attribute in a map.
    std::string attribute(const std::string& name) const {
        const auto key = body.find("<key>" + name + "</key><value>");
        if (key == std::string::npos) return {};
        const auto from = key + name.size() + 18;
        return body.substr(from, body.find("</value>", from) - from);
    }
    std::size_t count(std::string_view what) const {
        std::size_t n = 0;
        for (auto at = body.find(what); at != std::string::npos; at = body.find(what, at + 1)) ++n;
        return n;
    }
};

/// `text` as a value of a form.
inline std::string form(std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            out += c;
            continue;
        }
        out += '%';
        out += hex[static_cast<unsigned char>(c) >> 4u];
        out += hex[static_cast<unsigned char>(c) & 15u];
    }
    return out;
}

class Conversation : public testing::Test {
protected:
    Conversation() { start(); }
    ~Conversation() override { stop(); }

    void start() {
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = clock;
        parts.random = std::make_shared<SeededRandom>(1);
        parts.engine = storage::memory::make_engine(io.get_executor(), content);
        broker = rowmq::test::run_in(io, make_broker(std::move(parts))).value();
        notifications = std::make_unique<aws::Notifications>(*broker, place, nullptr);
        protocol = std::make_unique<Protocol>(*broker, *clock, random, place, *notifications, nullptr);
        rowmq::test::run_in(io, protocol->start());
    }
    void stop() {
        protocol->close();
        settle_down();
        rowmq::test::run_in(io, broker->close());
        protocol.reset();
        notifications.reset();
        broker.reset();
        settle_down();
    }
    void settle_down() {
        io.restart();
        while (io.poll() > 0) {}
    }

    Reply call(std::string action, const std::vector<std::pair<std::string, std::string>>& parameters = {}) {
        net::Request request;
        request.method = "POST";
        request.target = "/";
        request.fields.add("Host", "localhost:9324");
        request.body = "Version=2010-03-31&Action=" + action;
        for (const auto& [name, value] : parameters) request.body += '&' + name + '=' + form(value);
        EXPECT_TRUE(Protocol::is_for(request));
        const net::Response response = rowmq::test::run_in(io, protocol->handle(std::move(request)));
        return {.status = response.status, .body = response.body};
    }
    std::string create(const std::string& name, std::vector<std::pair<std::string, std::string>> more = {}) {
        more.insert(more.begin(), {"Name", name});
        if (name.ends_with(".fifo"))
            more.insert(more.end(), {{"Attributes.entry.9.key", "FifoTopic"}, {"Attributes.entry.9.value", "true"}});
        const Reply reply = call("CreateTopic", more);
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return reply.element("TopicArn");
    }
    void queue(const std::string& name, QueueOptions options = {}) {
        if (name.ends_with(".fifo")) {
            options.kind = QueueKind::fifo;
            options.deduplication.enabled = true;
        }
        ASSERT_TRUE(rowmq::test::run_in(io, broker->declare_queue(name, std::move(options))));
    }
    static std::string queue_arn(const std::string& name) { return "arn:aws:sqs:us-east-1:000000000000:" + name; }
    std::string subscribe(const std::string& topic, const std::string& name,
                          std::vector<std::pair<std::string, std::string>> attributes = {}) {
        std::vector<std::pair<std::string, std::string>> parameters{
            {"TopicArn", topic}, {"Protocol", "sqs"}, {"Endpoint", queue_arn(name)}};
        int n = 0;
        for (const auto& [key, value] : attributes) {
            const std::string entry = "Attributes.entry." + std::to_string(++n);
            parameters.emplace_back(entry + ".key", key);
            parameters.emplace_back(entry + ".value", value);
        }
        const Reply reply = call("Subscribe", parameters);
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return reply.element("SubscriptionArn");
    }
    /// What waits in a queue, as it is received without SNS's envelope.
    std::vector<Delivery> hear(const std::string& name) {
        Session session = broker->open_session().value();
        auto got = rowmq::test::run_in(io, session.receive(name, {.max = 10, .max_bytes = 0, .wait = 0ms, .lease = {}})).value();
        for (const Delivery& d : got) EXPECT_TRUE(rowmq::test::run_in(io, session.settle(d.lease)));
        return got;
    }

    boost::asio::io_context io;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::shared_ptr<storage::memory::Content> content = std::make_shared<storage::memory::Content>();
    SeededRandom random{2};
    aws::Place place;
    std::unique_ptr<Broker> broker;
    std::unique_ptr<aws::Notifications> notifications;
    std::unique_ptr<Protocol> protocol;
};

}  // namespace rowmq::sns::test
