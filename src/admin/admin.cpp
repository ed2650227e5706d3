#include "admin/admin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "admin/routes.hpp"

namespace rowmq::admin {
namespace {

/// The varying part of a path in a route's pattern.
constexpr std::string_view any = "*";

/// Does `path` have the form of `pattern` ("rowmq/v1/queues/*")? Its varying part goes to `name`.
bool matches(std::string_view pattern, std::span<const std::string> path, std::string& name) {
    std::string captured;
    for (const auto& segment : path) {
        if (pattern.empty()) return false;
        const auto slash = pattern.find('/');
        const auto expected = pattern.substr(0, slash);
        pattern = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
        if (expected == any) {
            captured = segment;
        } else if (expected != segment) {
            return false;
        }
    }
    if (!pattern.empty()) return false;
    name = std::move(captured);
    return true;
}

/// A web page on another site may make a browser send requests here; what it sends says so.
bool from_another_site(const Request& request) {
    return !request.origin.empty() && request.origin != "http://" + request.host && request.origin != "https://" + request.host;
}

bool is_json(std::string_view content_type) { return content_type.substr(0, content_type.find(';')) == "application/json"; }

}  // namespace

const Admin::Route Admin::routes[] = {
    {"GET", "healthz", &Admin::healthz},
    {"GET", "metrics", &Admin::scrape},
    {"GET", "rowmq/v1/openapi.json", &Admin::openapi},
    {"GET", "rowmq/v1/health", &Admin::health},
    {"GET", "rowmq/v1/counts", &Admin::counts},
    {"GET", "rowmq/v1/queues", &Admin::list_queues},
    {"GET", "rowmq/v1/queues/*", &Admin::get_queue},
    {"PUT", "rowmq/v1/queues/*", &Admin::declare_queue},
    {"PATCH", "rowmq/v1/queues/*", &Admin::alter_queue},
    {"DELETE", "rowmq/v1/queues/*", &Admin::delete_queue},
    {"POST", "rowmq/v1/queues/*/purge", &Admin::purge_queue},
    {"POST", "rowmq/v1/queues/*/redrive", &Admin::redrive},
    {"GET", "rowmq/v1/queues/*/messages", &Admin::peek},
    {"GET", "rowmq/v1/queues/*/search", &Admin::search},
    {"POST", "rowmq/v1/queues/*/messages", &Admin::send},
    {"POST", "rowmq/v1/queues/*/messages/receive", &Admin::receive},
    {"POST", "rowmq/v1/queues/*/messages/settle", &Admin::settle},
    {"POST", "rowmq/v1/queues/*/messages/extend", &Admin::extend},
    {"GET", "rowmq/v1/exchanges", &Admin::list_exchanges},
    {"GET", "rowmq/v1/exchanges/*", &Admin::get_exchange},
    {"PUT", "rowmq/v1/exchanges/*", &Admin::declare_exchange},
    {"DELETE", "rowmq/v1/exchanges/*", &Admin::delete_exchange},
    {"POST", "rowmq/v1/exchanges/*/bindings", &Admin::bind},
    {"DELETE", "rowmq/v1/exchanges/*/bindings", &Admin::unbind},
    {"POST", "rowmq/v1/exchanges/*/messages", &Admin::publish},
    {"GET", "rowmq/v1/redrives", &Admin::list_redrives},
    {"DELETE", "rowmq/v1/redrives/*", &Admin::cancel_redrive},
    {"POST", "rowmq/v1/backup", &Admin::backup},
};

Admin::Admin(Broker& broker, std::vector<metrics::Collector> collectors, metrics::RabbitmqSource rabbitmq)
    : broker_(broker), collectors_(std::move(collectors)), rabbitmq_(std::move(rabbitmq)) {}

std::vector<std::pair<std::string, std::string>> Admin::paths() {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& route : routes) all.emplace_back(route.method, route.pattern);
    return all;
}

void Admin::close() {
    for (auto& [name, session] : sessions_) session.close();
}

Result<Session*> Admin::session(const std::string& ns) {
    if (const auto found = sessions_.find(ns); found != sessions_.end()) return &found->second;
    if (sessions_.size() >= namespaces_at_once) {
        return Error{Errc::limit_exceeded, fmt::format("the admin API serves at most {} namespaces at once", namespaces_at_once)};
    }
    auto opened = broker_.open_session(ns);
    if (opened.has_error()) return std::move(opened).error();
    return &sessions_.emplace(ns, std::move(*opened)).first->second;
}

awaitable<Response> Admin::handle(Request request) {
    if (from_another_site(request)) {
        co_return error_response(403, "access_refused", "requests of web pages of other sites are refused");
    }
    std::string name;
    const Route* route = nullptr;
    std::string allowed;
    for (const auto& candidate : routes) {
        if (!matches(candidate.pattern, request.path, name)) continue;
        if (candidate.method == request.method || (candidate.method == "GET" && request.method == "HEAD")) route = &candidate;
        allowed += (allowed.empty() ? "" : ", ") + std::string(candidate.method);
    }
    if (allowed.empty()) co_return error_response(404, "no_such_path", "there is nothing at this path");
    if (!route) {
        auto refused = error_response(405, "method_not_allowed", fmt::format("this path takes {}, not {}", allowed, request.method));
        refused.allow = allowed;
        co_return refused;
    }
    if (!request.body.empty() && !is_json(request.content_type)) {
        co_return error_response(415, "invalid_argument", "a body must come with Content-Type: application/json");
    }
    auto body = request.body.empty() ? Result<boost::json::object>(boost::json::object()) : parse_body(request.body);
    if (body.has_error()) co_return error_response(body.error());
    request.body = std::string();
    const auto ns = request.query.find("namespace");
    Call call{.request = {},
              .name = std::move(name),
              .ns = ns == request.query.end() ? std::string(default_namespace) : ns->second,
              .body = std::move(*body)};
    call.request = std::move(request);
    auto answer = (this->*route->handler)(std::move(call));
    co_return co_await std::move(answer);
}

}  // namespace rowmq::admin
