#pragma once
// The program's settings: a flag wins over the environment, which wins over the file, which wins over the default.
// Values; errors are invalid_argument and name the setting and where it was written.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/listen.hpp"
#include "app/log.hpp"
#include "app/tls_settings.hpp"
#include "net/outbound_address.hpp"
#include "rowmq/open_options.hpp"

namespace rowmq::app {

/// What one source (flags, environment, file) says; absent members are left to the next.
struct Layer {
    std::optional<std::string> store;
    std::vector<Listen> listens;  ///< a later one of the same name wins
    std::optional<Durability> durability;
    std::optional<bool> strict_counting, early_delivery;
    std::optional<std::string> log_level;
    TlsLayer tls;
    std::optional<LogFormat> log_format;
    OpenLimits limits;
    std::map<std::string, std::string, std::less<>> access_keys;  ///< ids and secrets; those of all layers count
    std::optional<std::string> account, region;
    std::optional<std::chrono::milliseconds> recreate_after;
    std::optional<std::vector<net::AddressRange>> outbound_allow;
    std::optional<bool> outbound_private;
};

struct Settings {
    std::string store = "sqlite:rowmq.db";
    std::map<std::string, std::optional<Endpoint>, std::less<>> listeners;  ///< those served; none: off
    Durability durability = Durability::full;
    bool strict_counting = false;
    bool early_delivery = true;
    std::string log_level = "info";
    TlsSettings tls;
    LogFormat log_format = LogFormat::text;
    OpenLimits limits;
    std::map<std::string, std::string, std::less<>> access_keys;  ///< none: everybody may call SQS and SNS
    std::string account = "000000000000";                         ///< in AWS's names: 12 digits
    std::string region = "us-east-1";                             ///< likewise: 1 to 32 letters, digits, hyphens
    std::chrono::milliseconds recreate_after{0};                  ///< how long SQS refuses the name of a deleted queue
    net::AddressRule outbound;                                    ///< where notifications may be sent
};

/// What stands in a variable of the environment; none when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

/// The variables and what they set: ROWMQ_STORE, ROWMQ_LISTEN ("sqs=...,admin=off"), ROWMQ_DURABILITY,
/// ROWMQ_STRICT_COUNTING, ROWMQ_EARLY_DELIVERY, ROWMQ_LOG_LEVEL, ROWMQ_LOG_FORMAT, ROWMQ_TLS_CERTIFICATE, _KEY, _OPTIONAL, _ADMIN, _CLIENT_CA,
/// _CLIENT_CERTIFICATES and _CLIENT_NAME, ROWMQ_ACCESS_KEYS ("ID:SECRET,..."),
/// ROWMQ_ACCOUNT, ROWMQ_REGION, ROWMQ_SQS_RECREATE_AFTER, ROWMQ_OUTBOUND_ALLOW ("CIDR,..."), ROWMQ_OUTBOUND_PRIVATE, and one a limit (ROWMQ_LIMITS_WRITE_BYTES).
Result<Layer> read_environment(const Environment& environment);
/// TOML: store, durability, strict_counting, early_delivery, log_level, log_format, account, region, [listen], [tls], [limits], [access_keys], [sqs], [outbound]. `where` names
/// it in errors.
Result<Layer> read_toml(std::string_view text, const std::string& where);
Result<Layer> read_file(const std::string& path);

/// The words of a setting's value. Errors: invalid_argument.
Result<Durability> parse_durability(std::string_view word);
/// "on" or "off".
Result<bool> parse_early_delivery(std::string_view word);
Result<std::string> parse_log_level(std::string_view word);
Result<std::string> parse_account(std::string_view word);
Result<std::string> parse_region(std::string_view word);
/// "169.254.10.0/24".
Result<net::AddressRange> parse_outbound(std::string_view word);
/// "ID:SECRET". The error never holds the secret.
Result<std::pair<std::string, std::string>> parse_access_key(std::string_view id_and_secret);

/// `file` named by a flag or ROWMQ_CONFIG; empty: none.
Result<Settings> settle(const Layer& flags, const Environment& environment, std::string file);

}  // namespace rowmq::app
