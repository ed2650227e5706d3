// Looking without touching: pages of stored messages. Cancelling what is not due.

#include <charconv>

#include "broker/properties.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

// "lane.sequence" or "due.sequence".
struct Cursor {
    std::int64_t first = 0, second = 0;
};

std::optional<Cursor> parse(std::string_view text) {
    Cursor cursor;
    const char* const end = text.data() + text.size();
    const auto one = std::from_chars(text.data(), end, cursor.first);
    if (one.ec != std::errc() || one.ptr == end || *one.ptr != '.') return std::nullopt;
    const auto two = std::from_chars(one.ptr + 1, end, cursor.second);
    if (two.ec != std::errc() || two.ptr != end) return std::nullopt;
    return cursor;
}

// Bodies are read up to a limit: where they end, the page ends. The first entry always comes with its own, if it has one.
template <typename Rows>
void end_with_bodies(storage::Page& page, Rows& rows) {
    const auto is_missing = [&](const auto& row) {
        const storage::EntryRow* entry;
        if constexpr (requires { row.entry; }) entry = &row.entry;
        else entry = &row;
        const auto found = std::lower_bound(page.messages.begin(), page.messages.end(), entry->message,
                                            [](const storage::MessageRow& m, MessageId id) { return m.id < id; });
        return found == page.messages.end() || found->id != entry->message;
    };
    if (rows.empty()) return;
    const auto end = std::find_if(rows.begin() + 1, rows.end(), is_missing);
    if (end == rows.end()) return;
    rows.erase(end, rows.end());
    page.end = false;
}

std::string text_of(std::int64_t first, std::int64_t second) { return std::to_string(first) + "." + std::to_string(second); }

}  // namespace

awaitable<Result<Page>> BrokerState::peek(std::string name, PeekRequest request, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const Result<Queue*> found = find_queue(name, ns);
    if (!found) co_return found.error();
    if (request.max < 1 || request.max > limits.deliveries_per_next)
        co_return Error{Errc::invalid_argument, "max must be 1 to " + std::to_string(limits.deliveries_per_next)};
    Cursor cursor;
    if (request.after) {
        const auto parsed = parse(*request.after);
        if (!parsed) co_return Error{Errc::invalid_argument, "the cursor is not one of peek's"};
        cursor = *parsed;
    }
    const QueueId id = found.value()->id;
    const Sequence floor = found.value()->floor, delayed_floor = found.value()->delayed_floor;
    Page result;
    std::size_t bytes = 0;
    const auto add = [&](Queue& queue, storage::Page page, const auto& cursor_of) {
        for (Entry& entry : join(std::move(page))) {
            if (entry.row.damaged || !entry.has_body() || !decode(entry)) continue;
            queue.add_marked_count(entry.row);
            Delivery delivery = delivery_of(queue, entry);
            if (queue.live && queue.live->counted_ahead.contains(entry.sequence())) delivery.receives = 0;
            delivery.leased = false;
            if (queue.live) {
                if (const auto at = queue.live->held.find(entry.sequence()); at != queue.live->held.end()) {
                    delivery.receives = at->second.entry.row.receives;
                    delivery.leased = true;
                }
            }
            bytes += delivery.message.text().size();
            result.cursors.push_back(cursor_of(entry));
            result.messages.push_back(std::move(delivery));
        }
    };

    if (request.delayed) {
        storage::PageRequest wanted = storage::DelayedOf{.queue = id,
                                                         .after_due = WallTime(milliseconds(cursor.first)),
                                                         .after = Sequence{cursor.second},
                                                         .max = request.max,
                                                         .max_bytes = limits.next_bytes,
                                                         .message = {}};
        storage::Page page = co_await parts.engine->page(std::move(wanted));
        if (page.failure) co_return *page.failure;
        Queue* queue = catalog.find(id);
        if (!queue) co_return Error{Errc::queue_deleted, "the queue was deleted"};
        end_with_bodies(page, page.delayed);
        if (!page.end && !page.delayed.empty())
            result.next = text_of(page.delayed.back().due_at.time_since_epoch().count(), value_of(page.delayed.back().entry.key.sequence));
        std::map<Sequence, std::int64_t> due;
        for (storage::DelayedRow& row : page.delayed) {
            if (row.entry.key.sequence <= delayed_floor) continue;
            due[row.entry.key.sequence] = row.due_at.time_since_epoch().count();
            page.entries.push_back(std::move(row.entry));
        }
        add(*queue, std::move(page), [&](const Entry& entry) { return text_of(due.at(entry.sequence()), value_of(entry.sequence())); });
        co_return result;
    }

    storage::PageRequest lanes = storage::LaneHeads{.queue = id, .after = floor};
    const storage::Page heads = co_await parts.engine->page(std::move(lanes));
    if (heads.failure) co_return *heads.failure;
    for (const storage::EntryRow& head : heads.entries) {
        if (request.after && head.key.lane < cursor.first) continue;
        Sequence after = floor;
        if (request.after && head.key.lane == cursor.first) after = std::max(after, Sequence{cursor.second});
        const std::size_t left = request.max - result.messages.size();
        if (left == 0 || bytes >= limits.next_bytes) {
            result.next = text_of(head.key.lane, value_of(floor));
            break;
        }
        storage::PageRequest wanted = storage::EntriesAfter{.queue = id,
                                                            .lane = head.key.lane,
                                                            .after = after,
                                                            .max = left,
                                                            .max_bytes = limits.next_bytes - bytes,
                                                            .without_groups = {},
                                                            .only_group = {},
                                                            .scan = 0};
        storage::Page page = co_await parts.engine->page(std::move(wanted));
        if (page.failure) co_return *page.failure;
        Queue* queue = catalog.find(id);
        if (!queue) co_return Error{Errc::queue_deleted, "the queue was deleted"};
        end_with_bodies(page, page.entries);
        const bool more = !page.end && !page.entries.empty();
        if (more) result.next = text_of(head.key.lane, value_of(page.entries.back().key.sequence));
        add(*queue, std::move(page), [](const Entry& entry) { return text_of(entry.row.key.lane, value_of(entry.sequence())); });
        if (more) break;
    }
    co_return result;
}

awaitable<Result<void>> BrokerState::cancel_delayed(std::string name, MessageId message, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const Result<Queue*> found = find_queue(name, ns);
    if (!found) co_return found.error();
    const QueueId id = found.value()->id;
    const Error none{Errc::no_such_message, "there is no such delayed message: never, cancelled, or due already"};
    storage::PageRequest wanted =
        storage::DelayedOf{.queue = id, .after_due = {}, .after = {}, .max = 1, .max_bytes = 0, .message = message};
    const storage::Page page = co_await parts.engine->page(std::move(wanted));
    if (page.failure) co_return *page.failure;
    Queue* queue = catalog.find(id);
    if (!queue || queue->deleted) co_return Error{Errc::queue_deleted, "the queue was deleted"};
    if (page.delayed.empty()) co_return none;
    const storage::DelayedRow& row = page.delayed.front();
    if (row.entry.key.sequence <= queue->delayed_floor || moving_due.contains(row.entry.key.sequence)) co_return none;
    storage::Batch& batch = committer.open();
    const storage::Unit unit = batch.new_unit();
    batch.delayed_removals.push_back(
        {.due_at = row.due_at,
         .removal = {.key = row.entry.key, .message = row.entry.message, .copies = row.entry.copies, .keep_message = false, .unit = unit}});
    storage::CounterDelta& delta = counter(batch, *queue, unit);
    --delta.delayed;
    ++delta.purged;
    delta.bytes -= row.entry.bytes;
    cancelled_while_due.insert(row.entry.key.sequence);
    const Ticket ticket = committer.touch(1, 0);
    const Committer::OutcomePointer outcome = co_await committer.outcome(ticket);
    if (!due_under_way) cancelled_while_due.clear();
    if (outcome->failure) co_return *outcome->failure;
    for (const storage::LeftOut& left : outcome->left_out)
        if (left.unit == unit) co_return none;
    co_return Result<void>();
}

}  // namespace rowmq
