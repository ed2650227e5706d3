#include "test/conformance/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rowmq::conformance {

using namespace storage;

namespace {

std::string time_of(const std::optional<WallTime>& time) { return time ? fmt::format("{}", time->time_since_epoch().count()) : "-"; }
std::string text_or_none(const std::shared_ptr<const std::string>& text) { return text ? "'" + *text + "'" : "-"; }

/// A long body by length and hash, so that a failure stays readable.
std::string short_body(std::string_view body) {
    if (body.size() <= 40) return std::string(body);
    return fmt::format("{} bytes, hash {:x}", body.size(), std::hash<std::string_view>{}(body));
}

template <typename Rows, typename Text>
std::string lines(std::string_view title, const Rows& rows, Text text) {
    std::vector<std::string> sorted;
    for (const auto& row : rows) sorted.push_back(text(row));
    std::ranges::sort(sorted);
    std::string result = fmt::format("{}:\n", title);
    for (const std::string& line : sorted) result += "  " + line + "\n";
    return result;
}

}  // namespace

MessageRow message(std::int64_t id, std::string body, Unit unit) {
    MessageRow row;
    row.id = MessageId{id};
    row.published_at = at(id);
    row.message = Message(std::move(body));
    row.unit = unit;
    return row;
}

EntryRow entry(std::int64_t sequence, std::int64_t id, Put put) {
    EntryRow row;
    row.key = {put.queue, put.lane, Sequence{sequence}};
    row.message = MessageId{id};
    row.group = put.group;
    row.copies = put.copies;
    row.bytes = static_cast<std::int32_t>(put.body.size());
    row.unit = put.unit;
    return row;
}

DelayedRow delayed(std::int64_t due, std::int64_t sequence, std::int64_t id, Put put) {
    DelayedRow row;
    row.due_at = at(due);
    row.entry = entry(sequence, id, std::move(put));
    return row;
}

Removal removal(const EntryRow& row, Unit unit, bool keep_message) {
    return {.key = row.key, .message = row.message, .copies = row.copies, .keep_message = keep_message, .unit = unit};
}

DelayedRemoval removal(const DelayedRow& row, Unit unit, bool keep_message) {
    return {.due_at = row.due_at, .removal = removal(row.entry, unit, keep_message)};
}

QueueRow queue(QueueId id, std::string name) {
    QueueRow row;
    row.id = id;
    row.ns = NamespaceId{1};
    row.name = std::move(name);
    row.options = std::make_shared<const std::string>("{}");
    row.created_at = row.modified_at = at(0);
    return row;
}

void publish(Batch& batch, std::int64_t sequence, std::int64_t id, Put put) {
    CounterDelta count;
    count.queue = put.queue;
    count.sent = 1;
    count.bytes = static_cast<std::int64_t>(put.body.size());
    count.unit = put.unit;
    batch.messages.push_back(message(id, put.body, put.unit));
    batch.entries.push_back(entry(sequence, id, std::move(put)));
    batch.counters.push_back(count);
}

std::string text_of(const MessageRow& row) {
    return fmt::format("message {} at {} properties '{}' body '{}'{}", value_of(row.id), time_of(row.published_at), row.properties,
                       short_body(row.message.text()), row.damaged ? " damaged" : "");
}

std::string text_of(const EntryRow& row) {
    return fmt::format("entry {}/{}/{} of {} group '{}' expires {} available {} receives {} copies {} bytes {} notes {}{}",
                       value_of(row.key.queue), row.key.lane, value_of(row.key.sequence), value_of(row.message), row.group,
                       time_of(row.expires_at), time_of(row.available_at), row.receives, row.copies, row.bytes, text_or_none(row.notes),
                       row.damaged ? " damaged" : "");
}

std::string text_of(const DelayedRow& row) { return fmt::format("due {} {}", time_of(row.due_at), text_of(row.entry)); }

std::string text_of(const Page& page) {
    std::string text;
    for (const auto& row : page.entries) text += text_of(row) + "\n";
    for (const auto& row : page.delayed) text += text_of(row) + "\n";
    for (const auto& row : page.messages) text += text_of(row) + "\n";
    text += fmt::format("end {} next due {}", page.end, time_of(page.next_due));
    if (page.failure) text += " failure " + page.failure->text;
    return text;
}

std::string text_of(const Outcome& outcome) {
    std::string text = outcome.failure ? "failure " + outcome.failure->text + "\n" : "";
    for (const LeftOut& row : outcome.left_out) {
        text += fmt::format("left out {} ", static_cast<std::uint32_t>(row.unit));
        switch (row.why) {
            case LeftOut::Why::duplicate:
                text += fmt::format("duplicate of {} at {}\n", value_of(row.message), value_of(row.sequence));
                break;
            case LeftOut::Why::missing: text += "missing\n"; break;
            case LeftOut::Why::application: text += "application\n"; break;
        }
    }
    text += fmt::format("missing {}", outcome.missing);
    for (std::size_t rows : outcome.swept) text += fmt::format(" swept {}", rows);
    return text;
}

std::string text_of(const Snapshot& s) {
    std::string text = fmt::format("store {} reserved {} wall {} deduplications {} first due {}\n", s.store_id, s.reserved_ids,
                                   time_of(s.highest_wall), time_of(s.deduplications_since), time_of(s.first_due));
    text += lines("namespaces", s.namespaces, [](const NamespaceRow& r) { return fmt::format("{} {}", value_of(r.id), r.name); });
    text += lines("queues", s.queues, [](const QueueRow& r) {
        return fmt::format("{} ns {} '{}' options {} created {} modified {} floor {} delayed floor {}{}", value_of(r.id), value_of(r.ns),
                           r.name, text_or_none(r.options), time_of(r.created_at), time_of(r.modified_at), value_of(r.floor),
                           value_of(r.delayed_floor), r.deleted ? " deleted" : "");
    });
    text += lines("counters", s.counters, [](const Counters& c) {
        return fmt::format(
            "{} sent {} done {} dead {} expired {} purged {} overflowed {} redriven {} delayed {} bytes {} through {} counted {}",
            value_of(c.queue), c.sent, c.done, c.dead_lettered, c.expired, c.purged, c.overflowed, c.redriven, c.delayed, c.bytes,
            value_of(c.delivered_through), value_of(c.counted_through));
    });
    text += lines("exchanges", s.exchanges, [](const ExchangeRow& r) {
        return fmt::format("{} ns {} '{}' options {}", value_of(r.id), value_of(r.ns), r.name, r.options);
    });
    text += lines("bindings", s.bindings, [](const BindingRow& r) {
        const std::string to =
            r.to_exchange == ExchangeId{} ? fmt::format("{}", value_of(r.queue)) : fmt::format("exchange {}", value_of(r.to_exchange));
        return fmt::format("{} to {} by '{}' options '{}'", value_of(r.exchange), to, r.routing_key, r.options);
    });
    text += lines("tasks", s.tasks, [](const TaskRow& r) {
        return fmt::format("{} ns {} from {} '{}' to {} at {} state {} moved {} of {} up to {} selected '{}' failure '{}' started {}", r.id,
                           value_of(r.ns), value_of(r.source), r.source_name, r.destination.value_or("-"), r.per_second, r.state, r.moved,
                           r.total, value_of(r.up_to), r.selected, r.failure, time_of(r.started_at));
    });
    if (!s.users.empty())
        text += lines("users", s.users, [](const UserRow& r) { return fmt::format("{} '{}' {}", r.name, r.password, r.tags); });
    if (!s.permissions.empty())
        text += lines("permissions", s.permissions, [](const PermissionRow& r) {
            return fmt::format("{} ns {} '{}' '{}' '{}'", r.user, value_of(r.ns), r.configure, r.write, r.read);
        });
    if (!s.topic_permissions.empty())
        text += lines("topic permissions", s.topic_permissions, [](const TopicPermissionRow& r) {
            return fmt::format("{} ns {} on '{}' '{}' '{}'", r.user, value_of(r.ns), r.exchange, r.write, r.read);
        });
    if (!s.parameters.empty())
        text += lines("parameters", s.parameters,
                      [](const ParameterRow& r) { return fmt::format("{} ns {} '{}' {}", r.component, value_of(r.ns), r.name, r.value); });
    return text;
}

std::string sequences_of(const Page& page) {
    std::string text;
    const auto add = [&](Sequence sequence) { text += (text.empty() ? "" : " ") + std::to_string(value_of(sequence)); };
    for (const auto& row : page.entries) add(row.key.sequence);
    for (const auto& row : page.delayed) add(row.entry.key.sequence);
    return text;
}

std::string bodies_of(const Page& page) {
    std::string text;
    for (const auto& row : page.messages)
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", value_of(row.id), short_body(row.message.text()));
    return text;
}

}  // namespace rowmq::conformance
