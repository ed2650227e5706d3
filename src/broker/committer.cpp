#include "broker/committer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace rowmq {
namespace {

const Committer::OutcomePointer& plainly_good() {
    static const Committer::OutcomePointer good = std::make_shared<const storage::Outcome>();
    return good;
}

}  // namespace

storage::Batch& Committer::open() {
    if (queued_.empty() || queued_.back()->rows >= limits_.commit_rows || queued_.back()->bytes >= limits_.commit_bytes) {
        auto flight = std::make_shared<Flight>();
        flight->batch = std::make_shared<storage::Batch>();
        flight->batch->ticket = Ticket{next_ticket_++};
        queued_.push_back(std::move(flight));
    }
    return *queued_.back()->batch;
}

Ticket Committer::touch(std::size_t rows, std::size_t bytes) {
    Flight& flight = *queued_.back();
    flight.rows += rows;
    flight.bytes += bytes;
    pending_bytes_ += bytes;
    schedule();
    return flight.batch->ticket;
}

void Committer::hurry() {
    if (under_way_ < in_flight && !queued_.empty() && queued_.front()->rows >= large_rows) leave();
}

storage::Batch* Committer::strike(const RowPlace& place) {
    const auto found = std::find_if(queued_.begin(), queued_.end(), [&](const auto& f) { return f->batch->ticket == place.ticket; });
    if (found == queued_.end()) return nullptr;
    Flight& flight = **found;
    storage::EntryRow& entry = flight.batch->entries[place.entry];
    const auto bytes = static_cast<std::size_t>(entry.bytes);
    entry.message = MessageId{};  // nobody's: both go when the batch leaves
    flight.batch->messages[place.message] = storage::MessageRow{};
    flight.struck = true;
    flight.rows -= 2;
    flight.bytes -= bytes;
    pending_bytes_ -= bytes;
    admit();
    return flight.batch.get();
}

void Committer::then(Then run) { queued_.back()->thens.push_back(std::move(run)); }

// One turn later, so that everything that is ready to run gets into the same batch.
void Committer::schedule() {
    if (scheduled_ || under_way_ >= in_flight || queued_.empty()) return;
    scheduled_ = true;
    boost::asio::post(executor_, [this, weak = owner_] {
        const auto owner = weak.lock();
        if (!owner) return;
        scheduled_ = false;
        leave();
    });
}

void Committer::leave() {
    while (under_way_ < in_flight && !queued_.empty()) {
        if (before_leaving) before_leaving(*queued_.front()->batch);
        auto flight = std::move(queued_.front());
        queued_.pop_front();
        if (flight->struck) {
            std::erase_if(flight->batch->entries, [](const storage::EntryRow& row) { return row.message == MessageId{}; });
            std::erase_if(flight->batch->messages, [](const storage::MessageRow& row) { return row.id == MessageId{}; });
        }
        if (now) flight->left = now();
        away_.push_back(flight);
        ++under_way_;
        boost::asio::co_spawn(executor_, travel(*this, std::move(flight), owner_.lock()), boost::asio::detached);
    }
}

awaitable<void> Committer::travel(Committer& self, std::shared_ptr<Flight> flight, std::shared_ptr<void> owner) {
    const std::shared_ptr<void> keeps = std::move(owner);
    storage::Outcome outcome;
    if (self.broken_) {
        outcome.failure = self.broken_;
    } else {
        outcome = co_await self.engine_.commit(flight->batch);
    }
    self.arrived(*flight, std::move(outcome));
}

void Committer::abandon() {
    storage::Outcome outcome;
    outcome.failure = Error{Errc::closed, "the broker was destroyed: whether this was stored is not known"};
    if (!broken_) broken_ = outcome.failure;
    abandoned_ = std::make_shared<const storage::Outcome>(std::move(outcome));
    for (auto* flights : {&away_, &queued_})
        for (const auto& flight : *flights)
            for (Waiting* waiting : std::exchange(flight->waiting, {})) {
                waiting->outcome = abandoned_;
                waiting->event.set();
            }
    for (Event* admitted : std::exchange(admissions_, {})) admitted->set();
    for (Event* drained : std::exchange(drains_, {})) drained->set();
}

void Committer::arrived(Flight& flight, storage::Outcome outcome) {
    --under_way_;
    ++commits_;
    away_.pop_front();
    const Ticket ticket = flight.batch->ticket;
    if (outcome.failure) {
        ++figures_.failed;
    } else {
        figures_.rows.observe(static_cast<std::int64_t>(flight.rows));
        figures_.bytes.observe(static_cast<std::int64_t>(flight.bytes));
        if (now) figures_.duration.observe((now() - flight.left).count());
    }
    if (outcome.failure && outcome.failure->code != Errc::store_full && !broken_) {
        broken_ = outcome.failure;
        if (on_broken) on_broken(*broken_);
    }
    const bool reached = fold_(*flight.batch, outcome);
    folded_ = ticket;
    pending_bytes_ -= flight.bytes;

    OutcomePointer kept = plainly_good();
    if (outcome.failure || !outcome.left_out.empty() || !outcome.swept.empty() || outcome.missing > 0) {
        kept = std::make_shared<const storage::Outcome>(std::move(outcome));
        if (kept->failure || !kept->left_out.empty()) {
            remembered_.emplace(ticket, kept);
            if (remembered_.size() > 1'000) remembered_.erase(remembered_.begin());
        }
    }
    for (Then& run : flight.thens) run(*kept);
    for (Waiting* waiting : flight.waiting) waiting->outcome = kept;
    if (reached) {
        // Receives that the fold has woken go first: their messages are late already, a confirm only ends a wait.
        for (Waiting* waiting : flight.waiting) waiting->event.set();
        schedule();
    } else {
        // At once: what those who waited hand in now is part of the next batch.
        schedule();
        for (Waiting* waiting : flight.waiting) waiting->event.set_now();
    }
    admit();
    if (idle())
        for (Event* drained : std::exchange(drains_, {})) drained->set();
}

// One after the other: what the first hands in may leave no room for the second.
void Committer::admit() {
    if (!is_below_budget() || admissions_.empty()) return;
    Event* next = admissions_.front();
    admissions_.pop_front();
    next->set();
    if (admissions_.empty()) return;
    boost::asio::post(executor_, [this, weak = owner_] {
        if (const auto owner = weak.lock()) admit();
    });
}

Committer::Flight* Committer::flight_of(Ticket ticket) {
    for (auto* flights : {&away_, &queued_})
        for (const auto& flight : *flights)
            if (flight->batch->ticket == ticket) return flight.get();
    return nullptr;
}

awaitable<Committer::OutcomePointer> Committer::outcome(Ticket ticket, Event** also) {
    if (abandoned_ && ticket > folded_) co_return abandoned_;
    Flight* flight = ticket > folded_ ? flight_of(ticket) : nullptr;
    if (!flight) {
        const auto found = remembered_.find(ticket);
        co_return found == remembered_.end() ? plainly_good() : found->second;
    }
    Waiting waiting;
    flight->waiting.push_back(&waiting);
    schedule();  // it may have been opened by somebody who had nothing to put in: who waits makes it go
    if (also) *also = &waiting.event;
    co_await waiting.event.wait();
    if (also) *also = nullptr;
    if (!waiting.outcome)
        if (Flight* still = flight_of(ticket)) std::erase(still->waiting, &waiting);
    co_return waiting.outcome;
}

awaitable<Result<void>> Committer::committed(Ticket ticket) {
    const OutcomePointer outcome = co_await this->outcome(ticket);
    if (outcome->failure) co_return *outcome->failure;
    co_return Result<void>();
}

awaitable<void> Committer::drained() {
    while (!idle() && !abandoned_) {
        Event event;
        drains_.push_back(&event);
        schedule();
        co_await event.wait();
    }
}

awaitable<void> Committer::admitted() {
    if (abandoned_) co_return;
    Event event;
    admissions_.push_back(&event);
    co_await event.wait();
}

}  // namespace rowmq
