#include "management/management.hpp"

#include <algorithm>
#include <span>

#include "amqp/rights.hpp"
#include "base/base64.hpp"
#include "base/bounded_json.hpp"
#include "management/form.hpp"
#include "management/routes.hpp"

namespace rowmq::management {
namespace {

constexpr std::string_view any = "*";

/// Does `path` have the form of `pattern` ("queues/*/*/get")? Its varying parts go to `names`.
bool matches(std::string_view pattern, std::span<const std::string> path, std::vector<std::string>& names) {
    names.clear();
    for (const std::string& segment : path) {
        if (pattern.empty()) return false;
        const auto slash = pattern.find('/');
        const auto expected = pattern.substr(0, slash);
        pattern = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
        if (expected == any) names.push_back(segment);
        else if (expected != segment) return false;
    }
    return pattern.empty();
}

std::optional<amqp::Credentials> credentials_of(std::string_view field) {
    constexpr std::string_view basic = "basic ";
    if (field.size() <= basic.size()) return std::nullopt;
    for (std::size_t i = 0; i < basic.size(); ++i) {
        const char c = field[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != basic[i]) return std::nullopt;
    }
    const auto decoded = base64_decode(field.substr(basic.size()));
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    return amqp::Credentials{.user = decoded->substr(0, colon), .password = decoded->substr(colon + 1)};
}

bool is_loopback(const net::Peer* peer) {
    if (!peer) return true;  // a test
    const std::string address = peer->address();
    return address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("::1") || address.starts_with("[::ffff:127.");
}

/// A web page on another site may make a browser that knows a password send requests here; what it sends says so.
bool from_another_site(const net::Request& request) {
    const auto origin = request.fields.get("Origin");
    const std::string host(request.fields.get("Host"));
    return !origin.empty() && origin != "http://" + host && origin != "https://" + host;
}

}  // namespace

Management::Management(amqp::Protocol& protocol, Settings settings)
    : protocol_(protocol), service_(protocol.service()), settings_(std::move(settings)) {}

awaitable<amqp::LoginAnswer> Management::who(const net::Request& request) {
    amqp::LoginAnswer answer;
    auto credentials = credentials_of(request.fields.get("Authorization"));
    if (!credentials) co_return answer;
    std::string address = request.peer ? request.peer->address() : std::string();
    answer = co_await service_.users.login(*std::move(credentials), is_loopback(request.peer), std::move(address));
    co_return answer;
}

std::optional<Answer> Management::unless(May may, const Call& call) {
    if (!call.is_manager()) return not_authorised("Not management user");
    if (may == May::policymaker && !call.is_policymaker()) return not_authorised("Not policymaker user");
    if (may == May::monitor && !call.is_monitor()) return not_authorised("Not monitor user");
    if (may == May::administrator && !call.is_administrator()) return not_authorised("Not administrator user");
    return std::nullopt;
}

amqp::Rights Management::rights(const Call& call, const std::string& vhost) const {
    return amqp::Rights(broker(), call.user.name, vhost, call.user.everything);
}

bool Management::enters(const Call& call, const std::string& vhost) const {
    return call.user.everything || call.is_administrator() || broker().access().permissions.contains({call.user.name, vhost});
}

std::vector<std::string> Management::vhosts_of(const Call& call) const {
    std::vector<std::string> names = broker().namespaces();
    std::erase_if(names, [&](const std::string& name) { return !enters(call, name); });
    return names;
}

std::optional<Answer> Management::unless_enters(const Call& call, const std::string& vhost) const {
    if (!service_.has_vhost(vhost)) return not_found();
    if (!enters(call, vhost)) return not_authorised("User not authorised to access virtual host");
    return std::nullopt;
}

awaitable<Answer> Management::change(std::vector<AccessChange> changes, Answer good) {
    const Result<void> stored = co_await broker().change_access(std::move(changes));
    if (!stored) co_return answer_of(stored.error());
    co_return good;
}

awaitable<Answer> Management::handle(net::Request request) {
    if (from_another_site(request)) co_return not_authorised("requests of web pages of other sites are refused");
    auto call = parse_target(request.method, request.target);
    if (!call) co_return bad_request("the request's target is not a path, or has too many parts");
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    const Route* route = nullptr;
    std::string allowed;
    std::vector<std::string> names;
    for (const Route& candidate : routes()) {
        if (!matches(candidate.pattern, call->path, names)) continue;
        if (!route && candidate.method == method) {
            route = &candidate;
            call->names = names;
        }
        allowed += (allowed.empty() ? "" : ", ") + std::string(candidate.method);
    }
    if (method == "OPTIONS" && !allowed.empty()) {
        Answer answer{.status = 200};
        answer.fields.emplace_back("Allow", allowed + ", HEAD, OPTIONS");
        co_return answer;
    }
    amqp::LoginAnswer login = co_await who(request);
    std::optional<amqp::LoggedIn>& user = login.someone;
    if (login.busy) co_return refused(503, "service_unavailable", "too many passwords wait to be checked: try again");
    auto& attempts = service_.login_attempts["http"];
    ++(user ? attempts.succeeded : attempts.failed);
    if (!user) co_return refused(401, "not_authorized", "Login failed");
    call->user = *std::move(user);
    if (allowed.empty()) co_return not_found();
    if (!route) {
        Answer answer{.status = 405};
        answer.fields.emplace_back("Allow", allowed);
        co_return answer;
    }
    if (auto refusal = unless(route->may, *call)) co_return *std::move(refusal);
    if (const auto type = request.fields.get("Content-Type"); route->is_import && is_form(type)) {
        auto file = file_in_form(type, request.body);
        if (!file) co_return bad_request("not_json");
        request.body = *std::move(file);
    }
    if (!request.body.empty()) {
        auto body = parse_bounded(request.body, {.extra_bytes = 2 * 1024 * 1024});
        if (!body)
            co_return bad_request(body.error().code == Errc::limit_exceeded ? "the body has too many values for its size" : "not_json");
        if (body->is_string())
            co_return bad_request("invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?");
        if (auto* object = body->if_object()) call->body = std::move(*object);
        else if (route->is_import && body->is_array()) co_return bad_request("not_json");
        else if (!body->is_null() && !(body->is_array() && body->get_array().empty())) co_return bad_request("the body is no JSON object");
        request.body = std::string();
    }
    call->reason = std::string(request.fields.get("X-Reason"));
    awaitable<Answer> handling = (this->*route->handler)(*std::move(call));
    Answer answer = co_await std::move(handling);
    answer.fields.emplace_back("Cache-Control", "no-cache");
    co_return answer;
}

}  // namespace rowmq::management
