// Beginning and end of a broker; ids and time.

#include "broker/make.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <cassert>

#include "base/planted.hpp"
#include "broker/catalog/options.hpp"
#include "broker/state.hpp"

namespace rowmq {

BrokerState::BrokerState(BrokerParts given)
    : parts(std::move(given)),
      limits(parts.limits),
      timers(*parts.clock),
      committer(parts.executor, *parts.engine, limits,
                [this](const storage::Batch& batch, const storage::Outcome& outcome) { return fold(batch, outcome); }),
      stored_time(*parts.clock),
      process(getpid()),
      count_timer(timers,
                  [this] {
                      if (!behind.empty() || !owed_counts.empty()) {
                          committer.open();
                          committer.touch(1, 0);
                      }
                  }),
      due_timer(timers, [this] { due(); }),
      housekeeping_timer(timers, [this] { housekeeping(); }) {
    committer.before_leaving = [this](storage::Batch& batch) {
        take_counts_along(batch);
        count_what_is_owed(batch);
        const WallTime wall = now_wall();
        arrivals.note(last_id, wall);
        // Not with every commit, so it lags by up to a second. It must not be ahead: what waits for a time would come too early
        // after a crash, and a program that crashes again and again would run ahead of the clock without end. Where the machine's
        // clock was set back, time goes on from here after a crash: with every commit, so that what is put then is due later; and
        // with all that is delayed, so that it does not become due after what is put when the clock has been set back.
        if (wall - wall_stored >= (stored_time.is_ahead() || !batch.delayed.empty() ? milliseconds(1) : milliseconds(1'000))) {
            wall_stored = wall;
            batch.highest_wall = wall_stored;
        }
        // With every commit until one has returned: what a full disk refused is not reserved.
        if (reserved_ids - last_id < limits.reserved_ids / 2) batch.reserve_ids = last_id + limits.reserved_ids;
    };
    committer.now = [this] { return now(); };
    stored_time.on_change = [this] {
        for (Queue* queue : live_queues) queue->live->timer.arm_by(now());  // expires, or does not
        if (parts.on_clocks) parts.on_clocks({.diverged = stored_time.diverged(), .by = stored_time.divergence()});
    };
    committer.on_broken = [this](const Error& error) {
        if (parts.on_store_failed) parts.on_store_failed(error);
    };
}

BrokerState::~BrokerState() = default;

void BrokerState::start(storage::Snapshot snapshot) {
    committer.belong_to(weak_from_this());
    epoch = snapshot.epoch;
    store_id = snapshot.store_id;
    last_id = reserved_ids = snapshot.reserved_ids;
    if (planted(Bug::sequence_reused_after_restart)) last_id = std::max<std::int64_t>(0, reserved_ids - limits.reserved_ids);
    wall_stored = snapshot.highest_wall;
    stored_time.begin(planted(Bug::wall_forgotten_by_restart) ? WallTime{} : snapshot.highest_wall);
    started_at = now_wall();
    arrivals.begin(last_id);
    deduplications_since = snapshot.deduplications_since;
    for (auto& row : snapshot.namespaces) catalog.add_namespace(row.id, std::move(row.name));
    for (auto& row : snapshot.queues) {
        auto queue = std::make_unique<Queue>();
        queue->id = row.id;
        queue->ns = row.ns;
        queue->name = std::move(row.name);
        std::tie(queue->options, queue->options_text) = catalog.intern_text(row.options);
        queue->created_at = row.created_at;
        queue->modified_at = row.modified_at;
        queue->floor = row.floor;
        queue->delayed_floor = row.delayed_floor;
        queue->deleted = row.deleted;
        queue->strict = queue->options->strict_counting.value_or(queue->options->max_receives > 0 || parts.strict_counting);
        queue->last_used = now();
        queue->counters.queue = row.id;
        if (!row.deleted) look_after(*queue);
        if (row.deleted || row.floor > Sequence{} || row.delayed_floor > Sequence{}) to_sweep.push_back(row.id);
        catalog.add(std::move(queue));
    }
    for (const auto& counters : snapshot.counters)
        if (Queue* queue = catalog.find(counters.queue)) {
            queue->counters = counters;
            queue->through_at_start = counters.delivered_through;
            queue->counted_at_start = counters.counted_through;
            if (queue->stored() > 0) queue->head = Sequence{1};
        }
    for (auto& row : snapshot.exchanges) {
        auto exchange = std::make_unique<Exchange>();
        exchange->id = row.id;
        exchange->ns = row.ns;
        exchange->name = std::move(row.name);
        exchange->options = decode_exchange_options(row.options);
        catalog.add(std::move(exchange));
    }
    for (const auto& row : snapshot.bindings)
        if (Exchange* exchange = catalog.find_exchange(row.exchange)) {
            auto terms = terms_of(decode_binding_options(row.options), limits);
            if (!terms) throw Failure("a stored binding of exchange \"" + exchange->name + "\" is refused: " + terms.error().text);
            const Destination to = row.to_exchange == ExchangeId{} ? Destination(row.queue) : Destination(row.to_exchange);
            catalog.bind(*exchange, to, row.routing_key, *std::move(terms));
        }
    for (auto& row : snapshot.tasks) {
        const std::int64_t id = row.id;
        RedriveProgress& task = tasks[id];
        task.row = std::move(row);
    }
    start_access(snapshot);
    namespace_of(default_namespace);
    if (snapshot.first_due) due_timer.arm_by(now());
    if (!to_sweep.empty()) sweep(to_sweep.front());
    arm_housekeeping();
    for (auto& [id, task] : tasks)
        if (task.row.state == static_cast<std::uint8_t>(TaskState::running) ||
            task.row.state == static_cast<std::uint8_t>(TaskState::cancelling))
            boost::asio::co_spawn(parts.executor, run_redrive(shared_from_this(), id), boost::asio::detached);
}

Result<void> BrokerState::usable() const {
    if (closing) return Error{Errc::closed, "the broker is closed"};
    if (getpid() != process) return Error{Errc::closed, "the broker belongs to the parent process: open another in the child"};
    if (const auto& broken = committer.broken()) return *broken;
    return {};
}

std::int64_t BrokerState::next_id() {
    if (!id_block) return ++last_id;
    assert(id_block->next <= id_block->last);
    return id_block->next++;
}

WallTime BrokerState::now_wall() { return planted(Bug::wall_clock_goes_back) ? parts.clock->wall() : stored_time.now(); }

awaitable<void> BrokerState::close() {
    if (closing) co_return;
    end_sessions();
    closing = true;
    timers.stop();
    for (auto& [id, task] : tasks)
        if (task.sleeping) task.sleeping->set();
    if (!behind.empty() || !owed_counts.empty()) {
        committer.open();
        committer.touch(1, 0);
    }
    co_await committer.drained();
    co_await parts.engine->close();
}

void BrokerState::end_sessions() {
    for (SessionState* session : std::exchange(sessions, {})) {
        session->broker = nullptr;
        const auto ended = std::exchange(session->subscriptions, {});  // they own their session in turn
        for (const auto& subscription : ended) {
            subscription->closed = true;
            if (subscription->waiter) std::exchange(subscription->waiter, nullptr)->set();
        }
    }
    for (Queue* queue : live_queues) {
        queue->live->subscriptions.clear();
        queue->live->early_subscriptions = queue->live->early_unleased = 0;
        queue->live->waiters.clear();
        queue->live->asked = 0;
        for (auto& [sequence, held] : queue->live->held) {
            held.session = nullptr;
            held.subscription = nullptr;
        }
    }
}

// Nobody waits for a commit or a page any more: what suspended a call resumes it, or the executor destroys it. Nothing may
// be left that only a call itself would free.
void BrokerState::abandon() {
    if (getpid() != process) {  // nothing of the parent's goes on here
        for (SessionState* session : sessions) session->broker = nullptr;
        return;
    }
    const bool was_closed = std::exchange(closing, true);
    abandoned = true;
    if (!was_closed) end_sessions();
    timers.stop();
    for (auto& [id, task] : tasks)
        if (task.sleeping) std::exchange(task.sleeping, nullptr)->set();
    for (Queue* queue : live_queues)
        for (Event* waiting : std::exchange(queue->live->load_waiters, {})) waiting->set();
    committer.abandon();
    for (const auto& preparation : preparing)  // the storage thread must not wait for the strand that waits for it
        preparation->answer([] { return Error{Errc::closed, "the broker was destroyed while the transaction was under way"}; });
    parts.engine->stop();
}

awaitable<Result<std::unique_ptr<Broker>>> make_broker(BrokerParts parts) {
    auto state = std::make_shared<BrokerState>(std::move(parts));
    Result<storage::Snapshot> snapshot = co_await state->parts.engine->load();
    if (!snapshot) {
        Error error = snapshot.error();
        co_await state->parts.engine->close();
        co_return error;
    }
    if (state->parts.on_damage)
        for (const std::string& words : snapshot->damage) state->parts.on_damage(words);
    std::string problem;
    try {
        state->start(std::move(snapshot.value()));
    } catch (const std::exception& broken) {
        problem = broken.what();
    }
    if (!problem.empty()) {
        co_await state->parts.engine->close();
        state->abandon();  // what start() began
        co_return Error{Errc::store_failed, problem};
    }
    co_return std::make_unique<Broker>(std::move(state));
}

}  // namespace rowmq
