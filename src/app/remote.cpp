// Requests to the owner's admin API over HTTP.

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>

#include "app/caller.hpp"
#include "app/listen.hpp"

namespace rowmq::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr auto ordinary_patience = std::chrono::seconds(30);
constexpr std::uint64_t longest_answer = 256 * 1024 * 1024;

using Answer = http::response<http::string_body>;

asio::awaitable<Answer> ask(asio::ip::tcp::endpoint endpoint, http::request<http::string_body> request,
                            std::chrono::milliseconds patience) {
    beast::tcp_stream stream(co_await asio::this_coro::executor);
    stream.expires_after(patience);
    co_await stream.async_connect(endpoint, asio::use_awaitable);
    co_await http::async_write(stream, request, asio::use_awaitable);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(longest_answer);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    co_return parser.release();
}

class Owner final : public Caller {
public:
    explicit Owner(std::string address) : address_(std::move(address)) {}

    Result<boost::json::object> call(std::string method, std::string target, boost::json::object body,
                                     std::chrono::milliseconds patience) override {
        const auto listen = parse_listen("admin", address_);
        if (listen.has_error() || !listen->endpoint) return unreachable("its recorded address is none");
        const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(listen->endpoint->address), listen->endpoint->port);
        http::request<http::string_body> request(http::string_to_verb(method), target, 11);
        request.set(http::field::host, address_);
        request.set(http::field::connection, "close");
        if (!body.empty()) {
            request.set(http::field::content_type, "application/json");
            request.body() = boost::json::serialize(body);
        }
        request.prepare_payload();
        std::optional<Answer> answer;
        std::exception_ptr failure;
        asio::io_context loop{1};
        asio::co_spawn(loop, ask(endpoint, std::move(request), ordinary_patience + patience),
                       [&](std::exception_ptr thrown, Answer response) {
                           failure = std::move(thrown);
                           answer.emplace(std::move(response));
                       });
        loop.run();
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const boost::system::system_error& error) {
            return unreachable(error.code().message());
        } catch (const std::exception& error) {
            return unreachable(error.what());
        }
        const auto status = static_cast<int>(answer->result_int());
        boost::system::error_code failed;
        auto value = boost::json::parse(answer->body(), failed);
        if (status >= 300 || failed || !value.is_object()) return error_of(status, value);
        return std::move(value.get_object());
    }

    void pause(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time); }

private:
    Error unreachable(std::string_view why) const {
        return Error{Errc::store_busy, fmt::format("the store's owner does not answer at {}: {}", address_, why)};
    }

    std::string address_;
};

}  // namespace

std::unique_ptr<Caller> call_owner(std::string address) { return std::make_unique<Owner>(std::move(address)); }

}  // namespace rowmq::app
