#pragma once
// What the tests of deliveries stand on: an HTTP endpoint on loopback beside the conversation.

#include <boost/json/parse.hpp>

#include "net/http_server.hpp"
#include "sns/conversation_test.hpp"

namespace rowmq::sns::test {
/// An endpoint on loopback that answers what it is told and remembers what came.
class Endpoint {
public:
    explicit Endpoint(boost::asio::io_context& io)
        : server_(io.get_executor(), {}, [this](net::Request request) -> awaitable<net::Response> {
              requests.push_back(std::move(request));
              co_return net::Response{.status = status, .content_type = "text/plain"};
          }) {
        EXPECT_TRUE(server_.listen());
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/hook"; }
    awaitable<void> stop() { return server_.stop(); }

    unsigned status = 200;
    std::vector<net::Request> requests;

private:
    net::HttpServer server_;
};

class HttpConversation : public Conversation {
protected:
    ~HttpConversation() override {
        protocol->close();
        rowmq::test::run_in(io, endpoint.stop());
    }
    /// Runs until so many requests came, or for five seconds.
    void until(std::size_t requests) {
        io.restart();
        const auto last = std::chrono::steady_clock::now() + 5s;
        while (endpoint.requests.size() < requests && std::chrono::steady_clock::now() < last) io.run_one_for(10ms);
        ASSERT_GE(endpoint.requests.size(), requests);
        io.run_for(20ms);  // what follows an answer
    }
    boost::json::object body(std::size_t n) { return boost::json::parse(endpoint.requests.at(n).body).as_object(); }
    std::string confirmed(const std::string& arn, std::vector<std::pair<std::string, std::string>> more = {}) {
        more.insert(more.begin(), {{"TopicArn", arn}, {"Protocol", "http"}, {"Endpoint", endpoint.url()}});
        EXPECT_EQ(call("Subscribe", more).element("SubscriptionArn"), "pending confirmation");
        until(1);
        const auto token = std::string(body(0).at("Token").as_string());
        const Reply reply = call("ConfirmSubscription", {{"TopicArn", arn}, {"Token", token}});
        EXPECT_EQ(reply.status, 200u) << reply.body;
        endpoint.requests.clear();
        return reply.element("SubscriptionArn");
    }

    Endpoint endpoint{io};
};

}  // namespace rowmq::sns::test
