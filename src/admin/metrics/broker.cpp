// The series of the broker as a whole.

#include "admin/metrics/families.hpp"

namespace rowmq::admin::metrics {

void add_broker(std::vector<MetricFamily>& families, const BrokerMetrics& broker) {
    const auto count = [](auto number) { return static_cast<double>(number); };
    auto build = gauge_family("rowmq_build_info", "Always 1; the version is in the label.");
    add(build, 1, {{"version", ROWMQ_VERSION}});
    families.push_back(std::move(build));
    families.push_back(
        gauge("rowmq_serving", "1 while the store works; 0 once it has failed and every call is refused.", broker.health.serving ? 1 : 0));
    families.push_back(gauge("rowmq_queues", "Queues of all namespaces.", count(broker.health.queues)));
    families.push_back(gauge("rowmq_queues_left_out",
                             "Queues without series of their own (limits.metrics_queues): the series with an empty queue label sums them.",
                             count(broker.left_out)));
    families.push_back(gauge("rowmq_sessions", "Open sessions: connections or other users of the broker.", count(broker.health.sessions)));
    families.push_back(gauge("rowmq_sweep_queues", "Purged or deleted queues whose rows are still being removed in the background.",
                             count(broker.queues_to_sweep)));
    families.push_back(gauge("rowmq_redrives_running", "Redrives under way.", count(broker.redrives_running)));
    families.push_back(gauge("rowmq_clocks_diverged", "1 while the wall clock does not go with the monotonic clock: nothing expires then.",
                             broker.clocks.diverged ? 1 : 0));
    auto stopped = gauge_family("rowmq_publishing_stopped",
                                "1 while publishing is refused: too little of the disk is free, or too much memory in use.");
    add(stopped, broker.alarms.disk ? 1 : 0, {{"because_of", "disk"}});
    add(stopped, broker.alarms.memory ? 1 : 0, {{"because_of", "memory"}});
    families.push_back(std::move(stopped));
    families.push_back(gauge("rowmq_clock_divergence_seconds", "How far the wall clock is ahead of where it should be; below 0: behind.",
                             count(broker.clocks.by.count()) / 1'000));
    families.push_back(histogram("rowmq_message_receives", "How often a message had been received when it was consumed or dead-lettered.",
                                 broker.receives));

    families.push_back(counter("rowmq_commits_total", "Commits that the store has answered.", count(broker.health.commits)));
    families.push_back(
        counter("rowmq_delivered_early_total", "Messages delivered while their commit was under way.", count(broker.delivered_early)));
    families.push_back(counter("rowmq_never_stored_total", "Messages acknowledged before their commit left, and not written.",
                               count(broker.never_stored)));
    families.push_back(counter("rowmq_commits_failed_total", "Commits of which nothing was stored: no space left, or the store failed.",
                               count(broker.commits_failed)));
    families.push_back(histogram("rowmq_commit_rows",
                                 "Rows put, changed or removed by one commit, about: many mean many clients share a sync.",
                                 broker.commit_rows));
    families.push_back(histogram("rowmq_commit_bytes", "Message bytes stored by one commit.", broker.commit_bytes));
    families.push_back(histogram("rowmq_commit_duration_seconds",
                                 "From handing a commit to the store to its answer, the wait for the commit before it included.",
                                 broker.commit_duration));
    families.push_back(
        gauge("rowmq_write_budget_used_bytes", "Message bytes accepted and not committed yet.", count(broker.health.pending_bytes)));
    families.push_back(gauge("rowmq_write_budget_bytes", "The limit write_bytes: publishers wait while as many bytes are not committed.",
                             count(broker.write_bytes_limit)));
    families.push_back(gauge("rowmq_window_messages", "Ready messages held in memory; the others are read when they are needed.",
                             count(broker.window_entries)));
    families.push_back(gauge("rowmq_window_messages_limit", "The limit windows_entries.", count(broker.window_entries_limit)));
    families.push_back(gauge("rowmq_window_bytes", "Message bodies held in memory.", count(broker.window_bytes)));
    families.push_back(gauge("rowmq_window_limit_bytes", "The limit windows_bytes.", count(broker.window_bytes_limit)));
}

}  // namespace rowmq::admin::metrics
