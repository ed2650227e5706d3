#pragma once
// What /metrics shows, as Prometheus' families of series. Values; made anew for every scrape.

#include <prometheus/metric_family.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/http_server.hpp"
#include "rowmq/metrics.hpp"

namespace rowmq::admin::metrics {

using prometheus::MetricFamily;
using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Adds what one part of the server measures. Called on the broker's strand at every scrape, so it only reads memory.
using Collector = std::function<void(std::vector<MetricFamily>& families)>;

MetricFamily counter_family(std::string name, std::string help);  ///< `name` ends with _total
MetricFamily gauge_family(std::string name, std::string help);
void add(MetricFamily& family, double value, Labels labels = {});
/// One that has a single series.
MetricFamily counter(std::string name, std::string help, double value);
MetricFamily gauge(std::string name, std::string help, double value);
MetricFamily histogram(std::string name, std::string help, const HistogramValue& value);

/// Prometheus' text format 0.0.4.
std::string to_text(const std::vector<MetricFamily>& families);

// broker.cpp: commits, memory, sessions. store.cpp: the engine. process.cpp: what the system says of this process.
void add_broker(std::vector<MetricFamily>& families, const BrokerMetrics& broker);
void add_store(std::vector<MetricFamily>& families, const StoreMetrics& store);
void add_process(std::vector<MetricFamily>& families);

/// The series of queues, queues.cpp: a family for each number that a queue has. They are made one by one out of the same
/// series, as there may be many.
class QueueSeries final {
public:
    enum class Names : std::uint8_t { own, rabbitmq };
    /// `broker` outlives this.
    explicit QueueSeries(const BrokerMetrics& broker, Names names = Names::own);
    std::size_t families() const noexcept;
    /// Valid until the next call.
    const std::vector<MetricFamily>& family(std::size_t which);

private:
    const BrokerMetrics& broker_;
    const Names names_;
    std::vector<MetricFamily> one_;
};

/// What the dashboards of RabbitMQ ask for beside its queues (rabbitmq.cpp).
struct RabbitmqFacts {
    std::string node, cluster, version;
    std::size_t connections = 0, channels = 0, consumers = 0, most_connections = 0;
    std::uint64_t connections_opened = 0;
    std::int64_t memory_limit_bytes = 0;
    struct Number {
        std::string name, help;  ///< a counter where the name ends with _total
        Labels labels;
        double value = 0;
    };
    std::vector<Number> traffic{};
};
/// None: AMQP is not served.
using RabbitmqSource = std::function<std::optional<RabbitmqFacts>()>;
void add_rabbitmq(std::vector<MetricFamily>& families, const BrokerMetrics& broker, const RabbitmqFacts& facts);

// http.cpp
struct ListenerCounts {
    std::string name;  ///< "sqs"
    net::HttpCounts counts;
};
void add_http(std::vector<MetricFamily>& families, const std::vector<ListenerCounts>& listeners);

/// Of notifications to HTTP endpoints: attempts, and messages that were given up.
struct NotificationCounts {
    std::uint64_t taken = 0, failed = 0, given_up = 0;
};
void add_notifications(std::vector<MetricFamily>& families, const NotificationCounts& counts);

}  // namespace rowmq::admin::metrics
