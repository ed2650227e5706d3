// The series of the HTTP listeners.

#include "admin/metrics/families.hpp"

namespace rowmq::admin::metrics {

void add_http(std::vector<MetricFamily>& families, const std::vector<ListenerCounts>& listeners) {
    const auto count = [](auto number) { return static_cast<double>(number); };
    auto open = gauge_family("rowmq_http_connections", "Open connections.");
    auto limit = gauge_family("rowmq_http_connections_limit", "Connections a listener takes; further ones are answered 503.");
    auto accepted = counter_family("rowmq_http_accepted_connections_total", "Connections accepted, those refused included.");
    auto refused = counter_family("rowmq_http_refused_connections_total", "Connections refused because there were too many.");
    auto answers = counter_family("rowmq_http_requests_total", "Requests answered, by the class of the status (code: 2xx, 4xx, ...).");
    auto waiting = gauge_family("rowmq_http_waiting_body_bytes", "Request bodies on their way in.");
    auto room = gauge_family("rowmq_http_waiting_body_limit_bytes", "As many may be on their way in: beyond it a request is answered 503.");
    for (const auto& [name, counts] : listeners) {
        const Labels listener{{"listener", name}};
        add(open, count(counts.connections), listener);
        add(limit, count(counts.limits.connections), listener);
        add(accepted, count(counts.accepted), listener);
        add(refused, count(counts.refused), listener);
        add(waiting, count(counts.waiting_bytes), listener);
        add(room, count(counts.limits.waiting_bytes), listener);
        for (std::size_t digit = 1; digit < counts.answers.size(); ++digit)
            add(answers, count(counts.answers[digit]), {{"listener", name}, {"code", std::to_string(digit) + "xx"}});
    }
    for (auto* family : {&open, &limit, &accepted, &refused, &answers, &waiting, &room}) families.push_back(std::move(*family));
}

void add_notifications(std::vector<MetricFamily>& families, const NotificationCounts& counts) {
    auto attempts =
        counter_family("rowmq_notification_attempts_total", "Requests to HTTP endpoints of SNS subscriptions, by result (taken, failed).");
    auto given_up =
        counter_family("rowmq_notifications_given_up_total",
                       "Notifications no HTTP endpoint took: sent to the subscription's dead-letter queue, or dropped without one.");
    add(attempts, static_cast<double>(counts.taken), {{"result", "taken"}});
    add(attempts, static_cast<double>(counts.failed), {{"result", "failed"}});
    add(given_up, static_cast<double>(counts.given_up), {});
    for (auto* family : {&attempts, &given_up}) families.push_back(std::move(*family));
}

}  // namespace rowmq::admin::metrics
