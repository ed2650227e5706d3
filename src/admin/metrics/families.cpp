#include "admin/metrics/families.hpp"

#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>

namespace rowmq::admin::metrics {
namespace {

MetricFamily family(std::string name, std::string help, prometheus::MetricType type) {
    MetricFamily made;
    made.name = std::move(name);
    made.help = std::move(help);
    made.type = type;
    return made;
}

}  // namespace

MetricFamily counter_family(std::string name, std::string help) {
    return family(std::move(name), std::move(help), prometheus::MetricType::Counter);
}

MetricFamily gauge_family(std::string name, std::string help) {
    return family(std::move(name), std::move(help), prometheus::MetricType::Gauge);
}

void add(MetricFamily& family, double value, Labels labels) {
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    if (family.type == prometheus::MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
}

MetricFamily counter(std::string name, std::string help, double value) {
    auto made = counter_family(std::move(name), std::move(help));
    add(made, value);
    return made;
}

MetricFamily gauge(std::string name, std::string help, double value) {
    auto made = gauge_family(std::move(name), std::move(help));
    add(made, value);
    return made;
}

MetricFamily histogram(std::string name, std::string help, const HistogramValue& value) {
    auto made = family(std::move(name), std::move(help), prometheus::MetricType::Histogram);
    auto& out = made.metric.emplace_back().histogram;
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
        out.sample_count += value.counts[i];
        const double bound = i < value.bounds.size() ? value.bounds[i] : std::numeric_limits<double>::infinity();
        out.bucket.push_back({.cumulative_count = out.sample_count, .upper_bound = bound});
    }
    out.sample_sum = value.sum;
    return made;
}

std::string to_text(const std::vector<MetricFamily>& families) {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families);
    return std::move(out).str();
}

}  // namespace rowmq::admin::metrics
