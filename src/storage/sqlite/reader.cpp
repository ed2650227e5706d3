#include "storage/sqlite/reader.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include "base/planted.hpp"
#include "storage/sqlite/checksum.hpp"

namespace rowmq::storage::sqlite {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Overrun {};

/// How many groups the statement first_of_other_groups takes.
constexpr std::size_t named_groups = 4;

std::optional<WallTime> optional_time(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return wall(row.integer(column));
}

/// Columns from `at`: message, crc32c, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes.
EntryRow read_entry(const Statement& row, int at, const EntryKey& key) {
    EntryRow entry;
    entry.key = key;
    entry.message = MessageId{row.integer(at)};
    entry.copies = static_cast<std::int32_t>(row.integer(at + 2));
    entry.bytes = static_cast<std::int32_t>(row.integer(at + 3));
    entry.receives = static_cast<std::uint32_t>(row.integer(at + 4));
    entry.expires_at = optional_time(row, at + 5);
    entry.available_at = optional_time(row, at + 6);
    entry.group = row.bytes(at + 7);
    if (!row.is_null(at + 8)) entry.notes = std::make_shared<const std::string>(row.bytes(at + 8));
    entry.damaged = row.integer(at + 1) != checksum_of_entry(key, entry.message, entry.group, entry.copies, entry.bytes);
    if (planted(Bug::entry_crc_not_compared)) entry.damaged = false;
    return entry;
}

/// Columns: due_at_ms, queue, lane, sequence, then those of read_entry.
DelayedRow read_delayed(const Statement& row) {
    const EntryKey key{QueueId{row.integer(1)}, static_cast<std::uint8_t>(row.integer(2)), Sequence{row.integer(3)}};
    return {.due_at = wall(row.integer(0)), .entry = read_entry(row, 4, key)};
}

/// Takes bodies while they fit; the first always does.
class Allowance final {
public:
    explicit Allowance(std::size_t max_bytes) : max_(max_bytes) {}
    void offer(const EntryRow& entry) {
        const auto size = static_cast<std::size_t>(std::max(entry.bytes, 0));
        if (max_ == 0 || full_ || (!ids.empty() && used_ + size > max_)) {
            full_ = true;
            return;
        }
        used_ += size;
        ids.push_back(value_of(entry.message));
    }
    std::vector<std::int64_t> ids;

private:
    std::size_t max_, used_ = 0;
    bool full_ = false;
};

}  // namespace

Reader::Reader(Connection connection, std::chrono::milliseconds read_time) : connection_(std::move(connection)), read_time_(read_time) {
    auto* db = connection_.handle();
    begin_read_ = prepare(db, "begin_read");
    commit_ = prepare(db, "commit");
    rollback_ = prepare(db, "rollback");
    entries_after_ = prepare(db, "entries_after");
    entry_at_offset_ = prepare(db, "entry_at_offset");
    first_of_other_groups_ = prepare(db, "first_of_other_groups");
    groups_after_ = prepare(db, "groups_after");
    last_until_ = prepare(db, "last_until");
    lane_from_ = prepare(db, "lane_from");
    lane_after_ = prepare(db, "lane_after");
    messages_from_ = prepare(db, "messages_from");
    due_ = prepare(db, "due");
    delayed_of_queue_ = prepare(db, "delayed_of_queue");
    delayed_of_message_ = prepare(db, "delayed_of_message");
}

void Reader::check_deadline() {
    if (read_time_.count() > 0 && SteadyClock::now() > deadline_) throw Overrun{};
}

Page Reader::read(const PageRequest& request) {
    Page page;
    auto* db = connection_.handle();
    auto fail = [&](Errc code, std::string text) {
        page = Page{};
        page.failure = Error{code, std::move(text)};
    };
    if (read_time_.count() > 0) {
        deadline_ = SteadyClock::now() + read_time_;
        sqlite3_progress_handler(
            db, 20'000, [](void* at) -> int { return SteadyClock::now() > *static_cast<SteadyClock::time_point*>(at); }, &deadline_);
    }
    const auto overrun = [&] {
        fail(Errc::limit_exceeded, "a read took longer than " + std::to_string(read_time_.count()) + " ms (read_time)");
    };
    try {
        begin_read_.step();
        if (const auto* entries = std::get_if<EntriesAfter>(&request)) entries_after(*entries, page);
        else if (const auto* heads = std::get_if<LaneHeads>(&request)) lane_heads(*heads, page);
        else if (const auto* bodies = std::get_if<MessagesById>(&request)) {
            std::vector<std::int64_t> ids;
            ids.reserve(bodies->ids.size());
            for (const auto id : bodies->ids) ids.push_back(value_of(id));
            read_messages(std::move(ids), page);
            page.end = true;
        } else if (const auto* until = std::get_if<Due>(&request)) due(*until, page);
        else delayed_of(std::get<DelayedOf>(request), page);
    } catch (const Overrun&) {
        overrun();
    } catch (const Broken& broken) {
        if (broken.is_interrupt()) overrun();
        else fail(Errc::store_failed, broken.what());
    }
    for (auto* statement : {&entries_after_, &entry_at_offset_, &first_of_other_groups_, &groups_after_, &last_until_, &lane_from_,
                            &lane_after_, &messages_from_, &due_, &delayed_of_queue_, &delayed_of_message_})
        statement->reset();
    if (read_time_.count() > 0) sqlite3_progress_handler(db, 0, nullptr, nullptr);
    if (connection_.in_transaction()) {
        try {
            commit_.step();
        } catch (const Broken& broken) {
            if (!page.failure) fail(Errc::store_failed, broken.what());
            sqlite3_step(rollback_.handle());
            rollback_.reset();
        }
    }
    return page;
}

/// The first column of the first row of a statement whose parameters are queue, lane and a number.
std::optional<std::int64_t> Reader::first(Statement& statement, const EntriesAfter& request, Sequence bound) {
    statement.bind(1, value_of(request.queue));
    statement.bind(2, request.lane);
    statement.bind(3, value_of(bound));
    const Reading reading(statement);
    if (!statement.step()) return std::nullopt;
    return statement.integer(0);
}

/// The first entry up to `up_to` that is of none of the groups. Few groups are compared by SQLite itself, which takes a
/// fifth of the time of looking at each row here.
std::optional<Sequence> Reader::first_of_other_groups(const EntriesAfter& request, Sequence up_to) {
    const auto& groups = request.without_groups;
    if (groups.size() <= named_groups) {
        auto& row = first_of_other_groups_;
        row.bind(4, value_of(up_to));
        for (std::size_t i = 0; i < named_groups; ++i) {
            const auto& group = groups[std::min(i, groups.size() - 1)];
            if (group.empty()) row.bind_null(static_cast<int>(5 + i));
            else row.bind_text(static_cast<int>(5 + i), group);
        }
        const auto found = first(row, request, request.after);
        return found ? std::optional(Sequence{*found}) : std::nullopt;
    }
    const boost::unordered_flat_set<std::string_view> without(groups.begin(), groups.end());
    auto& rows = groups_after_;
    rows.bind(1, value_of(request.queue));
    rows.bind(2, request.lane);
    rows.bind(3, value_of(request.after));
    const Reading reading(rows);
    for (std::size_t looked_at = 1; rows.step() && rows.integer(0) <= value_of(up_to); ++looked_at) {
        if (!without.contains(rows.bytes(1))) return Sequence{rows.integer(0)};
        if (looked_at % 1024 == 0) check_deadline();
    }
    return std::nullopt;
}

/// Passes over the rows of groups that are not wanted, reading nothing else of them: the way to the first other group may be
/// long. `page.scanned` is the last one passed. False when that ends the page.
bool Reader::skip_groups(const EntriesAfter& request, Sequence up_to, Page& page) {
    const auto other = first_of_other_groups(request, up_to);
    const auto passed = first(last_until_, request, other ? Sequence{value_of(*other) - 1} : up_to);
    if (passed) page.scanned = std::max(request.after, Sequence{*passed});
    if (!other) page.end = !first(lane_after_, request, up_to);
    return other.has_value();
}

void Reader::entries_after(const EntriesAfter& request, Page& page) {
    const boost::unordered_flat_set<std::string_view> without(request.without_groups.begin(), request.without_groups.end());
    Allowance bodies(request.max_bytes);
    page.scanned = request.after;
    Sequence up_to{std::numeric_limits<std::int64_t>::max()};
    if (request.scan > 0) {
        entry_at_offset_.bind(4, static_cast<std::int64_t>(request.scan) - 1);
        if (const auto last = first(entry_at_offset_, request, request.after)) up_to = Sequence{*last};
    }
    if (!without.empty() && !skip_groups(request, up_to, page)) return;
    auto& rows = entries_after_;
    rows.bind(1, value_of(request.queue));
    rows.bind(2, request.lane);
    rows.bind(3, value_of(page.scanned) + planted(Bug::page_skips_an_entry));
    page.entries.reserve(std::min<std::size_t>(request.max, 1024));
    for (std::size_t looked_at = 1;; ++looked_at) {
        if (!rows.step()) {
            page.end = true;
            break;
        }
        const EntryKey key{request.queue, request.lane, Sequence{rows.integer(0)}};
        if (page.entries.size() >= request.max || key.sequence > up_to) break;
        if (looked_at % 1024 == 0) check_deadline();
        page.scanned = key.sequence;
        if (!without.empty() || request.only_group) {
            const auto group = rows.bytes(8);
            if (without.contains(group) || (request.only_group && group != *request.only_group)) continue;
        }
        page.entries.push_back(read_entry(rows, 1, key));
        bodies.offer(page.entries.back());
    }
    rows.reset();
    read_messages(std::move(bodies.ids), page);
}

void Reader::lane_heads(const LaneHeads& request, Page& page) {
    for (int lane = 0; lane <= 255; ++lane) {
        lane_from_.bind(1, value_of(request.queue));
        lane_from_.bind(2, lane);
        const Reading first(lane_from_);
        if (!lane_from_.step()) break;
        lane = static_cast<int>(lane_from_.integer(0));
        EntryRow head;
        head.key = {request.queue, static_cast<std::uint8_t>(lane), Sequence{lane_from_.integer(1)}};
        if (head.key.sequence <= request.after) {
            lane_after_.bind(1, value_of(request.queue));
            lane_after_.bind(2, lane);
            lane_after_.bind(3, value_of(request.after));
            const Reading next(lane_after_);
            if (!lane_after_.step()) continue;
            head.key.sequence = Sequence{lane_after_.integer(0)};
        }
        page.entries.push_back(std::move(head));
    }
    page.end = true;
}

void Reader::due(const Due& request, Page& page) {
    due_.bind(1, static_cast<std::int64_t>(request.max) + 1);
    page.end = true;
    while (due_.step()) {
        const auto due_at = wall(due_.integer(0));
        if (due_at > request.until || page.delayed.size() >= request.max) {
            page.next_due = due_at;
            page.end = due_at > request.until;
            break;
        }
        page.delayed.push_back(read_delayed(due_));
    }
}

void Reader::delayed_of(const DelayedOf& request, Page& page) {
    Allowance bodies(request.max_bytes);
    auto& rows = request.message ? delayed_of_message_ : delayed_of_queue_;
    rows.bind(1, value_of(request.queue));
    if (request.message) {
        rows.bind(2, value_of(*request.message));
        rows.bind(3, static_cast<std::int64_t>(request.max) + 1);
    } else {
        rows.bind(2, request.after_due.time_since_epoch().count());
        rows.bind(3, value_of(request.after));
        rows.bind(4, static_cast<std::int64_t>(request.max) + 1);
    }
    page.end = true;
    while (rows.step()) {
        if (page.delayed.size() >= request.max) {
            page.end = false;
            break;
        }
        page.delayed.push_back(read_delayed(rows));
        bodies.offer(page.delayed.back().entry);
    }
    rows.reset();
    read_messages(std::move(bodies.ids), page);
}

void Reader::read_messages(std::vector<std::int64_t> ids, Page& page) {
    if (ids.empty()) return;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    page.messages.reserve(ids.size());

    // Ids asked for mostly lie side by side: one cursor walks, and seeks anew only over a gap.
    auto& rows = messages_from_;
    bool standing = false;
    std::size_t read = 0;
    for (const auto id : ids) {
        if (++read % 256 == 0) check_deadline();
        if (standing && rows.integer(0) < id) standing = rows.step();
        if (!standing || rows.integer(0) < id) {
            rows.reset();
            rows.bind(1, id);
            standing = rows.step();
            if (!standing) break;
        }
        if (rows.integer(0) != id) continue;
        MessageRow row;
        row.id = MessageId{id};
        row.published_at = wall(rows.integer(1));
        row.properties = rows.bytes(3);
        row.message.body = std::make_shared<const std::string>(rows.bytes(4));
        row.damaged = rows.integer(2) != checksum_of_message(row.id, row.published_at, row.properties, *row.message.body);
        if (planted(Bug::message_crc_not_compared)) row.damaged = false;
        page.messages.push_back(std::move(row));
    }
    rows.reset();
}

}  // namespace rowmq::storage::sqlite
