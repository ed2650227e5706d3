// An engine that puts, pages, removes and finds duplicates, to learn what the downward door asks of PostgreSQL. Calls block the
// strand; a batch with anything else in it is refused.
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "storage/memory/decide.hpp"
#include "test/conformance/postgres_spike/cluster.hpp"
#include "test/conformance/postgres_spike/connection.hpp"
#include "test/conformance/postgres_spike/place.hpp"
#include "test/conformance/postgres_spike/statements.hpp"

namespace rowmq::conformance::postgres_spike {

using namespace storage;
using storage::Page;

namespace {

using Integers = std::vector<std::optional<std::int64_t>>;
using Strings = std::vector<std::optional<std::string_view>>;

std::int64_t ms(WallTime time) { return time.time_since_epoch().count(); }
std::optional<std::int64_t> ms(const std::optional<WallTime>& time) { return time ? std::optional(ms(*time)) : std::nullopt; }
WallTime wall(std::int64_t since_1970) { return WallTime{std::chrono::milliseconds(since_1970)}; }

/// The rows of a list whose units hold, a column at a time.
template <typename Row, typename Part>
auto column(const std::vector<Row>& rows, const memory::Decision& decision, Part part) {
    std::vector<std::optional<std::remove_cvref_t<
        std::conditional_t<std::is_convertible_v<decltype(part(rows[0])), std::optional<std::int64_t>>, std::int64_t, std::string_view>>>>
        values;
    for (const Row& row : rows)
        if (decision.holds(row.unit)) values.push_back(part(row));
    return values;
}

class Spike final : public Engine {
public:
    Spike(boost::asio::any_io_executor strand, std::string target, std::string schema)
        : strand_(std::move(strand)), target_(std::move(target)), schema_(std::move(schema)) {}

    awaitable<Result<Snapshot>> load() override {
        co_await turn();
        connection_.emplace(target_, schema_);
        connection_->run("DO $$ BEGIN IF to_regclass('meta') IS NULL THEN " + statements().at("schema") + "; END IF; END $$");
        connection_->prepare();
        connection_->enter_pipeline();
        connection_->send("raise_epoch");
        connection_->sync();
        const std::vector<Rows> rows = connection_->receive();
        Snapshot snapshot;
        snapshot.epoch = static_cast<std::uint32_t>(rows.at(0).integer(0, 0));
        turn_ = rows.at(0).integer(0, 1);
        co_return snapshot;
    }

    awaitable<Outcome> commit(std::shared_ptr<const Batch> batch) override {
        co_await turn();
        Outcome outcome;
        if (!batch->catalog.empty() || !batch->delayed.empty() || !batch->updates.empty() || !batch->delayed_removals.empty() ||
            !batch->sweeps.empty() || !batch->applications.empty()) {
            outcome.failure = Error{Errc::store_failed, "the PostgreSQL spike only puts, pages, removes and finds duplicates"};
            co_return outcome;
        }
        try {
            outcome = write(*batch);
            committed_ = batch->ticket;
        } catch (const Failure& failure) {
            outcome = Outcome{};
            outcome.failure = Error{Errc::store_failed, failure.what()};
        }
        co_return outcome;
    }

    awaitable<Page> page(PageRequest request) override {
        co_await turn();
        Page page;
        page.snapshot = committed_;
        try {
            if (const auto* entries = std::get_if<EntriesAfter>(&request)) read(*entries, page);
            else if (const auto* heads = std::get_if<LaneHeads>(&request)) read(*heads, page);
            else if (const auto* bodies = std::get_if<MessagesById>(&request)) read(*bodies, page);
            else page.failure = Error{Errc::store_failed, "the PostgreSQL spike has no such page"};
        } catch (const Failure& failure) {
            page.failure = Error{Errc::store_failed, failure.what()};
        }
        co_return page;
    }

    awaitable<Result<void>> backup(std::string) override {
        co_await turn();
        co_return Error{Errc::invalid_argument, "the PostgreSQL spike has no backup"};
    }
    awaitable<CheckReport> check() override {
        co_await turn();
        co_return CheckReport{};
    }
    awaitable<void> close() override {
        co_await turn();
        connection_.reset();
    }
    void stop() override {}
    std::string name() const override { return "postgresql:" + schema_; }
    std::string durability() const override { return "full"; }
    bool has_sql() const override { return false; }

private:
    awaitable<void> turn() { co_await boost::asio::post(strand_, boost::asio::use_awaitable); }

    Outcome write(const Batch& batch) {
        Connection& db = *connection_;
        db.send("begin");
        const std::int64_t turn_before = turn_;
        if (batch.rotate_deduplications) {
            turn_ = 1 - turn_;
            db.send("turn_deduplications", Parameters().integer(turn_));
        }
        std::size_t to_read = 1 + batch.rotate_deduplications.has_value();
        Outcome outcome;
        try {
            memory::Content facts;
            if (ask(batch)) {  // the one case that costs a second round trip
                db.sync();
                take_facts(db.receive(), to_read, facts);
                to_read = 0;
            }
            memory::Decision decision(facts, batch);
            const std::size_t asked = apply(batch, decision, to_read);
            db.send("commit");
            db.sync();
            const std::vector<Rows> results = db.receive();
            if (asked > 0) outcome.missing = asked - static_cast<std::size_t>(results.at(removed_at_).integer(0, 0));
            outcome.left_out = decision.take_left_out();
        } catch (const Failure&) {
            turn_ = turn_before;
            db.send("rollback");
            db.sync();
            db.receive();
            throw;
        }
        return outcome;
    }

    /// Sends what the decision needs to know; false when no unit has a precondition.
    bool ask(const Batch& batch) {
        Integers queues, lanes, sequences, scopes_of;
        for (const Removal& row : batch.removals) {
            if (row.unit == Unit::always) continue;
            queues.push_back(value_of(row.key.queue));
            lanes.push_back(row.key.lane);
            sequences.push_back(value_of(row.key.sequence));
        }
        Strings scopes, ids;
        for (const Remember& row : batch.remembers) {
            scopes_of.push_back(value_of(row.queue));
            scopes.push_back(row.scope);
            ids.push_back(row.id);
        }
        if (!queues.empty()) connection_->send("lock_entries", Parameters().integers(queues).integers(lanes).integers(sequences));
        if (!ids.empty()) connection_->send("find_deduplications", Parameters().integers(scopes_of).texts(scopes).texts(ids));
        asked_entries_ = !queues.empty();
        asked_ids_ = !ids.empty();
        return asked_entries_ || asked_ids_;
    }

    void take_facts(const std::vector<Rows>& results, std::size_t at, memory::Content& facts) {
        if (asked_entries_) {
            const Rows& rows = results.at(at++);
            for (std::size_t i = 0; i < rows.size(); ++i)
                facts.entries.emplace(
                    EntryKey{QueueId{rows.integer(i, 0)}, static_cast<std::uint8_t>(rows.integer(i, 1)), Sequence{rows.integer(i, 2)}},
                    EntryRow{});
        }
        if (!asked_ids_) return;
        const Rows& rows = results.at(at);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            auto& table = rows.integer(i, 3) == turn_ ? facts.deduplications : facts.older_deduplications;
            table[{QueueId{rows.integer(i, 0)}, std::string(rows.bytes(i, 1)), std::string(rows.bytes(i, 2))}] = {
                wall(rows.integer(i, 6)), MessageId{rows.integer(i, 4)}, Sequence{rows.integer(i, 5)}};
        }
    }

    /// Sends every list of the batch, in the door's order. Answers how many removals were sent; their result is number removed_at_.
    std::size_t apply(const Batch& batch, const memory::Decision& decision, std::size_t number) {
        Connection& db = *connection_;
        const auto send = [&](const char* statement, const Parameters& parameters) {
            db.send(statement, parameters);
            return number++;
        };
        const auto of = [&](const auto& rows, auto part) { return column(rows, decision, part); };

        if (const auto& rows = batch.remembers; !rows.empty())
            send("put_deduplications", Parameters()
                                           .integers(of(rows, [](const Remember& r) { return value_of(r.queue); }))
                                           .texts(of(rows, [](const Remember& r) { return std::string_view(r.scope); }))
                                           .texts(of(rows, [](const Remember& r) { return std::string_view(r.id); }))
                                           .integers(of(rows, [](const Remember& r) { return value_of(r.message); }))
                                           .integers(of(rows, [](const Remember& r) { return value_of(r.sequence); }))
                                           .integers(of(rows, [](const Remember& r) { return ms(r.now); }))
                                           .integer(turn_));
        if (const auto& rows = batch.messages; !rows.empty())
            send("put_messages", Parameters()
                                     .integers(of(rows, [](const MessageRow& r) { return value_of(r.id); }))
                                     .integers(of(rows, [](const MessageRow& r) { return ms(r.published_at); }))
                                     .texts(of(rows, [](const MessageRow& r) { return std::string_view(r.properties); }))
                                     .blobs(of(rows, [](const MessageRow& r) { return r.message.text(); })));
        if (const auto& rows = batch.entries; !rows.empty())
            send(
                "put_entries",
                Parameters()
                    .integers(of(rows, [](const EntryRow& r) { return value_of(r.key.queue); }))
                    .integers(of(rows, [](const EntryRow& r) { return std::int64_t{r.key.lane}; }))
                    .integers(of(rows, [](const EntryRow& r) { return value_of(r.key.sequence); }))
                    .integers(of(rows, [](const EntryRow& r) { return value_of(r.message); }))
                    .integers(of(rows, [](const EntryRow& r) { return std::int64_t{r.copies}; }))
                    .integers(of(rows, [](const EntryRow& r) { return std::int64_t{r.bytes}; }))
                    .integers(of(rows, [](const EntryRow& r) { return std::int64_t{r.receives}; }))
                    .integers(of(rows, [](const EntryRow& r) { return ms(r.expires_at); }))
                    .integers(of(rows, [](const EntryRow& r) { return ms(r.available_at); }))
                    .texts(of(rows, [](const EntryRow& r) { return std::string_view(r.group); }))
                    .texts(of(rows, [](const EntryRow& r) { return r.notes ? std::optional<std::string_view>(*r.notes) : std::nullopt; })));
        if (const auto& rows = batch.shares; !rows.empty())
            send("add_shares", Parameters()
                                   .integers(of(rows, [](const ShareChange& r) { return value_of(r.message); }))
                                   .integers(of(rows, [](const ShareChange& r) { return std::int64_t{r.add}; })));
        std::size_t always = 0;
        if (const auto& rows = batch.removals; !rows.empty()) {
            removed_at_ = send("remove_entries", Parameters()
                                                     .integers(of(rows, [](const Removal& r) { return value_of(r.key.queue); }))
                                                     .integers(of(rows, [](const Removal& r) { return std::int64_t{r.key.lane}; }))
                                                     .integers(of(rows, [](const Removal& r) { return value_of(r.key.sequence); }))
                                                     .integers(of(rows, [](const Removal& r) { return value_of(r.message); }))
                                                     .integers(of(rows, [](const Removal& r) { return std::int64_t{r.copies}; }))
                                                     .integers(of(rows, [](const Removal& r) { return std::int64_t{r.keep_message}; })));
            Integers shared;
            for (const Removal& row : rows) {
                if (decision.holds(row.unit)) ++always;
                if (row.copies > 1 && !row.keep_message) shared.push_back(value_of(row.message));
            }
            if (!shared.empty()) send("remove_shares", Parameters().integers(shared));
        }
        if (const auto& rows = batch.counters; !rows.empty()) {
            std::map<QueueId, CounterDelta> sums;
            for (const CounterDelta& row : rows) {
                if (!decision.holds(row.unit)) continue;
                CounterDelta& sum = sums[row.queue];
                sum.sent += row.sent;
                sum.done += row.done;
                sum.bytes += row.bytes;
            }
            Integers queues, sent, done, bytes;
            for (const auto& [queue, sum] : sums) {
                queues.push_back(value_of(queue));
                sent.push_back(sum.sent);
                done.push_back(sum.done);
                bytes.push_back(sum.bytes);
            }
            send("count", Parameters().integers(queues).integers(sent).integers(done).integers(bytes));
        }
        return always;
    }

    void read(const EntriesAfter& request, Page& page) {
        const bool filtered = request.only_group || !request.without_groups.empty();
        Strings without(request.without_groups.begin(), request.without_groups.end());
        Connection& db = *connection_;
        const auto key = [&](std::int64_t after) {
            return Parameters().integer(value_of(request.queue)).integer(request.lane).integer(after);
        };
        const std::size_t max = !filtered && request.scan ? std::min(request.max, request.scan) : request.max;
        db.send("entries_after", key(value_of(request.after))
                                     .text(request.only_group)
                                     .integer(static_cast<std::int64_t>(max) + 1)
                                     .integer(filtered ? static_cast<std::int64_t>(request.scan) : 0)
                                     .integer(static_cast<std::int64_t>(request.max_bytes))
                                     .texts(without));
        if (filtered && request.scan)
            db.send("looked_at", key(value_of(request.after)).integer(2).integer(static_cast<std::int64_t>(request.scan) - 1));
        db.send("last_of_lane", Parameters().integer(value_of(request.queue)).integer(request.lane));
        db.sync();
        const std::vector<Rows> results = db.receive();
        const Rows& rows = results.at(0);
        const std::size_t count = std::min(rows.size(), max);
        page.scanned = request.after;
        for (std::size_t i = 0; i < count; ++i) page.entries.push_back(entry(rows, i, request.queue));
        for (std::size_t i = 0; i < count; ++i)
            if (!rows.is_null(i, 10)) page.messages.push_back(message(rows, i, 10));
        std::ranges::sort(page.messages, {}, &MessageRow::id);
        const auto repeated = std::ranges::unique(page.messages, {}, &MessageRow::id);
        page.messages.erase(repeated.begin(), repeated.end());

        if (count) page.scanned = page.entries.back().key.sequence;
        const Rows& last = results.back();
        const Sequence end_of_lane = last.is_null(0, 0) ? Sequence{} : Sequence{last.integer(0, 0)};
        if (filtered && count < max && rows.size() <= max) {
            // Nothing more that fits stood in what was looked at: all of the lane, or `scan` rows.
            page.scanned = std::max(request.after, end_of_lane);
            if (request.scan && results.at(1).size() > 0) page.scanned = Sequence{results.at(1).integer(0, 0)};
        }
        page.end = rows.size() <= max && page.scanned >= end_of_lane;
    }

    void read(const LaneHeads& request, Page& page) {
        connection_->send("lane_heads", Parameters().integer(value_of(request.queue)).integer(value_of(request.after)));
        connection_->sync();
        const Rows rows = connection_->receive().at(0);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            EntryRow head;
            head.key = {request.queue, static_cast<std::uint8_t>(rows.integer(i, 0)), Sequence{rows.integer(i, 1)}};
            page.entries.push_back(std::move(head));
        }
        page.end = true;
    }

    void read(const MessagesById& request, Page& page) {
        Integers ids;
        for (MessageId id : request.ids) ids.push_back(value_of(id));
        connection_->send("messages_by_id", Parameters().integers(ids));
        connection_->sync();
        const Rows rows = connection_->receive().at(0);
        for (std::size_t i = 0; i < rows.size(); ++i) page.messages.push_back(message(rows, i, 0));
        page.end = true;
    }

    static EntryRow entry(const Rows& rows, std::size_t i, QueueId queue) {
        EntryRow row;
        row.key = {queue, static_cast<std::uint8_t>(rows.integer(i, 0)), Sequence{rows.integer(i, 1)}};
        row.message = MessageId{rows.integer(i, 2)};
        row.copies = static_cast<std::int32_t>(rows.integer(i, 3));
        row.bytes = static_cast<std::int32_t>(rows.integer(i, 4));
        row.receives = static_cast<std::uint32_t>(rows.integer(i, 5));
        if (!rows.is_null(i, 6)) row.expires_at = wall(rows.integer(i, 6));
        if (!rows.is_null(i, 7)) row.available_at = wall(rows.integer(i, 7));
        row.group = rows.bytes(i, 8);
        if (!rows.is_null(i, 9)) row.notes = std::make_shared<const std::string>(rows.bytes(i, 9));
        return row;
    }
    static MessageRow message(const Rows& rows, std::size_t i, int at) {
        MessageRow row;
        row.id = MessageId{rows.integer(i, at)};
        row.published_at = wall(rows.integer(i, at + 1));
        row.properties = rows.bytes(i, at + 2);
        row.message.body = std::make_shared<const std::string>(rows.bytes(i, at + 3));
        return row;
    }

    boost::asio::any_io_executor strand_;
    std::string target_, schema_;
    std::optional<Connection> connection_;
    std::int64_t turn_ = 0;
    Ticket committed_{};
    bool asked_entries_ = false, asked_ids_ = false;
    std::size_t removed_at_ = 0;
};

class InSchema final : public Place {
public:
    std::unique_ptr<Engine> open(boost::asio::any_io_executor strand) override {
        return new_engine(std::move(strand), Cluster::instance().target(), schema_);
    }

private:
    std::string schema_ = Cluster::instance().new_schema();
};

}  // namespace

std::unique_ptr<Place> new_place() { return std::make_unique<InSchema>(); }

std::unique_ptr<Engine> new_engine(boost::asio::any_io_executor strand, std::string target, std::string schema) {
    return std::make_unique<Spike>(std::move(strand), std::move(target), std::move(schema));
}

}  // namespace rowmq::conformance::postgres_spike
