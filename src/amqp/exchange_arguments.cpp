#include "amqp/exchange_arguments.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "amqp/kept_arguments.hpp"
#include "amqp/table.hpp"

namespace rowmq::amqp {
namespace {

constexpr const char *durable = "amqp.durable", *auto_delete = "amqp.auto-delete", *internal = "amqp.internal", *delaying = "amqp.delayed";
constexpr std::string_view delayed_type = "x-delayed-message", hash_header = "hash-header", hash_property = "hash-property";

constexpr std::pair<std::string_view, ExchangeKind> types[] = {{"direct", ExchangeKind::direct},
                                                               {"fanout", ExchangeKind::fanout},
                                                               {"topic", ExchangeKind::topic},
                                                               {"headers", ExchangeKind::headers},
                                                               {"x-consistent-hash", ExchangeKind::hash}};

std::optional<ExchangeKind> kind_of(std::string_view type) {
    for (const auto& [name, kind] : types)
        if (name == type) return kind;
    return std::nullopt;
}

std::string_view name_of(ExchangeKind wanted) {
    for (const auto& [name, kind] : types)
        if (kind == wanted) return name;
    return "direct";
}

/// As declared: a policy may have given it another (policies.hpp).
std::string alternate_of(const ExchangeOptions& options) {
    const auto declared = options.attributes.find("amqp.policy");
    return declared == options.attributes.end() ? options.alternate : declared->second;
}

const std::string* text_of(const HeaderTable& arguments, std::string_view name) {
    const HeaderValue* value = find(arguments, name);
    return value ? std::get_if<std::string>(&value->value) : nullptr;
}

using What = HashOn::What;
constexpr std::array<std::pair<std::string_view, What>, 3> hashed_properties{
    {{"message_id", What::message_id}, {"correlation_id", What::correlation_id}, {"timestamp", What::timestamp}}};

boost::system::result<HashOn, Refusal> hash_on_of(const ExchangeDeclare& method) {
    for (const std::string_view name : {hash_header, hash_property}) {
        const HeaderValue* value = find(method.arguments, name);
        if (value && !std::holds_alternative<std::string>(value->value))
            return Refusal(Code::precondition_failed, fmt::format("invalid arg '{}' for exchange '{}': {{unacceptable_type,{}}}", name,
                                                                  method.exchange, type_name(*value)));
    }
    const std::string *header = text_of(method.arguments, hash_header), *property = text_of(method.arguments, hash_property);
    if (header && property) return Refusal(Code::precondition_failed, "hash-header and hash-property are mutually exclusive");
    if (header) return HashOn{What::header, *header};
    if (!property) return HashOn{};
    for (const auto& [name, what] : hashed_properties)
        if (*property == name) return HashOn{what};
    return Refusal(Code::precondition_failed, fmt::format("Unsupported property: {}", *property));
}

void add_hash_on(HeaderTable& table, const HashOn& on) {
    if (on.what == What::header) table.push_back({std::string(hash_header), {on.header, {}}});
    for (const auto& [name, what] : hashed_properties)
        if (on.what == what) table.push_back({std::string(hash_property), {std::string(name), {}}});
}

bool is(const ExchangeOptions& options, const char* name, const char* value) {
    const auto found = options.attributes.find(name);
    return found != options.attributes.end() && found->second == value;
}

/// Arguments that became options; all others are kept as they came.
bool is_kept_elsewhere(std::string_view name, const ExchangeOptions& options) {
    if (name == "alternate-exchange") return true;
    if (name == "x-delayed-type") return is_delaying(options);
    return options.kind == ExchangeKind::hash && (name == hash_header || name == hash_property);
}

}  // namespace

boost::system::result<ExchangeOptions, Refusal> options_of(const ExchangeDeclare& method, std::string_view vhost) {
    ExchangeOptions options;
    std::string_view type = method.type;
    if (type == delayed_type) {
        const std::string* routed_as = text_of(method.arguments, "x-delayed-type");
        if (!routed_as || !kind_of(*routed_as))
            return Refusal(Code::precondition_failed, "Invalid argument, 'x-delayed-type' must be an existing exchange type");
        type = *routed_as;
        options.attributes[delaying] = "true";
    }
    const auto kind = kind_of(type);
    if (!kind) return Refusal(Code::command_invalid, fmt::format("unknown exchange type '{}'", method.type));
    options.kind = *kind;
    if (options.kind == ExchangeKind::hash) {
        auto on = hash_on_of(method);
        if (!on) return on.error();
        options.hash_on = *std::move(on);
    }
    if (const HeaderValue* value = find(method.arguments, "alternate-exchange")) {
        const auto* name = std::get_if<std::string>(&value->value);
        if (!name)
            return Refusal(Code::precondition_failed, fmt::format("invalid type '{}' for arg 'alternate-exchange' in {}", type_name(*value),
                                                                  exchange_text(method.exchange, vhost)));
        options.alternate = *name;
    }
    if (!method.durable) options.attributes[durable] = "false";
    if (method.auto_delete) options.attributes[auto_delete] = "true";
    if (method.internal) options.attributes[internal] = "true";
    HeaderTable others;
    for (const Header& one : method.arguments)
        if (!is_kept_elsewhere(one.name, options)) others.push_back(one);
    if (!others.empty()) options.attributes[arguments_attribute] = kept_tables({sorted(std::move(others))});
    return options;
}

std::optional<Refusal> difference(const ExchangeDeclare& method, const ExchangeOptions& existing, std::string_view what) {
    const auto inequivalent = [&](std::string_view name, std::string_view received, std::string_view current) {
        return Refusal(Code::precondition_failed,
                       fmt::format("inequivalent arg '{}' for {}: received {} but current is {}", name, what, received, current));
    };
    const auto flag = [](bool value) { return value ? "'true'" : "'false'"; };
    if (method.type != type_of(existing))
        return inequivalent("type", fmt::format("'{}'", method.type), fmt::format("'{}'", type_of(existing)));
    if (method.durable != is_durable(existing)) return inequivalent("durable", flag(method.durable), flag(is_durable(existing)));
    if (method.auto_delete != is_auto_delete(existing))
        return inequivalent("auto_delete", flag(method.auto_delete), flag(is_auto_delete(existing)));
    if (method.internal != is_internal(existing)) return inequivalent("internal", flag(method.internal), flag(is_internal(existing)));
    const std::string* alternate = text_of(method.arguments, "alternate-exchange");
    const auto said = [](std::string_view name) {
        return name.empty() ? std::string("none") : fmt::format("the value '{}' of type 'longstr'", name);
    };
    const std::string declared = alternate_of(existing);
    if ((alternate ? *alternate : std::string()) != declared)
        return inequivalent("alternate-exchange", said(alternate ? *alternate : std::string()), said(declared));
    return std::nullopt;
}

std::string_view type_of(const ExchangeOptions& options) { return is_delaying(options) ? delayed_type : name_of(options.kind); }

HeaderTable arguments_of(const ExchangeOptions& options) {
    HeaderTable table;
    if (is_delaying(options)) table.push_back({"x-delayed-type", {std::string(name_of(options.kind)), {}}});
    add_hash_on(table, options.hash_on);
    if (const std::string alternate = alternate_of(options); !alternate.empty()) table.push_back({"alternate-exchange", {alternate, {}}});
    if (const auto kept = options.attributes.find(arguments_attribute); kept != options.attributes.end())
        for (HeaderTable& others : tables_kept_in(kept->second))
            for (Header& one : others) table.push_back(std::move(one));
    return table;
}

bool is_durable(const ExchangeOptions& options) { return !is(options, durable, "false"); }
bool is_auto_delete(const ExchangeOptions& options) { return is(options, auto_delete, "true"); }
bool is_internal(const ExchangeOptions& options) { return is(options, internal, "true"); }
bool is_delaying(const ExchangeOptions& options) { return is(options, delaying, "true"); }

}  // namespace rowmq::amqp
