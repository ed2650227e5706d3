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

}  // namespace

QueueSeries::QueueSeries(const BrokerMetrics& broker) : broker_(broker), one_(1) {
    auto& series = one_.front();
    series.type = prometheus::MetricType::Gauge;
    series.metric.reserve(broker.queues.size() + 1);
    for (const auto& queue : broker.queues) add(series, 0, {{"namespace", queue.ns}, {"queue", queue.name}});
    // Named by nobody: the sum of those left out, whose counters fall when a queue gets a series of its own.
    if (broker.left_out > 0) add(series, 0, {{"namespace", ""}, {"queue", ""}});
}

std::size_t QueueSeries::families() noexcept { return numbers.size(); }

const std::vector<MetricFamily>& QueueSeries::family(std::size_t which) {
    const Number& number = numbers.at(which);
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
