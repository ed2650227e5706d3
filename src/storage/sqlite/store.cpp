#include "storage/sqlite/store.hpp"

#include "base/planted.hpp"
#include "storage/sqlite/catalog.hpp"
#include "storage/sqlite/failing_files.hpp"
#include "storage/sqlite/log_repair.hpp"
#include "storage/sqlite/migrate.hpp"

namespace rowmq::storage::sqlite {
namespace {

using namespace std::chrono_literals;

// A log shorter than this is left alone by a short rest: writing it back would cost more syncs than it is worth.
constexpr std::int64_t short_log_bytes = 1024 * 1024;
// Long enough that what follows a commit at once does not wait for more log.
constexpr auto blink = 1ms;
// A seal costs a sync: not while commits follow each other.
constexpr auto before_seal = 50ms;
constexpr auto short_rest = 100ms, long_rest = 1'000ms, between_slices = 5ms, between_measures = 1'000ms;
// Free pages the file may keep: below, giving them back only makes the next backlog slower.
constexpr std::int64_t kept_free_bytes = 4 * 1024 * 1024;

const char* pragma_value(Synchronous synchronous) {
    switch (synchronous) {
        case Synchronous::full: return planted(Bug::skip_sync) ? "OFF" : planted(Bug::commit_not_synced) ? "NORMAL" : "FULL";
        case Synchronous::normal: return "NORMAL";
        case Synchronous::off: return "OFF";
    }
    return "FULL";
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const SqliteOptions& options, Snapshot& snapshot) {
    std::unique_ptr<Store> store(new Store(options));
    try {
        if (options.vfs.empty())
            if (auto why = unfit_place(options.path)) return Error{Errc::store_failed, std::move(*why)};
        if (options.owner_lock) {
            auto lock = OwnerLock::take(options.path, options.admin_address);
            if (!lock) return lock.error();
            store->lock_ = std::move(*lock);
        }
        if (auto opened = store->open_file(snapshot); !opened) return opened.error();
    } catch (const Broken& broken) {
        const auto code = broken.is_full() ? Errc::store_full : broken.is_busy() ? Errc::store_busy : Errc::store_failed;
        return Error{code, "cannot open " + options.path + ": " + broken.what()};
    } catch (const std::exception& thrown) {
        return Error{Errc::store_failed, "cannot open " + options.path + ": " + thrown.what()};
    }
    return store;
}

Store::~Store() {
    // The reader goes first: the last connection to close writes the log back and removes it.
    reader_.reset();
    writer_.reset();
}

Connection Store::connect(int cache_kib) const {
    Connection connection(options_.path, {.vfs = options_.vfs});
    connection.write_back_on_close(false);
    connection.execute("PRAGMA cache_size = -" + std::to_string(cache_kib) +
                       "; PRAGMA mmap_size = 0; PRAGMA secure_delete = OFF; PRAGMA wal_autocheckpoint = 0");
    return connection;
}

Connection Store::connect() const {
    auto connection = connect(2'048);
    connection.execute("PRAGMA query_only = 1");
    return connection;
}

Result<void> Store::open_file(Snapshot& snapshot) {
    if (options_.synchronous == Synchronous::full) {
        auto repair = repair_log(options_.path, options_.vfs);
        if (!repair.lost.empty() && repair.was_synced)
            return Error{Errc::store_failed, "cannot open " + options_.path + ": " + repair.lost +
                                                 " and had been synced; restore a backup, or save the rest: rowmq check --salvage"};
        repairs_ = std::move(repair.done);
        if (!repair.lost.empty()) repairs_.push_back(repair.lost + ": what was committed from there on is gone");
    }
    connection_ = connect(options_.writer_cache_kib);
    if (auto current =
            migrate(connection_, {.page_size = options_.page_size, .incremental_vacuum = options_.incremental_vacuum}, sql_migrations());
        !current)
        return current;
    connection_.execute(std::string("PRAGMA synchronous = ") + pragma_value(options_.synchronous) +
                        "; PRAGMA journal_size_limit = " + std::to_string(2 * options_.wal_bytes));
    if (options_.max_pages > 0) connection_.execute("PRAGMA max_page_count = " + std::to_string(options_.max_pages));
    page_size_ = static_cast<int>(connection_.integer("PRAGMA page_size"));
    room_ = Room(connection_.handle(), page_size_);
    checkpoint_at_ = wal_cap();
    sqlite3_wal_hook(connection_.handle(), &Store::wal_grew, this);
    gate_.install(connection_.handle());
    watch_syncs(connection_.handle());

    try {
        begin_epoch(snapshot);
    } catch (const Broken& broken) {
        if (!broken.is_full()) throw;
        // On a full disk the log that was found begins anew over itself.
        if (connection_.in_transaction()) connection_.execute("ROLLBACK");
        checkpoint(false);
        begin_epoch(snapshot);
    }

    connection_.write_back_on_close(true);
    writer_ = std::make_unique<Writer>(connection_, gate_, room_);
    auto reading = connect(options_.reader_cache_kib);
    reading.execute("PRAGMA query_only = 1");
    reader_ = std::make_unique<Reader>(std::move(reading), options_.read_time);
    log_ahead_ = LogAhead(connection_.handle(), static_cast<std::int64_t>(options_.wal_bytes));
    log_is_short_ = log_ahead_.is_short(0);
    log_seal_ = LogSeal(connection_.handle());
    measure_size();
    snapshot.damage = repairs_;
    return {};
}

void Store::begin_epoch(Snapshot& snapshot) {
    connection_.execute("BEGIN IMMEDIATE");
    if (!planted(Bug::epoch_not_raised)) prepare(connection_.handle(), "raise_epoch").run();
    snapshot = read_snapshot(connection_.handle());
    connection_.execute("COMMIT");
}

int Store::wal_grew(void* self, sqlite3*, const char*, int pages) {
    auto& store = *static_cast<Store*>(self);
    store.room_.log_has(pages);
    if (pages < store.wal_pages_) store.checkpoint_at_ = store.wal_cap();  // it began anew
    store.wal_pages_ = pages;
    store.unchecked_ = true;
    store.may_shrink_ = true;
    store.is_sealed_ = store.options_.synchronous != Synchronous::full;
    return SQLITE_OK;
}

std::int64_t Store::wal_cap() const { return std::max<std::int64_t>(1, static_cast<std::int64_t>(options_.wal_bytes) / page_size_); }

void Store::write(std::span<Written> group) {
    if (failed_.load(std::memory_order_relaxed)) {
        for (auto& written : group) *written.outcome = Outcome{.failure = failure()};
        return;
    }
    std::string why;
    const bool full = !fits(group, why) && !(make_room() && fits(group, why));
    if (full && group.size() == 1 && !planted(Bug::store_full_is_done))
        *group.front().outcome = Outcome{.failure = Error{Errc::store_full, "no space left for the store: " + why}};
    if (failed_.load(std::memory_order_relaxed)) {
        for (auto& written : group) *written.outcome = Outcome{.failure = failure()};
    } else if (full && group.size() > 1 && !planted(Bug::full_group_is_done)) {
        // Those that only remove may fit where the others do not.
        for (auto& written : group) write(std::span(&written, 1));
    } else if (!group.empty()) {
        committed_.store(value_of(group.back().batch->ticket), std::memory_order_release);
        const std::lock_guard lock(mutex_);
        size_ = writer_->written_size();
        figures_.transactions += 1;
        figures_.batches += group.size();
        figures_.wal_pages = wal_pages_;
        sync_.observe(group.back().outcome->sync_ns);
    }
}

bool Store::fits(std::span<Written> group, std::string& why) {
    try {
        writer_->write(group);
    } catch (const Broken& broken) {
        why = broken.what();
        if (broken.is_full()) return false;
        if (planted(Bug::failed_sync_retried)) return fits(group, why);
        fail(why);
    } catch (const std::exception& thrown) {
        fail(thrown.what());
    }
    return true;
}

/// A log that was written back begins anew over itself: what is deleted needs no space that is not there already.
bool Store::make_room() {
    if (failed_.load(std::memory_order_relaxed) || !unchecked_) return false;
    checkpoint(true);
    return !failed_.load(std::memory_order_relaxed);
}

void Store::fail(std::string text) {
    // A sync that failed must not be tried again, also not by closing: the kernel may have dropped what it could not write.
    connection_.write_back_on_close(false);
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = Error{Errc::store_failed, std::move(text)};
    failed_.store(true, std::memory_order_release);
}

std::optional<Error> Store::failure() const {
    if (!failed_.load(std::memory_order_acquire)) return std::nullopt;
    const std::lock_guard lock(mutex_);
    return failure_;
}

void Store::tend() {
    if (wal_pages_ >= checkpoint_at_ && !failed_) checkpoint(true);
    if (!options_.threads && may_shrink_ && !failed_ && figures_.transactions % 64 == 0) vacuum();
    log_is_short_ = !failed_ && log_ahead_.is_short(wal_pages_ * page_size_);
    if (!options_.threads && log_is_short_) lengthen_log();
    if (options_.seal_each_commit && !is_sealed_ && !failed_) seal_log();
    if (std::chrono::steady_clock::now() - measured_at_ >= between_measures) {
        log_ahead_.try_again();
        measure_size();
    }
}

std::optional<std::chrono::milliseconds> Store::rest_after() const {
    if (failed_) return std::nullopt;
    if (log_is_short_) return blink;
    if (shrinking_) return between_slices;
    if (!is_sealed_) return before_seal;
    if (unchecked_ && wal_pages_ * page_size_ >= short_log_bytes) return short_rest;
    if (unchecked_ || may_shrink_) return long_rest;
    return std::nullopt;
}

void Store::rest() {
    rest_a_slice();
    measure_size();
}

void Store::measure_size() {
    measured_at_ = std::chrono::steady_clock::now();
    if (failed_) return;
    try {
        const Writer::Size size = writer_->size();
        const std::lock_guard lock(mutex_);
        size_ = size;
    } catch (const Broken&) {
        return;  // a measure more or less; what is broken will be found by who needs it
    }
}

void Store::rest_a_slice() {
    if (log_is_short_) return lengthen_log();
    if (!is_sealed_ && !shrinking_) return seal_log();
    if (unchecked_ && wal_pages_ * page_size_ >= short_log_bytes) return checkpoint(false);
    shrinking_ = may_shrink_ && vacuum() > 0;
    if (shrinking_) return;
    if (unchecked_) checkpoint(false);
}

void Store::lengthen_log() {
    try {
        // Where no step was made, another is tried after the next commit.
        log_is_short_ = log_ahead_.lengthen() && log_ahead_.is_short(wal_pages_ * page_size_);
    } catch (const Broken& broken) {
        log_is_short_ = false;
        fail(broken.what());
    }
}

void Store::seal_log() {
    is_sealed_ = true;
    try {
        log_seal_.set(wal_pages_);
    } catch (const Broken& broken) {
        fail(broken.what());
    }
}

void Store::checkpoint(bool shut_readers_out) {
    const auto start = std::chrono::steady_clock::now();
    const bool alone = shut_readers_out && options_.threads && reader_gate_.shut_for(100ms);
    int in_log = 0, written_back = 0;
    if (planted(Bug::checkpoint_before_sync)) connection_.execute("PRAGMA synchronous = OFF");
    const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &written_back);
    if (alone) reader_gate_.open();
    // Until the log begins anew (wal_grew sees that), another attempt is worth its syncs only when it has grown by as much again.
    checkpoint_at_ = wal_pages_ + std::max<std::int64_t>(1, wal_cap() / 4);
    unchecked_ = false;
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
        try {
            throw_broken(connection_.handle(), code, "checkpoint");
        } catch (const Broken& broken) {
            if (broken.is_full()) unchecked_ = true;
            else fail(broken.what());
        }
    }
    const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
    const std::lock_guard lock(mutex_);
    figures_.checkpoints += 1;
    checkpoint_.observe(took);
    figures_.checkpoint_ns = std::max<std::int64_t>(figures_.checkpoint_ns, took);
}

std::int64_t Store::vacuum() {
    if (!options_.incremental_vacuum) {
        may_shrink_ = false;
        return 0;
    }
    try {
        const auto moved = writer_->shrink(kept_free_bytes / page_size_);
        if (moved == 0) may_shrink_ = false;
        return moved;
    } catch (const Broken& broken) {
        may_shrink_ = false;
        if (!broken.is_full()) fail(broken.what());
        return 0;
    }
}

void Store::finish() {
    reader_.reset();
    writer_.reset();
    connection_.close();
    lock_.release();
}

Page Store::page(const PageRequest& request) {
    Page page;
    if (auto broken = failure()) {
        page.failure = std::move(broken);
        return page;
    }
    if (options_.threads) reader_gate_.enter();
    const auto seen = committed_.load(std::memory_order_acquire);
    page = reader_->read(request);
    if (options_.threads) reader_gate_.leave();
    page.snapshot = Ticket{seen};
    return page;
}

void Store::set_admin_address(const std::string& address) { lock_.announce(address); }

StoreMetrics Store::metrics() const {
    const std::lock_guard lock(mutex_);
    StoreMetrics out;
    out.transactions = figures_.transactions;
    out.sync = sync_.value(seconds_of_nanoseconds);
    out.checkpoint = checkpoint_.value(seconds_of_nanoseconds);
    out.log_pages = figures_.wal_pages;
    out.page_bytes = page_size_;
    out.pages = size_.pages;
    out.free_pages = size_.free;
    return out;
}

std::int64_t Store::free_bytes() const {
    const std::lock_guard lock(mutex_);
    return size_.free * page_size_;
}

SqliteFigures Store::figures() const {
    const std::lock_guard lock(mutex_);
    return figures_;
}

}  // namespace rowmq::storage::sqlite
