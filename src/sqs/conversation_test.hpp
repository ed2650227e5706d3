#pragma once
// What the conversation tests stand on: the plug over a broker with the memory engine, under a clock that moves when told
// to. A request goes in as HTTP, its answer comes out; there is no socket.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "broker/slow_store.hpp"
#include "sqs/protocol.hpp"
#include "storage/memory/engine.hpp"
#include "test/support/run.hpp"

namespace rowmq::sqs::test {

using namespace std::chrono_literals;
namespace json = boost::json;

/// A client that a test can make hang up.
class FakePeer final : public net::Peer {
public:
    std::string address() const override { return "192.0.2.1"; }
    bool gone() const noexcept override { return gone_; }
    void on_end(std::function<void()> then) override {
        if (gone_) return then();
        then_ = std::move(then);
    }
    void hang_up() {
        gone_ = true;
        if (then_) std::exchange(then_, nullptr)();
    }
    bool watched() const { return static_cast<bool>(then_); }

private:
    bool gone_ = false;
    std::function<void()> then_;
};

struct Reply {
    unsigned status = 0;
    std::string body, query_error;
    json::value value;  ///< of a JSON reply

    std::string at(std::string_view key) const { return std::string(value.at(key).as_string()); }
    bool has(std::string_view key) const { return value.as_object().contains(key); }
    /// "QueueDoesNotExist" of a JSON error.
    std::string fault() const {
        const std::string type = at("__type");
        return type.substr(type.find('#') + 1);
    }
    /// The text of the first element of that name, in an XML reply.
    std::string element(const std::string& name) const {
        const auto from = body.find('<' + name + '>'), to = body.find("</" + name + '>');
        if (from == std::string::npos || to == std::string::npos) return {};
        return body.substr(from + name.size() + 2, to - from - name.size() - 2);
    }
};

class Conversation : public testing::Test {
protected:
    Conversation() { start(); }
    ~Conversation() override { stop(); }
    static Limits limits() { return {}; }

    void start() {
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = clock;
        parts.random = std::make_shared<SeededRandom>(1);
        parts.engine = std::make_unique<rowmq::test::SlowStore>(storage::memory::make_engine(io.get_executor(), content), doors);
        parts.limits = limits();
        broker = rowmq::test::run_in(io, make_broker(std::move(parts))).value();
        protocol = std::make_unique<Protocol>(*broker, *clock, random);
    }
    void stop() {
        doors->commits.open();
        doors->pages.open();
        protocol->close();
        settle_down();
        rowmq::test::run_in(io, broker->close());
        protocol.reset();
        broker.reset();
        settle_down();
    }
    void restart() {
        stop();
        start();
    }

    void settle_down() {
        io.restart();
        while (io.poll() > 0) {}
    }
    void advance(milliseconds by) {
        settle_down();
        clock->advance(by);
        settle_down();
    }

    static Reply reply_of(const net::Response& response) {
        Reply reply{.status = response.status, .body = response.body};
        for (const auto& [name, value] : response.fields)
            if (name == "x-amzn-query-error") reply.query_error = value;
        if (response.content_type == "application/x-amz-json-1.0") reply.value = json::parse(response.body);
        return reply;
    }
    static net::Request json_request(std::string_view action, const json::object& body) {
        net::Request request;
        request.method = "POST";
        request.target = "/";
        request.fields.add("Host", "localhost:9324");
        request.fields.add("Content-Type", "application/x-amz-json-1.0");
        request.fields.add("X-Amz-Target", "AmazonSQS." + std::string(action));
        request.body = json::serialize(body);
        return request;
    }
    Reply send(net::Request request) { return reply_of(rowmq::test::run_in(io, protocol->handle(std::move(request)))); }
    Reply call(std::string_view action, const json::object& body) { return send(json_request(action, body)); }
    Reply query(std::string form, std::string target = "/") {
        net::Request request;
        request.method = "POST";
        request.target = std::move(target);
        request.fields.add("Host", "localhost:9324");
        request.fields.add("Content-Type", "application/x-www-form-urlencoded");
        request.body = std::move(form);
        return send(std::move(request));
    }

    /// A request whose answer comes later.
    struct Waiting {
        FakePeer peer;
        std::optional<net::Response> response;
    };
    std::shared_ptr<Waiting> begin(std::string_view action, const json::object& body) {
        auto waiting = std::make_shared<Waiting>();
        net::Request request = json_request(action, body);
        request.peer = &waiting->peer;
        boost::asio::co_spawn(io, protocol->handle(std::move(request)), [waiting](std::exception_ptr failed, net::Response response) {
            if (!failed) waiting->response = std::move(response);
        });
        settle_down();
        return waiting;
    }

    std::string create(std::string name, json::object attributes = {}) {
        const Reply reply = call("CreateQueue", {{"QueueName", name}, {"Attributes", std::move(attributes)}});
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return reply.at("QueueUrl");
    }
    Reply say(const std::string& url, std::string body) {
        return call("SendMessage", {{"QueueUrl", url}, {"MessageBody", std::move(body)}});
    }
    /// The messages received at once.
    json::array hear(const std::string& url, json::object options = {}) {
        options["QueueUrl"] = url;
        if (!options.contains("MaxNumberOfMessages")) options["MaxNumberOfMessages"] = 10;
        const Reply reply = call("ReceiveMessage", options);
        EXPECT_EQ(reply.status, 200u) << reply.body;
        return reply.has("Messages") ? reply.value.at("Messages").as_array() : json::array{};
    }
    static std::string text(const json::value& message, std::string_view key) { return std::string(message.at(key).as_string()); }
    std::string attribute(const std::string& url, const std::string& name) {
        const Reply reply = call("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", json::array{name}}});
        return reply.has("Attributes") ? text(reply.value.at("Attributes"), name) : std::string();
    }

    boost::asio::io_context io;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    SeededRandom random{2};
    std::shared_ptr<storage::memory::Content> content = std::make_shared<storage::memory::Content>();
    std::shared_ptr<rowmq::test::Doors> doors = std::make_shared<rowmq::test::Doors>();
    std::unique_ptr<Broker> broker;
    std::unique_ptr<Protocol> protocol;
};

}  // namespace rowmq::sqs::test
