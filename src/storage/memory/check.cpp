#include "storage/memory/check.hpp"

#include <fmt/format.h>

#include <set>

namespace rowmq::storage::memory {
namespace {

/// What a scan finds of one queue, rows that nobody owes any more left aside.
struct Scanned {
    std::int64_t entries = 0, delayed = 0, bytes = 0;
};

struct Scan {
    const Content& content;
    CheckReport& report;
    std::map<QueueId, Scanned> queues;
    std::map<MessageId, std::int64_t> needed;  ///< by how many entries
    std::set<MessageId> shared;                ///< according to an entry

    void row(const EntryRow& row, bool delayed) {
        const auto name = [&] {
            return fmt::format("{} entry {} of queue {}", delayed ? "delayed" : "waiting", value_of(row.key.sequence),
                               value_of(row.key.queue));
        };
        ++needed[row.message];
        if (row.copies > 1) shared.insert(row.message);
        if (!content.messages.contains(row.message))
            report.problems.push_back(fmt::format("{}: its message {} is not there", name(), value_of(row.message)));
        const auto queue = content.queues.find(row.key.queue);
        if (queue == content.queues.end()) {
            report.problems.push_back(fmt::format("{}: its queue is not there", name()));
            return;
        }
        const Sequence floor = delayed ? queue->second.delayed_floor : queue->second.floor;
        if (queue->second.deleted || row.key.sequence <= floor) return;
        Scanned& found = queues[row.key.queue];
        ++(delayed ? found.delayed : found.entries);
        found.bytes += row.bytes;
    }
};

void check_messages(const Scan& scan, CheckReport& report) {
    for (const auto& [id, row] : scan.content.messages) {
        const auto needed = scan.needed.find(id);
        if (needed == scan.needed.end()) {
            report.problems.push_back(fmt::format("message {}: no queue needs it", value_of(id)));
            continue;
        }
        const auto share = scan.content.shares.find(id);
        if (scan.shared.contains(id)) {
            const std::int64_t says = share == scan.content.shares.end() ? 0 : share->second;
            if (says != needed->second)
                report.problems.push_back(
                    fmt::format("share of message {}: says {}, {} entries need it", value_of(id), says, needed->second));
        } else if (needed->second != 1) {
            report.problems.push_back(fmt::format("message {}: {} entries need it, none says it is shared", value_of(id), needed->second));
        }
    }
    for (const auto& [id, remaining] : scan.content.shares)
        if (!scan.content.messages.contains(id))
            report.problems.push_back(fmt::format("share of message {}: the message is not there", value_of(id)));
}

void check_counters(const Scan& scan, CheckReport& report) {
    for (const auto& [id, queue] : scan.content.queues) {
        if (queue.deleted) continue;
        const auto counters = scan.content.counters.find(id);
        const Counters c = counters == scan.content.counters.end() ? Counters{} : counters->second;
        const auto scanned = scan.queues.find(id);
        const Scanned found = scanned == scan.queues.end() ? Scanned{} : scanned->second;
        const std::int64_t waiting = c.sent - c.done - c.dead_lettered - c.expired - c.purged - c.overflowed - c.redriven;
        const auto compare = [&, queue = id](std::string_view what, std::int64_t says, std::int64_t is) {
            if (says != is)
                report.problems.push_back(fmt::format("counters of queue {}: {} is {}, a scan finds {}", value_of(queue), what, says, is));
        };
        compare("what is left", waiting, found.entries + found.delayed);
        compare("delayed", c.delayed, found.delayed);
        compare("bytes", c.bytes, found.bytes);
    }
}

}  // namespace

CheckReport check(const Content& content) {
    CheckReport report;
    report.queues = static_cast<std::int64_t>(content.queues.size());
    report.messages = static_cast<std::int64_t>(content.messages.size());
    report.entries = static_cast<std::int64_t>(content.entries.size());
    report.delayed = static_cast<std::int64_t>(content.delayed.size());
    Scan scan{content, report, {}, {}, {}};
    for (const auto& [key, row] : content.entries) scan.row(row, false);
    for (const auto& [key, row] : content.delayed) scan.row(row, true);
    check_messages(scan, report);
    check_counters(scan, report);
    return report;
}

}  // namespace rowmq::storage::memory
