#pragma once
// What the tests of the admin API stand on: the API over a broker in memory, under a clock that moves when told to.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "admin/admin.hpp"
#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "storage/memory/engine.hpp"

namespace rowmq::admin {

namespace json = boost::json;

template <typename T>
awaitable<void> keep(awaitable<T> from, std::optional<T>* out) {
    out->emplace(co_await std::move(from));
}

class AdminApi : public testing::Test {
protected:
    void SetUp() override {
        clock_ = std::make_shared<ManualClock>();
        BrokerParts parts{.executor = loop_.get_executor(),
                          .clock = clock_,
                          .random = std::make_shared<SeededRandom>(1),
                          .engine = storage::memory::make_engine(loop_.get_executor())};
        auto made = run(make_broker(std::move(parts)));
        ASSERT_TRUE(made->has_value());
        broker_ = std::move(**made);
        admin_ = std::make_unique<Admin>(*broker_);
    }
    void TearDown() override {
        admin_->close();
        run(close(broker_.get()));
    }

    /// What there is to do now is done; an answer that waits is none.
    template <typename T>
    std::unique_ptr<std::optional<T>> start(awaitable<T> work) {
        auto out = std::make_unique<std::optional<T>>();
        boost::asio::co_spawn(loop_, keep(std::move(work), out.get()), boost::asio::detached);
        settle();
        return out;
    }
    template <typename T>
    std::optional<T> run(awaitable<T> work) {
        return std::move(*start(std::move(work)));
    }
    void settle() {
        loop_.restart();
        loop_.poll();
    }

    static Request request(std::string_view method, std::string_view target, std::string body = "") {
        auto parsed = parse_target(method, target).value();
        parsed.content_type = body.empty() ? "" : "application/json";
        parsed.body = std::move(body);
        return parsed;
    }
    Response ask(std::string_view method, std::string_view target, std::string body = "") {
        return ask(request(method, target, std::move(body)));
    }
    Response ask(Request question) {
        auto answer = run(admin_->handle(std::move(question)));
        EXPECT_TRUE(answer.has_value()) << "the request waits";
        return answer.value_or(Response{.status = 0});
    }
    static json::object object(const Response& response) {
        boost::system::error_code failed;
        auto value = json::parse(response.body, failed);
        EXPECT_TRUE(!failed && value.is_object()) << response.status << " " << response.body;
        return value.is_object() ? value.get_object() : json::object();
    }
    static std::string code(const Response& response) { return std::string(object(response).at("code").as_string()); }

    static awaitable<bool> close(Broker* broker) {
        co_await broker->close();
        co_return true;
    }

    boost::asio::io_context loop_{1};
    std::shared_ptr<ManualClock> clock_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<Admin> admin_;
};

}  // namespace rowmq::admin
