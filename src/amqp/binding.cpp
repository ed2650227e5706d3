#include "amqp/binding.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "amqp/kept_arguments.hpp"
#include "amqp/table.hpp"
#include "base/sha256.hpp"

namespace rowmq::amqp {
namespace {

constexpr const char* own_key = "amqp.routing_key";

std::vector<HeaderTable> tables_of(const BindingOptions& options) {
    const auto kept = options.attributes.find(arguments_attribute);
    if (kept != options.attributes.end())
        if (std::vector<HeaderTable> tables = tables_kept_in(kept->second); !tables.empty()) return tables;
    HeaderTable table = options.headers;
    if (!table.empty() || options.match == BindingOptions::Match::any)
        table.push_back({"x-match", {std::string(options.match == BindingOptions::Match::any ? "any" : "all"), {}}});
    return {sorted(std::move(table))};
}

/// Where there is nothing to keep, nothing is: such a binding needs no options.
void keep(const std::vector<HeaderTable>& tables, BindingOptions& options) {
    options.attributes.erase(arguments_attribute);
    if (tables.size() > 1 || !tables.front().empty()) options.attributes[arguments_attribute] = kept_tables(tables);
}

auto position(const std::vector<HeaderTable>& tables, const HeaderTable& wanted) {
    const std::string bytes = kept_tables({wanted});
    return std::find_if(tables.begin(), tables.end(), [&](const HeaderTable& one) { return kept_tables({one}) == bytes; });
}

}  // namespace

/// Bindings of a headers exchange are told apart by their arguments, ours by their key: there the key is a digest of both.
Binding binding_of(const Broker& broker, const std::string& vhost, const std::string& exchange, const std::string& key,
                   const HeaderTable& arguments) {
    Binding binding;
    binding.exchange = exchange;
    binding.routing_key = key;
    const Result<ExchangeInfo> info = broker.exchange(exchange, vhost);
    if (!info || info->options.kind != ExchangeKind::headers) return binding;
    const HeaderValue* said = find(arguments, "x-match");
    const auto* text = said ? std::get_if<std::string>(&said->value) : nullptr;
    const std::string match = text ? *text : "all";
    for (const auto& [name, value] : arguments) {
        if (name == "x-match") continue;
        if (name.starts_with("x-") && !match.ends_with("-with-x")) continue;
        binding.options.headers.push_back({name, value});
    }
    binding.options.match = match.starts_with("any") ? BindingOptions::Match::any : BindingOptions::Match::all;
    std::string bytes = key;
    bytes += '\0';
    wire::Writer writer(bytes);
    write_table(writer, sorted(arguments));
    binding.routing_key = sha256_hex(bytes).substr(0, 32);
    binding.options.attributes[own_key] = key;
    return binding;
}

namespace {

std::optional<Refusal> refusal_of_match(const HeaderTable& arguments) {
    const HeaderValue* said = find(arguments, "x-match");
    if (!said) return std::nullopt;
    const auto* match = std::get_if<std::string>(&said->value);
    const auto* number = std::get_if<std::int64_t>(&said->value);
    if (!match)
        return Refusal(Code::precondition_failed, fmt::format("Invalid x-match field type {} (value {}); expected longstr",
                                                              type_name(*said), number ? std::to_string(*number) : "..."));
    for (const std::string_view known : {"all", "any", "all-with-x", "any-with-x"})
        if (*match == known) return std::nullopt;
    return Refusal(Code::precondition_failed,
                   fmt::format("Invalid x-match field value <<\"{}\">>; expected all, any, all-with-x, or any-with-x", *match));
}

}  // namespace

std::optional<Refusal> refusal_of(const Broker& broker, const std::string& vhost, const Binding& binding, const HeaderTable& arguments) {
    const Result<ExchangeInfo> info = broker.exchange(binding.exchange, vhost);
    if (info && info->options.kind == ExchangeKind::headers) return refusal_of_match(arguments);
    if (!info || info->options.kind != ExchangeKind::hash) return std::nullopt;
    std::string_view digits = binding.routing_key;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
        return Refusal(Code::precondition_failed, fmt::format("The binding key must be an integer: <<\"{}\">>", binding.routing_key));
    if (negative || digits.find_first_not_of('0') == std::string_view::npos)
        return Refusal(Code::precondition_failed, "The binding key must be greater than 0");
    return std::nullopt;
}

bool is_content_with(const Result<void>& bound) { return bound || bound.error().code == Errc::already_exists; }

awaitable<Result<void>> bind_with(Broker& broker, std::string vhost, Binding binding, HeaderTable arguments) {
    std::vector<HeaderTable> tables;
    if (!binding.options.attributes.contains(own_key))
        if (const auto there = find_binding(broker, binding, vhost)) tables = tables_of(*there);
    arguments = sorted(std::move(arguments));
    if (position(tables, arguments) == tables.end()) tables.push_back(std::move(arguments));
    keep(tables, binding.options);
    const Result<void> done = co_await broker.bind(std::move(binding), std::move(vhost));
    co_return done;
}

bool is_bound(const Broker& broker, const std::string& vhost, const Binding& binding) {
    return find_binding(broker, binding, vhost).has_value();
}

awaitable<Result<void>> unbind_with(Broker& broker, std::string vhost, Binding binding, HeaderTable arguments) {
    const auto there = find_binding(broker, binding, vhost);
    if (there && !there->attributes.contains(own_key)) {
        std::vector<HeaderTable> tables = tables_of(*there);
        const auto found = position(tables, sorted(std::move(arguments)));
        if (found == tables.end()) co_return Error{Errc::no_such_binding, "there is no binding with these arguments"};
        tables.erase(found);
        if (!tables.empty()) {
            binding.options = *there;
            keep(tables, binding.options);
            const Result<void> done = co_await broker.bind(std::move(binding), std::move(vhost));
            co_return done;
        }
    }
    const Result<void> done = co_await broker.unbind(std::move(binding), std::move(vhost));
    co_return done;
}

std::vector<HeaderTable> arguments_of(const BindingView& binding) { return tables_of(binding.options); }

std::string key_of(const BindingView& binding) {
    const auto said = binding.options.attributes.find(own_key);
    return said == binding.options.attributes.end() ? std::string(binding.routing_key) : said->second;
}

}  // namespace rowmq::amqp
