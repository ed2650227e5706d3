// Under the names RabbitMQ's Prometheus plugin has for them: what its dashboards join everything with, and totals.

#include "admin/metrics/families.hpp"

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
}

}  // namespace rowmq::admin::metrics
