#pragma once
// The broker's state and its verbs, all on one strand. Each group of functions has a file of its own, named beside it.
// Memory is who holds what right now; it is the fold of committed batches and may be dropped and read from rows again.

#include <boost/asio/any_io_executor.hpp>
#include <future>
#include <list>
#include <set>
#include <span>

#include "base/histogram.hpp"
#include "broker/arrivals.hpp"
#include "broker/catalog/catalog.hpp"
#include "broker/committer.hpp"
#include "broker/make.hpp"
#include "broker/notes.hpp"
#include "broker/routing/route.hpp"
#include "broker/stored_time.hpp"
#include "broker/timers.hpp"

namespace rowmq {

struct SessionState {
    struct BrokerState* broker = nullptr;  ///< null once closed
    NamespaceId ns{};
    std::uint64_t number = 0;  ///< in the order of opening
    std::size_t leases = 0;
    std::set<QueueId> touched;  ///< where its leases may be
    std::vector<std::shared_ptr<SubscriptionState>> subscriptions;
};

/// So that what happens to all of them happens in the same order in every run.
struct InOrderOfOpening {
    bool operator()(const SessionState* a, const SessionState* b) const noexcept { return a->number < b->number; }
};

struct SubscriptionState {
    std::shared_ptr<SessionState> session;
    QueueId queue{};
    SubscriptionOptions options;
    Errc ended = Errc::closed;  ///< why, once `closed`
    bool closed = false;
    bool waiting = false;  ///< a next() is under way
    std::size_t leased = 0;
    std::size_t asked = 0;    ///< by its latest next(), at most
    Event* waiter = nullptr;  ///< of the next() that waits
};

/// A redrive under way, or ended.
struct RedriveProgress {
    storage::TaskRow row;
    std::vector<Sequence> selected;
    bool picking = false;                          ///< only `selected`
    bool over = false;                             ///< came to what was not there when it began
    std::optional<MessageId> unread;               ///< whose priority has to be read before it can be moved
    std::map<MessageId, std::uint8_t> priorities;  ///< that were read
    Event* sleeping = nullptr;
};

/// The rows of what an application's function staged, which the storage thread waits for in the middle of the transaction.
struct Preparation {
    using Rows = Result<std::shared_ptr<const storage::Batch>>;
    std::promise<Rows> rows;
    std::shared_future<Rows> answer_to_come{rows.get_future()};
    bool answered = false;  ///< of the strand, which answers

    template <typename Build>
    void answer(const Build& build) {
        if (!std::exchange(answered, true)) rows.set_value(build());
    }
};

/// Owned by the Broker and by every call under way. What runs by itself (run_*) owns it too, so `abandoned` is looked at after
/// each await there: then there is nobody to go on for.
struct BrokerState : std::enable_shared_from_this<BrokerState> {
    explicit BrokerState(BrokerParts given);
    ~BrokerState();
    static const Catalog& catalog_of(const Broker& broker) { return broker.state_->catalog; }  // look.cpp

    // make.cpp
    void start(storage::Snapshot snapshot);
    awaitable<void> close();
    void abandon();  ///< the Broker is destroyed
    void end_sessions();
    Result<void> usable() const;
    /// Why nothing may be published: the store's disk has less free than Limits::disk_free_bytes. Measured again after 100 ms, or
    /// when what was promised since may have taken a part of the room there was. (alarms.cpp)
    std::optional<Error> disk_is_short();
    /// The same of the process and Limits::memory_bytes.
    std::optional<Error> memory_is_short();
    std::optional<Error> publishing_stopped();
    void promise_disk(std::size_t rows, std::size_t bytes);

    // ids and time (make.cpp)
    std::int64_t next_id();
    /// Ids of a transaction with SQL, taken before those of batches that commit after it: a queue's sequences grow in the order
    /// of commits.
    struct IdBlock {
        std::int64_t next = 0, last = 0;
    };
    WallTime now_wall();
    /// What expires by now does; stands still while the machine's clocks diverge.
    WallTime expired_by() { return stored_time.expired(); }
    MonotonicTime now() { return parts.clock->monotonic(); }

    // counters.cpp
    storage::CounterDelta& counter(storage::Batch& batch, Queue& queue, storage::Unit unit = storage::Unit::always);
    QueueCounts counts_of(const Queue& queue) const;
    QueueInfo info_of(const Queue& queue) const;

    // publish.cpp
    struct Staged {  ///< one publish, checked and routed
        Publish* publish = nullptr;
        std::vector<Reached> reached;
        std::string properties;  ///< encoded
        std::string deduplication_id;
        std::size_t bytes = 0;
        bool conditional = false;  ///< a queue may know its deduplication id already
    };
    /// `full`: the queues for which it is too much and which dead-letter what they refuse; filled where the error is queue_full.
    std::optional<MessageId> next_of_lane(const Staged& staged);
    Result<Staged> stage(NamespaceId ns, Publish& publish, std::vector<Queue*>* full = nullptr);
    /// Why the queue takes nothing of so many bytes, where it refuses what is too much.
    std::optional<Error> is_full_for(const Queue& queue, std::size_t bytes) const;
    Result<std::string> stored_properties(const std::shared_ptr<const Properties>& properties);
    /// Of the last publish that had some, and of the last entry that was decoded: others in a row mostly have the same.
    std::pair<std::shared_ptr<const Properties>, std::string> encoded_properties, decoded_properties;
    /// Counts what is staged as if it were put, so that those staged after it find the queue as full as it will be.
    class Places {
    public:
        void take(const Staged& staged) {
            for (const Reached& to : staged.reached) change(*to.queue, staged.bytes, 1);
            taken_.push_back(&staged);
        }
        ~Places() { leave(); }
        void leave() {
            for (const Staged* staged : std::exchange(taken_, {}))
                for (const Reached& to : staged->reached) change(*to.queue, staged->bytes, -1);
        }

    private:
        static void change(Queue& queue, std::size_t bytes, std::int64_t by) {
            queue.pending_entries += by;
            queue.pending_bytes += by * static_cast<std::int64_t>(bytes);
        }
        std::vector<const Staged*> taken_;
    };
    /// Adds the rows of one publish; returns its result (duplicates are known only after the commit).
    PublishResult put(storage::Batch& batch, Staged& staged, storage::Unit unit);
    bool counts_ahead(const Queue& queue) const;
    bool is_awaited(const Queue& queue, std::int64_t entries) const;
    bool is_expected(const Queue& queue) const;
    static bool expires_as_it_comes(const Queue& queue, const Entry& entry);
    void put_entry(storage::Batch& batch, Queue& queue, storage::EntryRow row, milliseconds delay, bool fresh);
    awaitable<Result<Receipt>> publish(std::shared_ptr<SessionState> session, std::vector<Publish> messages, PublishRequest request);
    /// How many stand before a message that consumers are about to take, at most.
    static constexpr std::int64_t near_head = 1'000;
    static bool is_too_long(const Queue& queue);
    void trim(Queue& queue);  ///< drops the oldest beyond max_length and max_bytes
    std::uint8_t lane_of(const Queue& queue, std::string_view group, std::uint8_t priority) const;
    std::optional<WallTime> expiry_of(const Queue& queue, const Publish& publish, WallTime from) const;

    // fold.cpp
    bool fold(const storage::Batch& batch, const storage::Outcome& outcome);
    void unsettle(Queue& queue, Sequence sequence);
    void count_again(Queue& queue, const storage::EntryKey& key);

    // live.cpp
    Live& live(Queue& queue);
    void drop_live(Queue& queue);    ///< when nothing is held and nobody subscribes
    void forget_live(Queue& queue);  ///< whatever is held
    void touch_live(Queue& queue);   ///< used now
    bool window_room();              ///< makes some by forgetting what is used least
    void load(Queue& queue);         ///< begins to read a page unless one is under way
    static awaitable<void> run_load(std::shared_ptr<BrokerState> self, QueueId id);
    void ask_whether_failed();  ///< a page could not be read: a commit shows whether the store has failed, which nobody else may make
    void write_through_ahead(Queue& queue);
    bool wake(Queue& queue);  ///< as many waiters as there are messages for; whether there was one
    void on_timer(Queue& queue);
    void set_timer(Queue& queue);

    // consume.cpp
    struct Pick {
        Sequence sequence{};
        std::uint32_t number = 0;
    };
    std::vector<Pick> pick(Queue& queue, SubscriptionState& subscription, std::size_t max, std::size_t max_bytes);
    awaitable<Result<std::vector<Delivery>>> next(std::shared_ptr<SubscriptionState> subscription, NextRequest request);
    awaitable<Result<std::vector<Delivery>>> deliver(std::shared_ptr<SubscriptionState> subscription, std::vector<Pick> picks,
                                                     std::optional<milliseconds> lease);
    static bool counts_first(const Queue& queue, const Entry& entry);
    awaitable<std::optional<Error>> prepare(QueueId queue, const std::vector<Pick>& picks);
    awaitable<void> page_or_nothing(QueueId queue);  ///< until the page under way is in
    /// Decodes the properties. False, and damaged, when what is stored beside the body cannot be read.
    bool decode(Entry& entry);
    Delivery delivery_of(const Queue& queue, Entry& entry) const;  ///< of one that decode() could read
    Held* held(QueueId queue, Sequence sequence, std::uint32_t number, Queue** found = nullptr);
    void put_back(Queue& queue, Sequence sequence);  ///< from held to the window, as it is
    bool may_receive(const Queue& queue, const SubscriptionState& subscription) const;

    // early.cpp: what is delivered while its commit is under way
    static bool takes_early(const SubscriptionOptions& options) { return options.early && !options.single_active; }
    static bool is_plain(const Queue& queue);
    bool may_be_early(const Staged& staged) const;  ///< when it is the next to be put
    /// What was put last.
    void expect(storage::Batch& batch, Queue& queue, const Publish& publish, std::shared_ptr<EarlyNews> news);
    std::size_t ready_early(const Queue& queue) const;  ///< how many may be taken now
    std::optional<Coming> take_early(Queue& queue, const SubscriptionState& subscription, std::size_t max_bytes);
    /// Its lease ends while its commit is under way. `held` may be gone afterwards.
    void end_early(Queue& queue, Held& held, Early::Then then, std::optional<milliseconds> delay);
    bool strike(Queue& queue, Held& held);
    bool fold_early(Queue& queue, const storage::EntryRow& row, bool failed);  ///< true: that is all there is to do
    void stored_at_last(Queue& queue, Held& held);
    void lost_at_last(Queue& queue, Held& held);
    static void forget_early(Live& at_hand, Held& held);
    void tell_done(const std::shared_ptr<EarlyNews>& news, MessageId message);
    void owe_counts(QueueId queue, std::int64_t messages);
    void count_what_is_owed(storage::Batch& batch);
    Ticket early_until(const std::vector<Settlement>& settlements);  ///< the last commit under way of what they are about
    awaitable<Result<bool>> committed(Ticket ticket, std::shared_ptr<EarlyNews> news);

    // settle.cpp
    awaitable<void> settle_first_stored(std::shared_ptr<SessionState> session, Ticket until, std::vector<std::size_t> early,
                                        Settled& settled);
    bool is_ending(const Lease& lease) const;
    awaitable<void> settle_anew(std::shared_ptr<SessionState> session, const std::vector<Settlement>& settlements,
                                std::vector<std::size_t> ending, Settled& settled);
    std::optional<Error> settle_one(storage::Batch& batch, const Settlement& settlement, storage::Unit unit);
    void settle_held(storage::Batch& batch, Queue& queue, Held& held, Verdict verdict, std::optional<milliseconds> delay,
                     storage::Unit unit);
    awaitable<Settled> settle(std::shared_ptr<SessionState> session, std::vector<Settlement> settlements, Confirm confirm);
    /// Brings entries of leases of an earlier epoch into reach, held for nobody; those left so are to be `forgone`.
    /// `unread`: why some could not be looked for.
    awaitable<std::vector<Lease>> recall(std::vector<Lease> leases, std::optional<Error>& unread);
    void forgo(const std::vector<Lease>& recalled);
    bool still_names(const Lease& lease, const Entry& entry) const;
    Held* leased(const Lease& lease, Queue** found = nullptr);  ///< under a live lease of that name
    bool has_time_left(const Lease& lease);                     ///< leased, and not only because no timer has rung yet
    std::vector<std::optional<Error>> extend(std::span<const Lease> leases, milliseconds from_now, RunOut run_out);
    /// Takes an entry back out of the window for the lease that ran out last; null when it is leased anew, not there, or expired.
    Held* revive(const Lease& lease, Queue** found);
    void end_lease(Queue& queue, Held& held);  ///< accounts; the entry stays held
    void release(Queue& queue, Sequence sequence, std::optional<milliseconds> delay, bool expired);
    bool release_held(storage::Batch& batch, Queue& queue, Held& held, std::optional<milliseconds> delay, bool expired, storage::Unit unit);
    milliseconds backoff(const Queue& queue, std::uint32_t receives);
    void count_behind(Entry& entry);
    void take_counts_along(storage::Batch& batch);

    // dead_letter.cpp
    /// Adds the rows that move (or drop) a held entry; false when its target is configured and missing, and it must stay.
    /// A target chosen by what the message itself says (its routing key, its priority) may have to wait until that is read.
    bool dead_letter(storage::Batch& batch, Queue& queue, Held& held, DeadLetterRecord::Reason reason, storage::Unit unit);
    bool dead_letter_reads_message(const Queue& queue) const;
    /// What stage() found too much for `queue` goes where its dead letters go. How many rows that takes; nothing where it leads nowhere.
    std::size_t dead_letter_refused(storage::Batch& batch, const Queue& queue, const Publish& refused);
    static awaitable<void> run_dead_letter(std::shared_ptr<BrokerState> self, QueueId id, Sequence sequence,
                                           DeadLetterRecord::Reason reason);
    void remove(storage::Batch& batch, Queue& queue, Held& held, std::int64_t storage::CounterDelta::*counted, storage::Unit unit);
    void expire_heads(Queue& queue);
    void count_receives(const storage::EntryRow& row) { receives_seen.observe(std::max<std::int64_t>(row.receives, 1)); }

    // work.cpp
    awaitable<Result<Receipt>> commit(std::shared_ptr<SessionState> session, Work work);
    awaitable<Result<Receipt>> transaction(TransactionFunction fn, std::string ns);
    /// Adds rows of all of `work` in one unit; an error adds nothing.
    Result<std::vector<PublishResult>> add(storage::Batch& batch, NamespaceId ns, Work& work, storage::Unit unit);
    std::int64_t ids_for(const Settlement& settlement) const;  ///< how many add() takes for it, at most

    // sessions.cpp
    Result<std::shared_ptr<SessionState>> open_session(std::string_view ns);
    Result<std::shared_ptr<SubscriptionState>> subscribe(std::shared_ptr<SessionState> session, Queue* queue, std::string_view name,
                                                         SubscriptionOptions options);
    void unsubscribe(SubscriptionState& subscription, Errc why);
    void close_session(std::shared_ptr<SessionState> session);

    // declare.cpp
    NamespaceId namespace_of(std::string_view name);  ///< creates it
    awaitable<Result<QueueInfo>> declare_queue(std::string name, QueueOptions options, std::string ns);
    awaitable<Result<QueueInfo>> alter_queue(std::string name, QueueOptions options, std::string ns);
    awaitable<Result<std::int64_t>> delete_queue(std::string name, bool if_unused, bool if_empty, std::string ns);
    std::vector<Sequence> remove_queue(Queue& queue);  ///< the leases it suspended
    storage::QueueRow row_of(const Queue& queue) const;
    Result<Queue*> find_queue(std::string_view name, std::string_view ns) const;

    // access.cpp
    std::optional<Error> refusal_of(const AccessChange& change) const;
    storage::CatalogChange row_of(const AccessChange& change) const;
    void apply(const AccessChange& change);
    void start_access(storage::Snapshot& snapshot);
    awaitable<Result<void>> change_access(std::vector<AccessChange> changes);
    awaitable<Result<bool>> create_namespace(std::string name);
    awaitable<Result<void>> delete_all_in(std::string ns);
    awaitable<Result<void>> delete_namespace(std::string name);

    // exchanges.cpp
    awaitable<Result<ExchangeInfo>> declare_exchange(std::string name, ExchangeOptions options, std::string ns);
    awaitable<Result<void>> delete_exchange(std::string name, bool if_unused, std::string ns);
    awaitable<Result<ExchangeInfo>> alter_exchange(std::string name, ExchangeOptions options, std::string ns);
    Result<Destination> destination_of(const Binding& binding, const std::string& ns) const;
    static storage::BindingRow row_of(ExchangeId from, Destination to, const std::string& key, std::string options);
    std::optional<Error> refusal_of(const Exchange& exchange, Destination to, const std::string& key) const;
    awaitable<Result<void>> bind(Binding binding, std::string ns);
    awaitable<Result<void>> unbind(Binding binding, std::string ns);

    // purge.cpp
    awaitable<Result<std::int64_t>> purge_queue(std::string name, bool leased, bool delayed, std::string ns);
    awaitable<Result<std::int64_t>> purge_rows(QueueId id, Sequence floor, bool leased);
    /// Everything is about to go. Leases, and what had one, are held until that is known: nobody can use them. Who is taking messages
    /// just now does not get them.
    std::vector<Sequence> suspend_leases(Queue& queue, Sequence floor);
    void end_suspended(Queue& queue, const std::vector<Sequence>& suspended);
    /// Nothing went: the leases go on, and the rows are read anew.
    awaitable<void> resume_leases(QueueId id, std::vector<Sequence> suspended);

    // peek.cpp
    awaitable<Result<Page>> peek(std::string queue, PeekRequest request, std::string ns);
    awaitable<Result<void>> cancel_delayed(std::string queue, MessageId message, std::string ns);

    // janitor.cpp: what is due, swept, rotated, expired by idleness
    void due();
    void move_due(const storage::DelayedRow& row);
    static awaitable<void> run_due(std::shared_ptr<BrokerState> self);
    void sweep(QueueId queue);
    static awaitable<void> run_sweeps(std::shared_ptr<BrokerState> self);
    void housekeeping();
    void arm_housekeeping();
    void look_after(const Queue& queue);  ///< what its options ask of the janitor

    // expiry.cpp: queues nobody uses
    static constexpr milliseconds expiry_scan_interval{10'000};
    void expect_expiry(Queue& queue, WallTime when);  ///< something of it expires then
    void forget_expiry(Queue& queue);
    void look_for_expired();
    static awaitable<void> run_expiry_scan(std::shared_ptr<BrokerState> self);

    // redrive.cpp
    awaitable<Result<RedriveTask>> redrive(RedriveRequest request, std::string ns);
    awaitable<Result<RedriveTask>> cancel_redrive(std::int64_t task);
    std::vector<RedriveTask> redrives(std::string_view source, std::string_view ns) const;
    std::optional<std::uint8_t> priority_of(const Queue& source, const Entry& entry, const RedriveProgress& task) const;
    std::size_t move_some(Queue& source, RedriveProgress& task, std::size_t most, std::string& failure);
    static awaitable<void> run_redrive(std::shared_ptr<BrokerState> self, std::int64_t task);

    // metrics.cpp
    BrokerHealth health() const;
    BrokerMetrics metrics();
    void remember_head(Queue& queue) const;
    milliseconds oldest_of(Queue& queue, const QueueCounts& counts, WallTime now);
    static awaitable<void> run_read_heads(std::shared_ptr<BrokerState> self);

    BrokerParts parts;
    const Limits limits;
    Timers timers;
    Catalog catalog;
    Committer committer;

    std::string store_id;
    std::uint32_t epoch = 0;
    std::int64_t last_id = 0, reserved_ids = 0;  ///< reserved: as stored
    IdBlock* id_block = nullptr;                 ///< while a transaction's rows are made
    StoredTime stored_time;
    WallTime wall_stored{};
    std::uint32_t last_pick = 0;
    bool closing = false, abandoned = false;
    std::optional<MonotonicTime> refused_at;  ///< when the store last failed to commit something
    /// What the broker does by itself and was refused just now (a full disk) is not tried all the time.
    bool refused_lately() { return refused_at && now() - *refused_at < std::chrono::seconds(1); }
    struct {
        std::optional<MonotonicTime> measured;
        std::optional<Error> refusal;         ///< what was found then
        std::int64_t room = 0, promised = 0;  ///< bytes that could be published then, and what was promised since
    } disk;
    struct {
        std::optional<MonotonicTime> measured;
        std::optional<Error> refusal;
    } memory;
    int process = 0;  ///< its pid: a fork()ed child is refused

    std::set<SessionState*, InOrderOfOpening> sessions;
    std::uint64_t last_session = 0;
    std::list<Queue*> live_queues;  ///< least recently used first
    std::size_t window_entries = 0, window_bytes = 0;
    std::uint64_t delivered_early = 0, never_stored = 0;
    std::map<QueueId, std::int64_t> owed_counts;  ///< messages sent and done that no row, and no counter yet, knows of
    std::vector<storage::EntryKey> behind;        ///< receive counts not stored yet

    Timer count_timer, due_timer, housekeeping_timer;
    bool due_under_way = false, due_again = false, sweeping = false, expiry_scan_under_way = false;
    std::set<Sequence> cancelled_while_due, moving_due;
    std::vector<QueueId> to_sweep;
    std::set<QueueId> idle_expiring;
    QueueId expiry_scan_at{};
    MonotonicTime expiry_scanned_at{};
    std::set<std::pair<WallTime, QueueId>> expiry_looks;  ///< one a queue: Queue::expiry_look
    WallTime deduplications_since{};
    bool some_queue_has_ttl = false;
    milliseconds deduplication_window{0};  ///< the longest of any queue

    std::map<std::int64_t, RedriveProgress> tasks;
    Access access;
    std::multiset<std::string> users_going;  ///< their deletion is under way: nothing is given to them any more

    std::set<std::shared_ptr<Preparation>> preparing;

    /// A head that was stored before this process began, as its rows say.
    struct HeadRead {
        Sequence sequence{};
        WallTime published_at{};
    };
    Arrivals arrivals;
    WallTime started_at{};
    std::map<QueueId, HeadRead> heads_read;
    std::vector<QueueId> heads_to_read;
    bool reading_heads = false;
    Histogram receives_seen{receives_bounds};  ///< of messages done or dead-lettered
    static constexpr std::array<std::int64_t, 9> receives_bounds{1, 2, 3, 4, 5, 10, 20, 50, 100};
};

/// Keeps the broker's sums over all windows right while one of them changes.
class WindowChange final {
public:
    WindowChange(BrokerState& broker, const Window& window)
        : broker_(broker), window_(window), entries_(window.entries()), bytes_(window.bytes()) {}
    ~WindowChange() {
        broker_.window_entries += window_.entries() - entries_;
        broker_.window_bytes += window_.bytes() - bytes_;
    }
    WindowChange(const WindowChange&) = delete;
    WindowChange& operator=(const WindowChange&) = delete;

private:
    BrokerState& broker_;
    const Window& window_;
    std::size_t entries_, bytes_;
};

}  // namespace rowmq
