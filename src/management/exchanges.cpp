// Exchanges. The default one is listed by its empty name.

#include <fmt/format.h>

#include "amqp/exchange_arguments.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"
#include "management/tables.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

json::object default_exchange(const std::string& vhost) {
    return {{"name", ""},           {"vhost", vhost},    {"type", "direct"},           {"durable", true},
            {"auto_delete", false}, {"internal", false}, {"arguments", json::object()}};
}

}  // namespace

json::object Management::exchange_json(const ExchangeInfo& exchange) {
    json::object out{{"name", exchange.name},
                     {"vhost", exchange.ns},
                     {"type", amqp::type_of(exchange.options)},
                     {"durable", amqp::is_durable(exchange.options)},
                     {"auto_delete", amqp::is_auto_delete(exchange.options)},
                     {"internal", amqp::is_internal(exchange.options)},
                     {"arguments", to_json(amqp::arguments_of(exchange.options))}};
    if (const auto applied = service_.policies.of_exchange(exchange.ns, exchange.name); applied.policy)
        out["policy"] = applied.policy->name;
    return out;
}

std::vector<json::object> Management::exchanges_json(const std::string& vhost) {
    std::vector<json::object> all{default_exchange(vhost)};
    for (const ExchangeInfo& exchange : broker().exchanges(vhost)) all.push_back(exchange_json(exchange));
    return all;
}

awaitable<Answer> Management::list_exchanges(Call call) {
    std::vector<json::object> all;
    for (const std::string& vhost : vhosts_of(call))
        for (json::object& one : exchanges_json(vhost)) all.push_back(std::move(one));
    co_return list(call, std::move(all), "name", true);
}

awaitable<Answer> Management::exchanges_of_vhost(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    co_return list(call, exchanges_json(call.name(0)), "name", true);
}

awaitable<Answer> Management::get_exchange(Call call) {
    const std::string &vhost = call.name(0), &name = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (name.empty() || name == "amq.default") co_return json_answer(with_columns(call, default_exchange(vhost)));
    const Result<ExchangeInfo> exchange = broker().exchange(name, vhost);
    if (!exchange) co_return not_found();
    co_return json_answer(with_columns(call, exchange_json(*exchange)));
}

/// None: it is there now. As exchange.declare of that user.
awaitable<std::optional<Answer>> Management::make_exchange(std::string vhost, std::string name, json::object body, amqp::LoggedIn by,
                                                           bool& is_new) {
    static const json::object nothing;
    const json::object* arguments = object_of(body, "arguments");
    const Result<HeaderTable> table = table_of(arguments ? *arguments : nothing);
    if (!table) co_return answer_of(table.error());
    if (auto wrong = unless_flags(body, {"durable", "auto_delete", "internal"})) co_return wrong;
    amqp::ExchangeDeclare method;
    method.exchange = name;
    method.type = text_of(body, "type").value_or("direct");
    method.durable = flag_of(body, "durable");
    method.auto_delete = flag_of(body, "auto_delete");
    method.internal = flag_of(body, "internal");
    method.arguments = *table;
    amqp::Rights rights(broker(), by.name, vhost, by.everything);
    if (const auto refusal = rights.exchange(amqp::Right::configure, name)) co_return answer_of(*refusal);
    auto options = amqp::options_of(method, vhost);
    if (!options) co_return answer_of(options.error());
    if (!options->alternate.empty()) {
        auto refusal = rights.exchange(amqp::Right::read, name);
        if (!refusal) refusal = rights.exchange(amqp::Right::write, options->alternate);
        if (refusal) co_return answer_of(*refusal);
    }
    is_new = false;
    if (const Result<ExchangeInfo> existing = broker().exchange(name, vhost)) {
        if (const auto refusal = amqp::difference(method, existing->options, amqp::exchange_text(name, vhost)))
            co_return answer_of(*refusal);
        co_return std::nullopt;
    }
    if (name.empty()) co_return not_authorised("operation not permitted on the default exchange");
    if (name.starts_with("amq.")) co_return not_authorised(fmt::format("exchange name '{}' contains reserved prefix 'amq.*'", name));
    const amqp::Applied applied = service_.policies.of_exchange(vhost, name);
    ExchangeOptions effective = with(applied, *std::move(options));
    const Result<ExchangeInfo> made = co_await broker().declare_exchange(name, std::move(effective), vhost);
    if (!made) co_return answer_of(made.error());
    service_.note_exchange(vhost, name, made->options);
    is_new = true;
    co_return std::nullopt;
}

awaitable<Answer> Management::put_exchange(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    bool is_new = false;
    std::optional<Answer> wrong = co_await make_exchange(call.name(0), call.name(1), call.body, call.user, is_new);
    if (wrong) co_return *std::move(wrong);
    co_return stored(is_new);
}

awaitable<Answer> Management::delete_exchange(Call call) {
    const std::string vhost = call.name(0), name = call.name(1);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    if (name.empty() || name.starts_with("amq.")) co_return not_authorised("Access refused.");
    if (!broker().exchange(name, vhost)) co_return not_found();
    amqp::Rights rights = this->rights(call, vhost);
    if (const auto refusal = rights.exchange(amqp::Right::configure, name)) co_return answer_of(*refusal);
    const Result<void> deleted = co_await broker().delete_exchange(name, call.flag("if-unused"), vhost);
    if (!deleted && deleted.error().code == Errc::in_use) co_return bad_request(amqp::exchange_text(name, vhost) + " in use");
    if (!deleted) co_return answer_of(deleted.error());
    service_.forget_exchange(vhost, name);
    co_await service_.delete_unbound_exchanges(vhost);
    co_return done();
}

}  // namespace rowmq::management
