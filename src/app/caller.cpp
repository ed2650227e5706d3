#include "app/caller.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/url.hpp>
#include <filesystem>

#include "admin/admin.hpp"
#include "library/owner.hpp"
#include "library/store_address.hpp"
#include "rowmq/open.hpp"

namespace rowmq::app {
namespace {

constexpr Errc last_code = Errc::closed;

/// A broker that lives as long as the command.
class OwnBroker final : public Caller {
public:
    Result<void> open(const std::string& store) {
        auto opened = run<Result<std::unique_ptr<Broker>>>(
            [&] { return rowmq::open(loop_.get_executor(), store, OpenOptions{.strict_counting = false}); });
        if (opened.has_error()) return std::move(opened).error();
        broker_ = std::move(*opened);
        admin_ = std::make_unique<admin::Admin>(*broker_);
        return {};
    }

    ~OwnBroker() override {
        if (!broker_) return;
        admin_->close();
        run<bool>([&] { return close(broker_.get()); });
    }

    Result<boost::json::object> call(std::string method, std::string target, boost::json::object body, std::chrono::milliseconds) override {
        auto request = admin::parse_target(method, target);
        if (request.has_error()) return std::move(request).error();
        if (!body.empty()) {
            request->content_type = "application/json";
            request->body = boost::json::serialize(body);
        }
        const auto response = run<admin::Response>([&] { return admin_->handle(std::move(*request)); });
        boost::system::error_code failed;
        auto answer = boost::json::parse(response.body, failed);
        if (response.status >= 300 || failed || !answer.is_object()) return error_of(response.status, answer);
        return std::move(answer.get_object());
    }

    void pause(std::chrono::milliseconds time) override {
        loop_.restart();
        loop_.run_for(time);
    }

private:
    static awaitable<bool> close(Broker* broker) {
        co_await broker->close();
        co_return true;
    }

    template <typename T, typename Start>
    static awaitable<void> keep(Start start, std::optional<T>* out) {
        auto started = start();
        out->emplace(co_await std::move(started));
    }

    template <typename T, typename Start>
    T run(Start start) {
        std::optional<T> out;
        std::exception_ptr failure;
        bool ended = false;
        loop_.restart();
        boost::asio::co_spawn(loop_, keep<T>(std::move(start), &out), [&](std::exception_ptr thrown) {
            failure = std::move(thrown);
            ended = true;
        });
        // Work of other threads (storage) posts here: an idle loop is not an end.
        const auto work = boost::asio::make_work_guard(loop_);
        while (!ended) loop_.run_one();
        if (failure) std::rethrow_exception(failure);
        return std::move(*out);
    }

    boost::asio::io_context loop_{1};
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<admin::Admin> admin_;
};

}  // namespace

Error error_of(int status, const boost::json::value& answer) {
    const auto* object = answer.if_object();
    const auto* code = object ? object->if_contains("code") : nullptr;
    const auto* text = object ? object->if_contains("text") : nullptr;
    if (!code || !text || !code->is_string() || !text->is_string()) {
        return Error{Errc::store_busy, fmt::format("the store's owner answered with HTTP status {}", status)};
    }
    for (int i = 0; i <= static_cast<int>(last_code); ++i) {
        if (name_of(static_cast<Errc>(i)) == std::string_view(code->get_string())) {
            return Error{static_cast<Errc>(i), std::string(text->get_string())};
        }
    }
    return Error{Errc::invalid_argument, std::string(text->get_string())};
}

std::string encoded(std::string_view text) { return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars); }

std::string queue_target(std::string_view queue, std::string_view rest) {
    return fmt::format("/rowmq/v1/queues/{}{}", encoded(queue), rest);
}

Result<std::unique_ptr<Caller>> connect(const std::string& store, bool create) {
    const auto address = library::parse_store_address(store);
    if (address.has_error()) return address.error();
    const bool file = address->kind == library::StoreAddress::Kind::sqlite;
    std::error_code ignored;
    if (file && !create && !std::filesystem::exists(address->path, ignored)) {
        return Error{Errc::no_such_queue, fmt::format("there is no store {}", store)};
    }
    auto own = std::make_unique<OwnBroker>();
    const auto opened = own->open(store);
    if (opened.has_value()) return std::unique_ptr<Caller>(std::move(own));
    if (!file || opened.error().code != Errc::store_busy) return opened.error();
    const auto owner = library::owner_of(*address);
    if (!owner || owner->admin_address.empty()) {
        return Error{Errc::store_busy, opened.error().text + " (it has no admin listener that commands could talk to)"};
    }
    return call_owner(owner->admin_address);
}

}  // namespace rowmq::app
