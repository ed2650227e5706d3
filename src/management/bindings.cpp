// Bindings in all their forms. `properties_key` names one between two: its routing key, and a digest of its arguments.

#include <charconv>

#include "amqp/binding.hpp"
#include "amqp/kept_arguments.hpp"
#include "base/sha256.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"
#include "management/tables.hpp"
#include "rowmq/look.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

/// As in a form: a space is "+".
std::string quoted_key(std::string_view key) {
    std::string out;
    for (const char c : key) out += c == ' ' ? std::string("+") : quoted(std::string_view(&c, 1));
    return out;
}

std::string unquoted_key(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned code = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
            out += static_cast<char>(code);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

/// `arguments`: sorted by name.
std::string properties_key(const std::string& key, const json::object& arguments) {
    std::string out = quoted_key(key);
    if (arguments.empty()) return key.empty() ? "~" : out;
    return out + "~" + sha256_hex(json::serialize(arguments)).substr(0, 8);
}

json::object binding_json(std::string_view source, const std::string& vhost, std::string_view destination, bool to_queue,
                          const std::string& key, json::object arguments) {
    const std::string properties = properties_key(key, arguments);
    return {{"source", source},
            {"vhost", vhost},
            {"destination", destination},
            {"destination_type", to_queue ? "queue" : "exchange"},
            {"routing_key", key},
            {"arguments", std::move(arguments)},
            {"properties_key", properties}};
}

/// The one whose properties_key that is; else whose key it is, written in one way or another.
std::vector<json::object>::const_iterator find_named(const std::vector<json::object>& all, const std::string& wanted) {
    const std::string unquoted = unquoted_key(wanted);
    const auto is_plain = [](const json::object& one) { return one.at("arguments").get_object().empty(); };
    const auto tilde = wanted.find('~');
    const std::string again =
        tilde == std::string::npos ? wanted : quoted_key(unquoted_key(wanted.substr(0, tilde))) + wanted.substr(tilde);
    auto found = std::find_if(all.begin(), all.end(), [&](const json::object& one) { return is_text(one.at("properties_key"), wanted); });
    if (found != all.end()) return found;
    found = std::find_if(all.begin(), all.end(), [&](const json::object& one) {
        return is_text(one.at("properties_key"), again) || (is_plain(one) && is_text(one.at("routing_key"), unquoted));
    });
    if (found != all.end()) return found;
    return std::find_if(all.begin(), all.end(),
                        [&](const json::object& one) { return is_plain(one) && is_text(one.at("routing_key"), wanted); });
}

}  // namespace

std::vector<json::object> Management::bindings_json(const std::string& vhost) {
    std::vector<json::object> all;
    std::string after;
    for (;;) {  // of the default exchange
        const std::vector<QueueInfo> some = broker().queues("", after, 1'000, vhost);
        if (some.empty()) break;
        after = some.back().name;
        for (const QueueInfo& queue : some) all.push_back(binding_json("", vhost, queue.name, true, queue.name, {}));
    }
    for (const ExchangeInfo& exchange : broker().exchanges(vhost)) {
        const auto see = [&](const BindingView& view) {
            const bool to_queue = view.to_exchange.empty();
            for (const HeaderTable& arguments : amqp::arguments_of(view))
                all.push_back(binding_json(view.exchange, vhost, to_queue ? view.queue : view.to_exchange, to_queue, amqp::key_of(view),
                                           to_json(arguments)));
            return true;
        };
        see_bindings(broker(), exchange.name, "", see, vhost);
    }
    return all;
}

awaitable<Answer> Management::list_bindings(Call call) {
    std::vector<json::object> all;
    for (const std::string& vhost : vhosts_of(call))
        for (json::object& one : bindings_json(vhost)) all.push_back(std::move(one));
    co_return list(call, std::move(all), "source");
}

awaitable<Answer> Management::bindings_of_vhost(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    co_return list(call, bindings_json(call.name(0)), "source");
}

/// Of what is not there: none. Tools that make sure that a binding is gone look here first (so RabbitMQ).
awaitable<Answer> Management::bindings_of_queue(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    auto all = bindings_json(call.name(0));
    std::erase_if(all, [&](const json::object& one) {
        return !is_text(one.at("destination"), call.name(1)) || !is_text(one.at("destination_type"), "queue");
    });
    co_return list(call, std::move(all), "source");
}

awaitable<Answer> Management::bindings_from(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    const std::string name = call.name(1) == "amq.default" ? "" : call.name(1);
    auto all = bindings_json(call.name(0));
    std::erase_if(all, [&](const json::object& one) { return !is_text(one.at("source"), name); });
    co_return list(call, std::move(all), "source");
}

awaitable<Answer> Management::bindings_to(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    const bool is_default = call.name(1) == "amq.default";  // nothing is bound to it
    auto all = bindings_json(call.name(0));
    std::erase_if(all, [&](const json::object& one) {
        return is_default || !is_text(one.at("destination"), call.name(1)) || !is_text(one.at("destination_type"), "exchange");
    });
    co_return list(call, std::move(all), "source");
}

/// Of vhost, source and destination, which the path names.
std::vector<json::object> Management::between(const Call& call, bool to_queue) {
    const std::string source = call.name(1) == "amq.default" ? "" : call.name(1);
    auto all = bindings_json(call.name(0));
    std::erase_if(all, [&](const json::object& one) {
        return !is_text(one.at("source"), source) || !is_text(one.at("destination"), call.name(2)) ||
               (is_text(one.at("destination_type"), "queue")) != to_queue;
    });
    return all;
}

awaitable<Answer> Management::bindings_to_queue(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    co_return list(call, between(call, true), "source");
}
awaitable<Answer> Management::bindings_to_exchange(Call call) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    co_return list(call, between(call, false), "source");
}

/// None: it is there now. As queue.bind or exchange.bind of that user.
awaitable<std::optional<Answer>> Management::make_binding(std::string vhost, json::object binding, amqp::LoggedIn by) {
    static const json::object nothing;
    const json::object* arguments = object_of(binding, "arguments");
    const Result<HeaderTable> table = table_of(arguments ? *arguments : nothing);
    if (!table) co_return answer_of(table.error());
    const std::string source = text_of(binding, "source").value_or(""), destination = text_of(binding, "destination").value_or("");
    const std::string key = text_of(binding, "routing_key").value_or("");
    const bool to_queue = text_of(binding, "destination_type").value_or("queue") == "queue";
    if (source.empty() || (!to_queue && destination.empty())) co_return not_authorised("operation not permitted on the default exchange");
    amqp::Rights rights(broker(), by.name, vhost, by.everything);
    auto refusal = to_queue ? rights.queue(amqp::Right::write, destination) : rights.exchange(amqp::Right::write, destination);
    if (!refusal) refusal = rights.exchange(amqp::Right::read, source);
    if (!refusal) refusal = rights.topic(amqp::Right::read, source, key);
    if (refusal) co_return answer_of(*refusal);
    if (!broker().exchange(source, vhost)) co_return refused(404, "not_found", "no " + amqp::exchange_text(source, vhost));
    if (to_queue ? !broker().queue(destination, vhost).has_value() : !broker().exchange(destination, vhost).has_value())
        co_return refused(404, "not_found",
                          "no " + (to_queue ? amqp::queue_text(destination, vhost) : amqp::exchange_text(destination, vhost)));
    Binding bound = amqp::binding_of(broker(), vhost, source, key, *table);
    (to_queue ? bound.queue : bound.to_exchange) = destination;
    if (const auto wrong = amqp::refusal_of(broker(), vhost, bound, *table)) co_return answer_of(*wrong);
    const Result<void> done = co_await amqp::bind_with(broker(), vhost, std::move(bound), *table);
    if (!amqp::is_content_with(done)) co_return answer_of(done.error());
    service_.note_bound(vhost, source);
    co_return std::nullopt;
}

awaitable<Answer> Management::post_binding(Call call, bool to_queue) {
    if (auto refusal = unless_enters(call, call.name(0))) co_return *std::move(refusal);
    json::object binding = call.body;
    binding["source"] = call.name(1) == "amq.default" ? "" : call.name(1);
    binding["destination"] = call.name(2);
    binding["destination_type"] = to_queue ? "queue" : "exchange";
    std::optional<Answer> wrong = co_await make_binding(call.name(0), std::move(binding), call.user);
    if (wrong) co_return *std::move(wrong);
    Answer answer = created();
    const json::object* arguments = object_of(call.body, "arguments");
    const Result<HeaderTable> table = table_of(arguments ? *arguments : json::object());
    const json::object shown = table ? to_json(amqp::sorted(*table)) : json::object();
    const std::string key = properties_key(text_of(call.body, "routing_key").value_or(""), shown);
    std::string location = quoted(call.name(2)) + "/";
    for (const char c : key) location += c == '~' ? std::string(1, c) : quoted(std::string_view(&c, 1));  // it is a part of a path now
    answer.fields.emplace_back("Location", location);
    co_return answer;
}
awaitable<Answer> Management::post_binding_to_queue(Call call) { return post_binding(std::move(call), true); }
awaitable<Answer> Management::post_binding_to_exchange(Call call) { return post_binding(std::move(call), false); }

Answer Management::get_binding(const Call& call, bool to_queue) {
    if (auto refusal = unless_enters(call, call.name(0))) return *std::move(refusal);
    const auto all = between(call, to_queue);
    const auto found = find_named(all, call.name(3));
    return found == all.end() ? not_found() : json_answer(*found);
}
awaitable<Answer> Management::get_binding_to_queue(Call call) { co_return get_binding(call, true); }
awaitable<Answer> Management::get_binding_to_exchange(Call call) { co_return get_binding(call, false); }

awaitable<Answer> Management::delete_binding(Call call, bool to_queue) {
    const std::string vhost = call.name(0);
    if (auto refusal = unless_enters(call, vhost)) co_return *std::move(refusal);
    const auto all = between(call, to_queue);
    const auto found = find_named(all, call.name(3));
    if (found == all.end()) co_return not_found();
    const std::string source = *text_of(*found, "source"), destination = *text_of(*found, "destination"),
                      key = *text_of(*found, "routing_key");
    if (source.empty()) co_return not_authorised("operation not permitted on the default exchange");
    amqp::Rights rights = this->rights(call, vhost);
    auto refusal = to_queue ? rights.queue(amqp::Right::write, destination) : rights.exchange(amqp::Right::write, destination);
    if (!refusal) refusal = rights.exchange(amqp::Right::read, source);
    if (!refusal) refusal = rights.topic(amqp::Right::read, source, key);
    if (refusal) co_return answer_of(*refusal);
    // Where arguments tell bindings apart the stored key is made of them: it is looked for, not made again.
    std::string stored_key;
    HeaderTable arguments;
    const auto see = [&](const BindingView& view) {
        const bool same_end = to_queue ? view.queue == destination && view.to_exchange.empty() : view.to_exchange == destination;
        if (!same_end || amqp::key_of(view) != key) return true;
        for (HeaderTable& one : amqp::arguments_of(view)) {
            if (to_json(one) != found->at("arguments").get_object()) continue;
            stored_key = std::string(view.routing_key);
            arguments = std::move(one);
            return false;
        }
        return true;
    };
    see_bindings(broker(), source, "", see, vhost);
    Binding binding{.exchange = source, .queue = {}, .routing_key = stored_key};
    (to_queue ? binding.queue : binding.to_exchange) = destination;
    const Result<void> unbound = co_await amqp::unbind_with(broker(), vhost, std::move(binding), std::move(arguments));
    if (!unbound) co_return answer_of(unbound.error());
    co_await service_.delete_unbound_exchanges(vhost);
    co_return done();
}
awaitable<Answer> Management::delete_binding_to_queue(Call call) { return delete_binding(std::move(call), true); }
awaitable<Answer> Management::delete_binding_to_exchange(Call call) { return delete_binding(std::move(call), false); }

}  // namespace rowmq::management
