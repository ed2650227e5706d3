// Limits of virtual hosts and users.

#include <fmt/format.h>

#include <algorithm>

#include "amqp/limits.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;
using amqp::Limited;

/// RabbitMQ tells what was wrong with a runtime parameter, as a virtual host's limits are, with more words around it.
Answer refusal(Limited of, const std::string& why) {
    return bad_request(of == Limited::vhost ? fmt::format("Validation failed\n\n{}\n", why) : why);
}

void add_limits(std::vector<json::object>& all, const Broker& broker, Limited of, const std::string& name) {
    json::object limits = amqp::limits_of(broker, of, name);
    if (!limits.empty()) all.push_back({{of == Limited::vhost ? "vhost" : "user", name}, {"value", std::move(limits)}});
}

}  // namespace

awaitable<Answer> Management::vhost_limits(Call call) {
    std::vector<json::object> all;
    if (!call.names.empty()) {
        if (auto wrong = unless_enters(call, call.name(0))) co_return *std::move(wrong);
        add_limits(all, broker(), Limited::vhost, call.name(0));
    } else {
        for (const std::string& vhost : vhosts_of(call)) add_limits(all, broker(), Limited::vhost, vhost);
    }
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::user_limits(Call call) {
    std::vector<json::object> all;
    const auto& users = broker().access().users;
    if (!call.names.empty() && !users.contains(call.name(0))) co_return not_found();
    for (const auto& [name, user] : users)
        if (call.names.empty() || name == call.name(0)) add_limits(all, broker(), Limited::user, name);
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::put_limit(Call call, Limited of) {
    const std::string &whose = call.name(0), &name = call.name(1);
    if (of == Limited::vhost && !service_.has_vhost(whose)) co_return refused(404, "not_found", "vhost_not_found");
    if (of == Limited::user && !broker().access().users.contains(whose)) co_return refused(404, "not_found", "user_not_found");
    if (auto wrong = missing(call.body, {"value"})) co_return *std::move(wrong);
    // rabbitmqadmin sends numbers as text.
    const auto number = number_of(call.body, "value");
    json::object limits = amqp::limits_of(broker(), of, whose);
    limits[name] = number ? json::value(*number) : call.body.at("value");
    if (const auto why = amqp::wrong_limits(of, limits)) co_return refusal(of, *why);
    std::vector<AccessChange> changes{amqp::kept_limits(of, whose, limits)};
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

awaitable<Answer> Management::delete_limit(Call call, Limited of) {
    const std::string& whose = call.name(0);
    if (of == Limited::vhost && !service_.has_vhost(whose)) co_return refused(404, "not_found", "vhost_not_found");
    if (of == Limited::user && !broker().access().users.contains(whose)) co_return refused(404, "not_found", "user_not_found");
    json::object limits = amqp::limits_of(broker(), of, whose);
    const std::size_t before = limits.size();
    limits.erase(call.name(1));
    if (of == Limited::user && call.name(1) == "all") limits.clear();
    if (limits.size() == before) co_return done();
    std::vector<AccessChange> changes;
    if (limits.empty()) changes.emplace_back(amqp::no_limits(of, whose));
    else changes.emplace_back(amqp::kept_limits(of, whose, limits));
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

awaitable<Answer> Management::put_vhost_limit(Call call) { return put_limit(std::move(call), Limited::vhost); }
awaitable<Answer> Management::delete_vhost_limit(Call call) { return delete_limit(std::move(call), Limited::vhost); }
awaitable<Answer> Management::put_user_limit(Call call) { return put_limit(std::move(call), Limited::user); }
awaitable<Answer> Management::delete_user_limit(Call call) { return delete_limit(std::move(call), Limited::user); }

}  // namespace rowmq::management
