// The series of queues.

#include <array>

#include "admin/metrics/families.hpp"

namespace rowmq::admin::metrics {
namespace {

struct Number {
    const char* name;
    const char* help;
    double (*of)(const QueueMetrics&);
};

template <std::int64_t QueueCounts::*member>
double count(const QueueMetrics& queue) {
    return static_cast<double>(queue.counts.*member);
}

constexpr std::array numbers{
    Number{"rowmq_queue_messages_ready", "Messages that can be received now.", count<&QueueCounts::ready>},
    Number{"rowmq_queue_messages_leased", "Messages that a consumer has received and not settled yet.", count<&QueueCounts::leased>},
    Number{"rowmq_queue_messages_delayed", "Messages that are not due yet.", count<&QueueCounts::delayed>},
    Number{"rowmq_queue_bytes", "Bodies and properties of the messages ready, leased and delayed.", count<&QueueCounts::bytes>},
    Number{
        "rowmq_queue_oldest_message_age_seconds",
        "How long the message at the head of the queue has been ready; 0 when none is. Of a message stored before the last start: since it "
        "was published.",
        [](const QueueMetrics& queue) { return static_cast<double>(queue.oldest.count()) / 1'000; }},
    Number{"rowmq_queue_consumers", "Consumers subscribed to the queue; a receive under way is one.",
           [](const QueueMetrics& queue) { return static_cast<double>(queue.consumers); }},
    Number{"rowmq_queue_sent_total", "Messages put into the queue by publishing, dead-lettering or redrive, since it was created.",
           count<&QueueCounts::sent>},
    Number{"rowmq_queue_done_total", "Messages consumed, since the queue was created.", count<&QueueCounts::done>},
    Number{"rowmq_queue_dead_lettered_total", "Messages moved to (or dropped for want of) a dead-letter target.",
           count<&QueueCounts::dead_lettered>},
    Number{"rowmq_queue_expired_total", "Messages that were too old to be delivered.", count<&QueueCounts::expired>},
    Number{"rowmq_queue_purged_total", "Messages removed by a purge or a cancel.", count<&QueueCounts::purged>},
    Number{"rowmq_queue_overflowed_total", "Messages that had to make room because of the queue's max_length or max_bytes.",
           count<&QueueCounts::overflowed>},
    Number{"rowmq_queue_redriven_total", "Messages moved on by a redrive.", count<&QueueCounts::redriven>},
    Number{"rowmq_queue_delivered_total", "Deliveries to consumers, since the server started.", count<&QueueCounts::delivered>},
    Number{"rowmq_queue_redelivered_total", "Deliveries of messages that may have been seen before, since the server started.",
           count<&QueueCounts::redelivered>},
};

/// The same under RabbitMQ's names.
constexpr std::array rabbitmq_numbers{
    Number{"rabbitmq_queue_messages_ready", "Messages ready to be delivered to consumers", count<&QueueCounts::ready>},
    Number{"rabbitmq_queue_messages_unacked", "Messages delivered to consumers but not yet acknowledged", count<&QueueCounts::leased>},
    Number{"rabbitmq_queue_messages", "Sum of ready and unacknowledged messages - total queue depth",
           [](const QueueMetrics& queue) { return static_cast<double>(queue.counts.ready + queue.counts.leased); }},
    Number{"rabbitmq_queue_messages_bytes", "Size in bytes of ready and unacknowledged messages", count<&QueueCounts::bytes>},
    Number{"rabbitmq_queue_consumers", "Consumers on a queue",
           [](const QueueMetrics& queue) { return static_cast<double>(queue.consumers); }},
    Number{"rabbitmq_queue_messages_published_total", "Total number of messages published to queues", count<&QueueCounts::sent>},
};

const Number& number_of(QueueSeries::Names names, std::size_t which) {
    return names == QueueSeries::Names::own ? numbers.at(which) : rabbitmq_numbers.at(which);
}

}  // namespace

QueueSeries::QueueSeries(const BrokerMetrics& broker, Names names) : broker_(broker), names_(names), one_(1) {
    const std::string space = names == Names::own ? "namespace" : "vhost";
    auto& series = one_.front();
    series.type = prometheus::MetricType::Gauge;
    series.metric.reserve(broker.queues.size() + 1);
    for (const auto& queue : broker.queues) add(series, 0, {{space, queue.ns}, {"queue", queue.name}});
    // Named by nobody: the sum of those left out, whose counters fall when a queue gets a series of its own.
    if (broker.left_out > 0) add(series, 0, {{space, ""}, {"queue", ""}});
}

std::size_t QueueSeries::families() const noexcept { return names_ == Names::own ? numbers.size() : rabbitmq_numbers.size(); }

const std::vector<MetricFamily>& QueueSeries::family(std::size_t which) {
    const Number& number = number_of(names_, which);
    auto& series = one_.front();
    series.name = number.name;
    series.help = number.help;
    const bool counts = series.name.ends_with("_total");
    series.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (std::size_t i = 0; i < series.metric.size(); ++i) {
        const double value = number.of(i < broker_.queues.size() ? broker_.queues[i] : broker_.others);
        if (counts) series.metric[i].counter.value = value;
        else series.metric[i].gauge.value = value;
    }
    return one_;
}

}  // namespace rowmq::admin::metrics
