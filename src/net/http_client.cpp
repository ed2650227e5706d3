#include "net/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/string.hpp>
#include <deque>
#include <unordered_set>

#include "net/client_call.hpp"
#include "net/client_connection.hpp"
#include "net/client_url.hpp"

namespace rowmq::net {
namespace asio = boost::asio;
using boost::beast::iequals;

/// Shared with the calls under way, which may outlive the client.
struct HttpClientState : std::enable_shared_from_this<HttpClientState> {
    HttpClientState(asio::any_io_executor on, HttpClientOptions o) : executor(on), options(std::move(o)), sweep(on) {}

    std::unique_ptr<ClientConnection> take(const std::string& origin);
    void keep(const std::string& origin, std::unique_ptr<ClientConnection> connection);
    void drop_old();
    Result<const TlsContext*> tls();

    struct Idle {
        std::string origin;
        std::unique_ptr<ClientConnection> connection;
        ClientCall::Clock::time_point until;
    };

    asio::any_io_executor executor;
    HttpClientOptions options;
    std::shared_ptr<TlsContext> tls_context;  ///< made when it is first needed: the system's store is large
    std::deque<Idle> idle;                    ///< the oldest first
    asio::steady_timer sweep;
    std::unordered_set<ClientCall*> calls;
    bool closed = false;
};

/// The newest: of all it is the least likely to have been closed.
std::unique_ptr<ClientConnection> HttpClientState::take(const std::string& origin) {
    for (auto it = idle.rbegin(); it != idle.rend(); ++it) {
        if (it->origin != origin) continue;
        auto connection = std::move(it->connection);
        idle.erase(std::next(it).base());
        if (connection->silent()) return connection;
        return take(origin);
    }
    return nullptr;
}

void HttpClientState::keep(const std::string& origin, std::unique_ptr<ClientConnection> connection) {
    if (closed || options.idle_connections == 0) return;
    const auto same = [&](const Idle& each) { return each.origin == origin; };
    if (static_cast<std::size_t>(std::ranges::count_if(idle, same)) >= options.idle_per_origin) return;
    if (idle.size() >= options.idle_connections) idle.pop_front();
    idle.push_back({origin, std::move(connection), ClientCall::Clock::now() + options.idle_time});
    if (idle.size() == 1) drop_old();
}

void HttpClientState::drop_old() {
    while (!idle.empty() && idle.front().until <= ClientCall::Clock::now()) idle.pop_front();
    if (idle.empty()) return;
    sweep.expires_at(idle.front().until);
    sweep.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
        if (const auto self = weak.lock(); self && !cancelled) self->drop_old();
    });
}

Result<const TlsContext*> HttpClientState::tls() {
    if (!tls_context) {
        auto made = TlsContext::for_client(options.ca_file);
        if (made.has_error()) return made.error();
        tls_context = *std::move(made);
    }
    return tls_context.get();
}

namespace {

bool is_token(std::string_view text) {  // RFC 9110 5.6.2
    const auto of_tokens = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::ranges::all_of(text, of_tokens);
}

Result<void> check_request(const ClientRequest& request) {
    const auto wrong = [](std::string text) { return Error{Errc::invalid_argument, std::move(text)}; };
    if (!is_token(request.method)) return wrong("the method of an HTTP request is not a word");
    if (request.method == "CONNECT") return wrong("the method CONNECT is not for requests");
    for (const auto& [name, value] : request.fields) {
        if (!is_token(name)) return wrong("a field of an HTTP request has a name that is not a word");
        for (const std::string_view own : {"Host", "Connection", "Content-Length", "Transfer-Encoding", "Expect"})
            if (iequals(name, own)) return wrong(fmt::format("the field {} of an HTTP request is written by the client itself", own));
        if (std::ranges::any_of(value, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; }))
            return wrong(fmt::format("the field {} of an HTTP request holds a control character", name));
    }
    return {};
}

/// Known to the client while it is under way.
class Registered final {
public:
    explicit Registered(std::shared_ptr<HttpClientState> state)
        : state_(std::move(state)), call_(std::make_shared<ClientCall>(state_->executor, state_->options.total_time)) {
        state_->calls.insert(call_.get());
    }
    ~Registered() {
        call_->finish();
        state_->calls.erase(call_.get());
    }
    Registered(const Registered&) = delete;
    Registered& operator=(const Registered&) = delete;

    HttpClientState& state() const noexcept { return *state_; }
    ClientCall& call() const noexcept { return *call_; }

private:
    std::shared_ptr<HttpClientState> state_;
    std::shared_ptr<ClientCall> call_;
};

awaitable<Result<ClientResponse>> ask_once(const Registered& under_way, const ClientUrl& url, const ClientRequest& request) {
    HttpClientState& state = under_way.state();
    ClientCall& call = under_way.call();
    const std::string origin = url.origin();
    auto connection = state.take(origin);
    if (connection) {
        auto answer = co_await connection->ask(call, url, request, state.options);
        if (!answer.unheard) {
            if (answer.keep) state.keep(origin, std::move(connection));
            co_return std::move(answer.response);
        }
    }
    ClientConnection::Aims aims{.addresses = state.options.addresses, .connect_time = state.options.connect_time, .tls = nullptr};
    if (url.secure) {
        const auto tls = state.tls();
        if (tls.has_error()) co_return tls.error();
        aims.tls = *tls;
    }
    auto opened = co_await ClientConnection::open(state.executor, call, url, aims);
    if (opened.has_error()) co_return opened.error();
    connection = *std::move(opened);
    auto answer = co_await connection->ask(call, url, request, state.options);
    if (answer.keep) state.keep(origin, std::move(connection));
    co_return std::move(answer.response);
}

/// The next request after a redirect.
Result<ClientUrl> follow(const ClientUrl& from, const ClientResponse& answer, ClientRequest& request) {
    auto to = redirect_of(from, answer.fields.get("Location"));
    if (to.has_error()) return to;
    if (from.secure && !to->secure)
        return Error{Errc::access_refused,
                     fmt::format("the redirect from {} to {} is not followed: it leaves TLS", from.origin(), to->origin())};

    const bool same_method = answer.status == 307 || answer.status == 308 || request.method == "GET" || request.method == "HEAD";
    if (!same_method) {  // RFC 9110 15.4: what every user agent does
        request.method = "GET";
        request.body.clear();
    }
    const bool elsewhere = from.origin() != to->origin();
    std::erase_if(request.fields, [&](const auto& field) {
        const auto is = [&](std::string_view name) { return iequals(field.first, name); };
        if (!same_method && iequals(field.first.substr(0, 8), "Content-")) return true;
        return elsewhere && (is("Authorization") || is("Proxy-Authorization") || is("Cookie"));
    });
    return to;
}

bool is_redirect(unsigned status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

awaitable<Result<ClientResponse>> perform(std::shared_ptr<HttpClientState> state, ClientRequest request) {
    if (state->closed) co_return Error{Errc::closed, "the HTTP client is closed"};
    if (auto checked = check_request(request); checked.has_error()) co_return checked.error();
    auto url = parse_client_url(request.url);
    if (url.has_error()) co_return url.error();
    const Registered under_way(std::move(state));
    const unsigned most = under_way.state().options.redirects;
    for (unsigned followed = 0;; ++followed) {
        auto answer = co_await ask_once(under_way, *url, request);
        if (under_way.call().closed()) co_return *under_way.call().why();
        if (answer.has_error()) co_return answer;
        if (most == 0 || !is_redirect(answer->status) || answer->fields.get("Location").empty()) co_return answer;
        if (followed == most)
            co_return Error{Errc::limit_exceeded, fmt::format("{} redirects more often than redirects ({}) allows", url->origin(), most)};
        url = follow(*url, *answer, request);
        if (url.has_error()) co_return url.error();
    }
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, HttpClientOptions options)
    : state_(std::make_shared<HttpClientState>(std::move(executor), std::move(options))) {}

HttpClient::~HttpClient() {
    state_->closed = true;
    state_->sweep.cancel();
    state_->idle.clear();
    for (ClientCall* call : state_->calls) call->close();
}

awaitable<Result<ClientResponse>> HttpClient::send(ClientRequest request) { return perform(state_, std::move(request)); }

}  // namespace rowmq::net
