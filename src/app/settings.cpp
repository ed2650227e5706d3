#include "app/settings.hpp"

namespace rowmq::app {
namespace {

/// `upper` wins where it says something.
void put_over(const Layer& upper, Settings& settings) {
    if (upper.store) settings.store = *upper.store;
    if (upper.durability) settings.durability = *upper.durability;
    if (upper.strict_counting) settings.strict_counting = *upper.strict_counting;
    if (upper.early_delivery) settings.early_delivery = *upper.early_delivery;
    if (upper.log_level) settings.log_level = *upper.log_level;
    settings.tls.put_over(upper.tls);
    if (upper.log_format) settings.log_format = *upper.log_format;
    for (const auto& listen : upper.listens) {
        if (settings.listeners.contains(listen.name)) settings.listeners[listen.name] = listen.endpoint;
    }
    for (const auto& [id, secret] : upper.access_keys) settings.access_keys[id] = secret;
    if (upper.account) settings.account = *upper.account;
    if (upper.region) settings.region = *upper.region;
    if (upper.recreate_after) settings.recreate_after = *upper.recreate_after;
    if (upper.outbound_allow) settings.outbound.allowed = *upper.outbound_allow;
    if (upper.outbound_private) settings.outbound.private_too = settings.outbound.loopback_too = *upper.outbound_private;
    const auto over = [](auto& out, const auto& in) {
        if (in) out = in;
    };
    over(settings.limits.queues, upper.limits.queues);
    over(settings.limits.message_bytes, upper.limits.message_bytes);
    over(settings.limits.write_bytes, upper.limits.write_bytes);
    over(settings.limits.window_entries, upper.limits.window_entries);
    over(settings.limits.windows_entries, upper.limits.windows_entries);
    over(settings.limits.windows_bytes, upper.limits.windows_bytes);
    over(settings.limits.leases_per_session, upper.limits.leases_per_session);
    over(settings.limits.leases_per_queue, upper.limits.leases_per_queue);
    over(settings.limits.disk_free_bytes, upper.limits.disk_free_bytes);
    over(settings.limits.memory_bytes, upper.limits.memory_bytes);
    over(settings.limits.metrics_queues, upper.limits.metrics_queues);
    over(settings.limits.transaction_time, upper.limits.transaction_time);
}

}  // namespace

Result<Settings> settle(const Layer& flags, const Environment& environment, std::string file) {
    Settings settings;
    for (const auto& served : served_listeners) {
        std::optional<Endpoint>& endpoint = settings.listeners[std::string(served.name)];
        if (served.port != 0) endpoint = Endpoint{.address = "127.0.0.1", .port = served.port};
    }
    if (file.empty()) file = environment("ROWMQ_CONFIG").value_or("");
    if (!file.empty()) {
        const auto layer = read_file(file);
        if (layer.has_error()) return layer.error();
        put_over(*layer, settings);
    }
    const auto layer = read_environment(environment);
    if (layer.has_error()) return layer.error();
    put_over(*layer, settings);
    put_over(flags, settings);
    if (auto checked = settings.tls.check(); checked.has_error()) return checked.error();
    return settings;
}

}  // namespace rowmq::app
