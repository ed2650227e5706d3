// Under the names RabbitMQ's Prometheus plugin has for them: what its dashboards join everything with, and totals.

#include "admin/metrics/families.hpp"
#include "base/process_descriptors.hpp"
#include "base/process_memory.hpp"

namespace rowmq::admin::metrics {

void add_rabbitmq(std::vector<MetricFamily>& families, const BrokerMetrics& broker, const RabbitmqFacts& facts) {
    const auto count = [](auto number) { return static_cast<double>(number); };
    auto identity = gauge_family("rabbitmq_identity_info", "RabbitMQ node & cluster identity info");
    add(identity, 1,
        {{"rabbitmq_node", facts.node}, {"rabbitmq_cluster", facts.cluster}, {"rabbitmq_cluster_permanent_id", broker.health.store_id}});
    families.push_back(std::move(identity));
    auto build = gauge_family("rabbitmq_build_info", "RabbitMQ & Erlang/OTP version info");
    add(build, 1, {{"rabbitmq_version", facts.version}});
    families.push_back(std::move(build));
    families.push_back(gauge("rabbitmq_connections", "Connections currently open", count(facts.connections)));
    families.push_back(gauge("rabbitmq_channels", "Channels currently open", count(facts.channels)));
    families.push_back(gauge("rabbitmq_consumers", "Consumers currently connected", count(facts.consumers)));
    families.push_back(gauge("rabbitmq_queues", "Queues available", count(broker.health.queues)));
    families.push_back(counter("rabbitmq_connections_opened_total", "Total number of connections opened", count(facts.connections_opened)));
    families.push_back(counter("rabbitmq_connections_closed_total", "Total number of connections closed or terminated",
                               count(facts.connections_opened - facts.connections)));
    if (broker.store.disk_free_bytes)
        families.push_back(
            gauge("rabbitmq_disk_space_available_bytes", "Disk space available in bytes", count(*broker.store.disk_free_bytes)));
    families.push_back(gauge("rabbitmq_alarms_free_disk_space_watermark", "is 1 if free disk space watermark alarm is in effect",
                             broker.alarms.disk.has_value()));
    families.push_back(
        gauge("rabbitmq_alarms_memory_used_watermark", "is 1 if VM memory watermark alarm is in effect", broker.alarms.memory.has_value()));
    families.push_back(gauge("rabbitmq_resident_memory_limit_bytes", "Memory high watermark in bytes", count(facts.memory_limit_bytes)));
    families.push_back(gauge("rabbitmq_process_resident_memory_bytes", "Memory used in bytes", count(resident_memory())));
    families.push_back(gauge("rabbitmq_process_open_fds", "Open file descriptors", count(open_descriptors())));
    families.push_back(gauge("rabbitmq_process_max_fds", "Open file descriptors limit", count(most_descriptors())));
    families.push_back(gauge("rabbitmq_process_open_tcp_sockets", "Open TCP sockets", count(facts.connections)));
    families.push_back(gauge("rabbitmq_process_max_tcp_sockets", "Open TCP sockets limit", count(facts.most_connections)));
    for (const RabbitmqFacts::Number& number : facts.traffic) {
        auto family = number.name.ends_with("_total") ? counter_family(number.name, number.help) : gauge_family(number.name, number.help);
        add(family, number.value, number.labels);
        families.push_back(std::move(family));
    }
}

}  // namespace rowmq::admin::metrics
