#include "net/client_lookup.hpp"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace rowmq::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Outlives a call that no longer waits.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor, asio::steady_timer::time_point::max()) {}

    tcp::resolver resolver;
    asio::steady_timer done;
    bool answered = false;
    error_code error;
    std::vector<tcp::endpoint> found;
};

}  // namespace

asio::awaitable<Result<std::vector<tcp::endpoint>>> look_up(asio::any_io_executor executor, ClientCall& call, const ClientUrl& url) {
    error_code error;
    const auto address = asio::ip::make_address(url.host, error);
    if (!error) co_return std::vector{tcp::endpoint(address, url.port)};

    const auto lookup = std::make_shared<Lookup>(executor);
    const ClientCall::Wait wait(call, [lookup] { lookup->done.cancel(); });
    lookup->resolver.async_resolve(url.host, std::to_string(url.port), tcp::resolver::numeric_service,
                                   [lookup](error_code failed, tcp::resolver::results_type results) {
                                       lookup->answered = true;
                                       lookup->error = failed;
                                       for (const auto& result : results) lookup->found.push_back(result.endpoint());
                                       lookup->done.cancel();
                                   });
    while (!lookup->answered && !call.why()) co_await lookup->done.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (call.why()) co_return *call.why();
    if (lookup->error)
        co_return Error{Errc::closed,
                        fmt::format("no answer from {}: looking up its name said: {}", url.origin(), lookup->error.message())};
    co_return std::move(lookup->found);
}

}  // namespace rowmq::net
