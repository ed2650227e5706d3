#include "net/client_connection.hpp"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "net/client_lookup.hpp"
#include "net/response_parser.hpp"

namespace rowmq::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t read_bytes = 16 * 1024;                    // a whole TLS record
constexpr std::size_t addresses_tried = 4;                       // of one name
constexpr std::string_view bodied[] = {"POST", "PUT", "PATCH"};  // RFC 9110 8.6: say that there is no body

Error no_answer(const ClientUrl& url, std::string_view why) {
    return Error{Errc::closed, fmt::format("no answer from {}: {}", url.origin(), why)};
}

std::string head_of(const ClientUrl& url, const ClientRequest& request) {
    std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, url.target, url.authority);
    bool has_agent = false;
    for (const auto& [name, value] : request.fields) {
        head.append(name).append(": ").append(value).append("\r\n");
        has_agent = has_agent || boost::beast::iequals(name, "User-Agent");
    }
    if (!has_agent) head += "User-Agent: rowmq/" ROWMQ_VERSION "\r\n";
    if (!request.body.empty() || std::ranges::find(bodied, request.method) != std::end(bodied))
        head += fmt::format("Content-Length: {}\r\n", request.body.size());
    return head + "\r\n";
}

Error unreadable(const ClientUrl& url, const error_code& error, const HttpClientOptions& limits) {
    if (error == http::error::body_limit)
        return {Errc::limit_exceeded,
                fmt::format("the answer of {} has a body larger than body_bytes ({})", url.origin(), limits.body_bytes)};
    if (error == http::error::header_limit)
        return {Errc::limit_exceeded,
                fmt::format("the answer of {} has a header larger than header_bytes ({})", url.origin(), limits.header_bytes)};
    if (error == http::error::partial_message) return no_answer(url, "the connection ended within it");
    return no_answer(url, fmt::format("what came is not HTTP: {}", error.message()));
}

}  // namespace

void ClientConnection::cut() {
    error_code ignored;
    stream_.socket().close(ignored);
}

bool ClientConnection::silent() {
    char buffer[read_bytes];
    error_code error;
    const std::size_t count = stream_.read_some(asio::buffer(buffer), error);
    return count == 0 && must_wait(error);
}

awaitable<Result<std::unique_ptr<ClientConnection>>> ClientConnection::open(asio::any_io_executor executor, ClientCall& call,
                                                                            const ClientUrl& url, Aims aims) {
    const auto end = ClientCall::Clock::now() + aims.connect_time;
    const std::string limit = fmt::format("connect_time of {} ms", aims.connect_time.count());
    call.limit_until(end, fmt::format("looking up {}", url.host), limit);
    auto found = co_await look_up(executor, call, url);
    if (found.has_error()) co_return found.error();

    std::vector<asio::ip::tcp::endpoint> endpoints;
    Error last = no_answer(url, "its name has no address");
    for (const auto& endpoint : *found) {
        const auto checked = check_address(aims.addresses, endpoint.address());
        if (checked.has_error()) last = checked.error();
        if (checked.has_value() && endpoints.size() < addresses_tried) endpoints.push_back(endpoint);
    }
    if (endpoints.empty() && last.code == Errc::access_refused) last.text = fmt::format("{} is not asked: {}", url.origin(), last.text);

    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        auto connection = std::make_unique<ClientConnection>(executor);
        // An address that swallows everything leaves time for the others.
        const auto now = ClientCall::Clock::now();
        call.limit_until(now + (end - now) / static_cast<int>(endpoints.size() - i), fmt::format("connecting to {}", url.origin()), limit);
        error_code error;
        {
            const ClientCall::Wait wait(call, [&] { connection->cut(); });
            if (!call.why())
                co_await connection->stream_.socket().async_connect(endpoints[i], asio::redirect_error(asio::use_awaitable, error));
        }
        if (call.closed()) co_return *call.why();
        if (call.why() || error) {
            last = call.why() ? *call.why() : no_answer(url, fmt::format("{}: {}", endpoints[i].address().to_string(), error.message()));
            continue;
        }
        connection->stream_.prepare();
        if (url.secure) {
            call.limit_until(end, fmt::format("agreeing on TLS with {}", url.origin()), limit);
            auto secured = co_await connection->secure(call, url, *aims.tls);
            if (secured.has_error()) co_return secured.error();
        }
        co_return std::move(connection);
    }
    co_return last;
}

awaitable<Result<void>> ClientConnection::secure(ClientCall& call, const ClientUrl& url, const TlsContext& tls) {
    const ClientCall::Wait wait(call, [this] { cut(); });
    std::string distrust;
    const error_code error = co_await stream_.secure_as_client(tls, url.host, distrust);
    if (call.why()) co_return *call.why();
    if (!distrust.empty())
        co_return Error{Errc::access_refused, fmt::format("the certificate of {} is not trusted: {}", url.origin(), distrust)};
    if (error) co_return no_answer(url, "it did not agree on TLS");
    co_return Result<void>();
}

awaitable<ClientConnection::Answer> ClientConnection::ask(ClientCall& call, const ClientUrl& url, const ClientRequest& request,
                                                          const HttpClientOptions& limits) {
    call.limit_total(fmt::format("the answer of {}", url.origin()));
    const ClientCall::Wait wait(call, [this] { cut(); });
    const std::string head = head_of(url, request);
    error_code error;
    const std::size_t done = stream_.write_some(head, request.body, error);
    // A server may answer, and close, before it has taken everything; so what cannot be written is no reason not to read.
    if (!error || must_wait(error)) error = co_await stream_.write_rest(head, request.body, done);

    const bool head_only = request.method == "HEAD";
    auto parser = std::make_unique<ResponseParser>(limits.header_bytes, limits.body_bytes, head_only);
    std::vector<char> buffer(read_bytes);
    std::string pending;
    bool heard = false;
    while (!parser->is_done()) {
        if (call.why()) co_return Answer{*call.why()};
        const std::size_t count = stream_.read_some(asio::buffer(buffer), error);
        if (must_wait(error)) {
            co_await stream_.socket().async_wait(stream_.before_reading(), asio::redirect_error(asio::use_awaitable, error));
            if (error && !call.why()) co_return Answer{no_answer(url, error.message())};
            continue;
        }
        if (error) {
            if (!heard) co_return Answer{no_answer(url, "it closed the connection"), true};
            if (error == asio::error::eof) parser->end();
            if (parser->failed() || !parser->is_done()) co_return Answer{no_answer(url, "the connection ended within it")};
            break;
        }
        heard = true;
        pending.append(buffer.data(), count);
        pending.erase(0, parser->feed(pending));
        while (!parser->failed() && parser->is_done() && parser->interim()) {
            parser = std::make_unique<ResponseParser>(limits.header_bytes, limits.body_bytes, head_only);
            pending.erase(0, parser->feed(pending));
        }
        if (parser->failed()) co_return Answer{unreadable(url, parser->failed(), limits)};
    }
    const bool keep = parser->keep_alive() && pending.empty();
    co_return Answer{std::move(parser->response), false, keep};
}

}  // namespace rowmq::net
