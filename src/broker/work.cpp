// Several publishes and settlements in one commit; the application's own SQL beside them.

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "broker/catalog/options.hpp"
#include "broker/state.hpp"

namespace rowmq {

Result<std::vector<PublishResult>> BrokerState::add(storage::Batch& batch, NamespaceId ns, Work& work, storage::Unit unit) {
    if (!work.publishes.empty())
        if (auto short_of = disk_is_short()) return *std::move(short_of);
    std::vector<Staged> staged;
    staged.reserve(work.publishes.size());  // Places keeps their addresses
    Places places;
    for (Publish& publish : work.publishes) {
        Result<Staged> one = stage(ns, publish);
        if (!one) return one.error();
        staged.push_back(std::move(one.value()));
        places.take(staged.back());
    }
    for (std::size_t i = 0; i < work.settlements.size(); ++i) {
        const Lease& lease = work.settlements[i].lease;
        for (std::size_t k = 0; k < i; ++k)
            if (work.settlements[k].lease == lease) return Error{Errc::invalid_argument, "a lease is settled twice in one transaction"};
        const Held* held = leased(lease);
        if (!held) return Error{Errc::lease_gone, "a lease of the transaction is gone"};
        if (held->early) return Error{Errc::in_use, "a message of the transaction is not stored yet: it was delivered early"};
        if (work.settlements[i].delay && *work.settlements[i].delay < milliseconds(0))
            return Error{Errc::invalid_argument, "the delay must be 0 ms or more"};
    }
    places.leave();
    if (id_block) {
        std::int64_t ids = 0;
        for (const Staged& one : staged) ids += std::max<std::int64_t>(1, std::ssize(one.reached));
        for (const Settlement& settlement : work.settlements) ids += ids_for(settlement);
        if (ids > id_block->last - id_block->next + 1)
            return Error{Errc::limit_exceeded, "a transaction that puts or moves " + std::to_string(ids) + " messages: at most " +
                                                   std::to_string(limits.transaction_ids) + " are allowed"};
    }
    std::vector<PublishResult> results;
    for (Staged& one : staged) {
        promise_disk(one.reached.size() + 1, one.bytes);
        results.push_back(put(batch, one, unit));
    }
    for (const Settlement& settlement : work.settlements) static_cast<void>(settle_one(batch, settlement, unit));
    return results;
}

std::int64_t BrokerState::ids_for(const Settlement& settlement) const {
    if (settlement.verdict == Verdict::done) return 0;
    const Queue* queue = catalog.find(settlement.lease.queue);
    const auto* target = queue && queue->options->dead_letter ? &*queue->options->dead_letter : nullptr;
    const Exchange* exchange = target ? catalog.find_exchange(queue->ns, target->exchange) : nullptr;
    return exchange ? std::max<std::int64_t>(1, static_cast<std::int64_t>(catalog.reach_of(*exchange))) : 1;
}

awaitable<Result<Receipt>> BrokerState::commit(std::shared_ptr<SessionState> session, Work work) {
    if (work.publishes.size() + work.settlements.size() > limits.publishes_per_call)
        co_return Error{Errc::limit_exceeded,
                        "more than " + std::to_string(limits.publishes_per_call) + " publishes and settlements in one transaction"};
    std::vector<PublishResult> results(work.publishes.size());
    std::vector<std::size_t> left(work.publishes.size());
    for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;

    for (;;) {  // again without a publish that turned out to be a duplicate
        if (const auto ok = usable(); !ok) co_return ok.error();
        if (!committer.has_room()) {
            co_await committer.admitted();
            if (const auto ok = usable(); !ok) co_return ok.error();
        }
        if (!session->broker) co_return Error{Errc::closed, "the session is closed"};
        if (const Ticket first = early_until(work.settlements); first != Ticket{}) {
            co_await committer.outcome(first);  // its rows are there then, or its leases gone
            continue;
        }
        Work part{.publishes = {}, .settlements = work.settlements};
        std::size_t bytes = 0;
        for (const std::size_t i : left) {
            part.publishes.push_back(work.publishes[i]);
            bytes += work.publishes[i].message.text().size();
        }
        storage::Batch& batch = committer.open();
        const storage::Unit unit = batch.new_unit();
        Result<std::vector<PublishResult>> added = add(batch, session->ns, part, unit);
        if (!added) co_return added.error();
        std::vector<MessageId> remembered;  // by which publish each remember of the batch came
        for (const storage::Remember& r : batch.remembers) remembered.push_back(r.message);
        const Ticket ticket = committer.touch(left.size() * 2 + part.settlements.size(), bytes);
        const Committer::OutcomePointer outcome = co_await committer.outcome(ticket);
        if (outcome->failure) co_return *outcome->failure;
        for (std::size_t k = 0; k < left.size(); ++k) results[left[k]] = added.value()[k];

        const auto out =
            std::find_if(outcome->left_out.begin(), outcome->left_out.end(), [&](const storage::LeftOut& l) { return l.unit == unit; });
        if (out == outcome->left_out.end()) co_return Receipt{.ticket = ticket, .results = std::move(results)};
        if (out->why != storage::LeftOut::Why::duplicate) co_return Error{Errc::lease_gone, "a message of the transaction is gone"};
        for (std::size_t k = 0; k < left.size(); ++k) {
            if (added.value()[k].message != remembered.at(out->remember)) continue;
            results[left[k]].message = out->message;
            results[left[k]].sequence = out->sequence;
            results[left[k]].duplicate = true;
            left.erase(left.begin() + static_cast<std::ptrdiff_t>(k));
            break;
        }
    }
}

awaitable<Result<Receipt>> BrokerState::transaction(TransactionFunction fn, std::string name) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (auto e = check_name("the namespace's name", name, limits)) co_return *std::move(e);
    if (!parts.engine->has_sql())
        co_return Error{Errc::invalid_argument, "the store " + parts.engine->name() + " has no SQL: transaction(fn) needs one"};

    const NamespaceId ns = namespace_of(name);

    struct Prepared {
        std::shared_ptr<storage::Batch> rows;
        std::vector<PublishResult> results;
        std::optional<Error> refused;
        IdBlock ids;
    };
    auto prepared = std::make_shared<Prepared>();
    // The store may hold it for longer than there is a broker. Only the strand may become the last owner of the state.
    const auto build = [weak = weak_from_this(), ns, prepared](Work staged) -> Preparation::Rows {
        const auto self = weak.lock();
        if (!self) return Error{Errc::closed, "the broker is gone"};
        const std::size_t most = self->limits.publishes_per_call;
        if (staged.publishes.size() + staged.settlements.size() > most)
            return prepared->refused.emplace(
                Error{Errc::limit_exceeded, "more than " + std::to_string(most) + " publishes and settlements in one transaction"});
        auto rows = std::make_shared<storage::Batch>();
        const storage::Unit unit = rows->new_unit();
        self->id_block = &prepared->ids;
        Result<std::vector<PublishResult>> added = self->add(*rows, ns, staged, unit);
        self->id_block = nullptr;
        if (!added) {
            prepared->refused = added.error();
            return added.error();
        }
        prepared->rows = rows;
        prepared->results = std::move(added.value());
        return std::shared_ptr<const storage::Batch>(rows);
    };

    const auto preparation = std::make_shared<Preparation>();
    preparing.insert(preparation);
    storage::Batch& batch = committer.open();
    prepared->ids = {.next = last_id + 1, .last = last_id + limits.transaction_ids};
    last_id = prepared->ids.last;
    const storage::Unit unit = batch.new_unit();
    storage::Application application;
    application.unit = unit;
    application.limit = limits.transaction_time;
    application.run = std::move(fn);
    application.prepare = [build, executor = parts.executor, preparation](Work staged) -> Preparation::Rows {
        using boost::asio::io_context;
        const auto* inner = executor.target<io_context::executor_type>();
        if (inner && inner->running_in_this_thread()) return build(std::move(staged));
        boost::asio::post(executor,
                          [build, preparation, staged = std::move(staged)] { preparation->answer([&] { return build(staged); }); });
        return preparation->answer_to_come.get();
    };
    batch.applications.push_back(std::move(application));
    const Ticket ticket = committer.touch(1, 0);
    committer.then([this, prepared, unit, ticket](const storage::Outcome& outcome) {
        if (!prepared->rows) return;
        prepared->rows->ticket = ticket;  // a page read before this commit must not count as all there is
        storage::Outcome own;
        if (outcome.failure) own.failure = outcome.failure;
        for (const storage::LeftOut& l : outcome.left_out)
            if (l.unit == unit) own.failure = Error{Errc::transaction_failed, l.text};
        fold(*prepared->rows, own);
    });
    const Committer::OutcomePointer outcome = co_await committer.outcome(ticket);
    preparing.erase(preparation);
    if (outcome->failure) co_return *outcome->failure;
    if (prepared->refused) co_return Error{Errc::transaction_failed, prepared->refused->text};
    for (const storage::LeftOut& l : outcome->left_out)
        if (l.unit == unit) co_return Error{Errc::transaction_failed, l.text};
    co_return Receipt{.ticket = ticket, .results = std::move(prepared->results)};
}

}  // namespace rowmq
