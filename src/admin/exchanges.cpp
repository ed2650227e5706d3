// The admin API's exchanges and bindings: fan-out, with filters.

#include <utility>

#include "admin/fields.hpp"
#include "admin/message_json.hpp"
#include "admin/routes.hpp"

namespace rowmq::admin {
namespace {

namespace json = boost::json;

std::string_view name_of(ExchangeKind kind) {
    switch (kind) {
        case ExchangeKind::direct: return "direct";
        case ExchangeKind::fanout: return "fanout";
        case ExchangeKind::topic: return "topic";
        case ExchangeKind::headers: return "headers";
        case ExchangeKind::hash: return "hash";
    }
    return "direct";
}

/// A protocol's own attributes, but no keys.
json::object shown(const std::map<std::string, std::string>& attributes) {
    json::object out;
    for (const auto& [name, value] : attributes)
        if (name != "key") out[name] = value;
    return out;
}

json::object to_json(const ExchangeInfo& exchange) {
    json::object out{{"name", exchange.name}, {"namespace", exchange.ns}, {"kind", name_of(exchange.options.kind)}};
    out["attributes"] = shown(exchange.options.attributes);
    return out;
}

json::object to_json(const Binding& binding) {
    json::object out{{"exchange", binding.exchange}, {"queue", binding.queue}, {"routing_key", binding.routing_key}};
    const BindingOptions& o = binding.options;
    if (!o.filter.empty()) {
        out["filter"] = o.filter;
        out["filter_on"] = o.filter_on == BindingOptions::FilterOn::body ? "body" : "headers";
    }
    if (!o.note.empty()) out["note"] = o.note;
    if (o.paused) out["paused"] = true;
    if (!o.attributes.empty()) out["attributes"] = shown(o.attributes);
    return out;
}

Result<ExchangeOptions> read_exchange(const json::object& body) {
    ExchangeOptions options;
    std::string kind = "direct";
    Fields fields(body, "exchange");
    fields.text("kind", kind);
    fields.texts("attributes", options.attributes);
    if (kind != "direct" && kind != "fanout") fields.fail("exchange: \"kind\" is not direct or fanout");
    if (const auto error = fields.error()) return *error;
    if (kind == "fanout") options.kind = ExchangeKind::fanout;
    return options;
}

Result<Binding> read_binding(const json::object& body, std::string exchange) {
    Binding binding{.exchange = std::move(exchange), .queue = {}, .routing_key = {}, .options = {}};
    std::string on = "headers";
    Fields fields(body, "binding");
    fields.text("queue", binding.queue);
    fields.text("routing_key", binding.routing_key);
    fields.text("filter", binding.options.filter);
    fields.text("filter_on", on);
    fields.text("note", binding.options.note);
    fields.flag("paused", binding.options.paused);
    fields.texts("attributes", binding.options.attributes);
    if (on != "headers" && on != "body") fields.fail("binding: \"filter_on\" is not headers or body");
    if (binding.queue.empty()) fields.fail("binding: \"queue\" is missing");
    if (const auto error = fields.error()) return *error;
    if (on == "body") binding.options.filter_on = BindingOptions::FilterOn::body;
    return binding;
}

Response done() { return json_response(json::object{}); }

}  // namespace

awaitable<Response> Admin::list_exchanges(Call call) {
    json::array exchanges;
    for (const auto& exchange : broker_.exchanges(call.ns)) exchanges.push_back(to_json(exchange));
    json::object answer;
    answer["exchanges"] = std::move(exchanges);
    co_return json_response(answer);
}

awaitable<Response> Admin::get_exchange(Call call) {
    const auto exchange = broker_.exchange(call.name, call.ns);
    if (exchange.has_error()) co_return error_response(exchange.error());
    json::object answer = to_json(*exchange);
    json::array bindings;
    for (const auto& binding : broker_.bindings(call.ns, call.name)) bindings.push_back(to_json(binding));
    answer["bindings"] = std::move(bindings);
    co_return json_response(answer);
}

awaitable<Response> Admin::declare_exchange(Call call) {
    auto options = read_exchange(call.body);
    if (options.has_error()) co_return error_response(options.error());
    const auto declared = co_await broker_.declare_exchange(call.name, *std::move(options), call.ns);
    if (declared.has_error()) co_return error_response(declared.error());
    co_return json_response(to_json(*declared));
}

awaitable<Response> Admin::delete_exchange(Call call) {
    const auto deleted = co_await broker_.delete_exchange(call.name, flag_of(call.request, "if_unused"), call.ns);
    co_return deleted.has_error() ? error_response(deleted.error()) : done();
}

awaitable<Response> Admin::bind(Call call) {
    auto binding = read_binding(call.body, call.name);
    if (binding.has_error()) co_return error_response(binding.error());
    const Binding made = *binding;
    const auto bound = co_await broker_.bind(*std::move(binding), call.ns);
    co_return bound.has_error() ? error_response(bound.error()) : json_response(to_json(made));
}

awaitable<Response> Admin::unbind(Call call) {
    Binding binding{
        .exchange = call.name, .queue = text_of(call.request, "queue"), .routing_key = text_of(call.request, "routing_key"), .options = {}};
    const auto unbound = co_await broker_.unbind(std::move(binding), call.ns);
    co_return unbound.has_error() ? error_response(unbound.error()) : done();
}

}  // namespace rowmq::admin
