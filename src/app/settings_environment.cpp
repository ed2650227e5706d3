// Settings out of the environment.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "app/settings_values.hpp"

namespace rowmq::app {
namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return out;
}

Result<void> read_outbound_environment(const Environment& environment, Layer& layer) {
    if (const auto text = environment("ROWMQ_OUTBOUND_PRIVATE")) {
        layer.outbound_private = flag_of(*text);
        if (!layer.outbound_private) return refused("ROWMQ_OUTBOUND_PRIVATE is not true or false");
    }
    const auto text = environment("ROWMQ_OUTBOUND_ALLOW");
    if (!text) return {};
    layer.outbound_allow.emplace();
    std::istringstream parts(*text);
    for (std::string part; std::getline(parts, part, ',');) {
        auto range = parse_outbound(trimmed(part));
        if (range.has_error()) return at("ROWMQ_OUTBOUND_ALLOW", range.error());
        layer.outbound_allow->push_back(*std::move(range));
    }
    return {};
}

/// What SQS and SNS are told.
Result<void> read_aws_environment(const Environment& environment, Layer& layer) {
    if (const auto text = environment("ROWMQ_ACCESS_KEYS")) {
        std::istringstream parts(*text);
        for (std::string part; std::getline(parts, part, ',');) {
            if (trimmed(part).empty()) continue;
            auto key = parse_access_key(trimmed(part));
            if (key.has_error()) return at("ROWMQ_ACCESS_KEYS", key.error());
            layer.access_keys.insert_or_assign(std::move(key->first), std::move(key->second));
        }
    }
    if (const auto text = environment("ROWMQ_ACCOUNT")) {
        auto account = parse_account(*text);
        if (account.has_error()) return at("ROWMQ_ACCOUNT", account.error());
        layer.account = *std::move(account);
    }
    if (const auto text = environment("ROWMQ_REGION")) {
        auto region = parse_region(*text);
        if (region.has_error()) return at("ROWMQ_REGION", region.error());
        layer.region = *std::move(region);
    }
    if (const auto text = environment("ROWMQ_SQS_RECREATE_AFTER")) return set_recreate_after(layer, *text, "ROWMQ_SQS_RECREATE_AFTER");
    return {};
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    };
}

Result<Layer> read_environment(const Environment& environment) {
    Layer layer;
    layer.store = environment("ROWMQ_STORE");
    if (const auto text = environment("ROWMQ_LISTEN")) {
        std::istringstream parts(*text);
        for (std::string part; std::getline(parts, part, ',');) {
            if (trimmed(part).empty()) continue;
            auto listen = parse_listen(trimmed(part));
            if (listen.has_error()) return at("ROWMQ_LISTEN", listen.error());
            layer.listens.push_back(std::move(*listen));
        }
    }
    if (const auto text = environment("ROWMQ_DURABILITY")) {
        const auto durability = parse_durability(*text);
        if (durability.has_error()) return at("ROWMQ_DURABILITY", durability.error());
        layer.durability = *durability;
    }
    if (const auto text = environment("ROWMQ_STRICT_COUNTING")) {
        layer.strict_counting = flag_of(*text);
        if (!layer.strict_counting) return refused("ROWMQ_STRICT_COUNTING is not true or false");
    }
    if (const auto text = environment("ROWMQ_EARLY_DELIVERY")) {
        const auto early = parse_early_delivery(*text);
        if (early.has_error()) return at("ROWMQ_EARLY_DELIVERY", early.error());
        layer.early_delivery = *early;
    }
    if (const auto text = environment("ROWMQ_LOG_LEVEL")) {
        auto level = parse_log_level(*text);
        if (level.has_error()) return at("ROWMQ_LOG_LEVEL", level.error());
        layer.log_level = std::move(*level);
    }
    if (const auto text = environment("ROWMQ_LOG_FORMAT")) {
        const auto format = parse_log_format(*text);
        if (format.has_error()) return at("ROWMQ_LOG_FORMAT", format.error());
        layer.log_format = *format;
    }
    layer.tls.certificate = environment("ROWMQ_TLS_CERTIFICATE");
    layer.tls.key = environment("ROWMQ_TLS_KEY");
    layer.tls.client_ca = environment("ROWMQ_TLS_CLIENT_CA");
    if (const auto text = environment("ROWMQ_TLS_CLIENT_CERTIFICATES")) {
        const auto clients = parse_client_certificates(*text);
        if (clients.has_error()) return at("ROWMQ_TLS_CLIENT_CERTIFICATES", clients.error());
        layer.tls.clients = *clients;
    }
    if (const auto text = environment("ROWMQ_TLS_CLIENT_NAME")) {
        const auto name = parse_client_name(*text);
        if (name.has_error()) return at("ROWMQ_TLS_CLIENT_NAME", name.error());
        layer.tls.client_name = *name;
    }
    for (const auto& [name, choice] :
         {std::pair("ROWMQ_TLS_OPTIONAL", &layer.tls.plain_too), std::pair("ROWMQ_TLS_ADMIN", &layer.tls.admin)}) {
        const auto text = environment(name);
        if (!text) continue;
        *choice = flag_of(*text);
        if (!*choice) return refused(fmt::format("{} is not true or false", name));
    }
    if (auto read = read_aws_environment(environment, layer); read.has_error()) return std::move(read).error();
    if (auto read = read_outbound_environment(environment, layer); read.has_error()) return std::move(read).error();
    for (const auto& limit : limits) {
        const auto name = "ROWMQ_LIMITS_" + upper(limit.name);
        const auto text = environment(name);
        if (!text) continue;
        if (auto set = set_limit(layer.limits, limit, number_of(*text), name); set.has_error()) return std::move(set).error();
    }
    return layer;
}

}  // namespace rowmq::app
