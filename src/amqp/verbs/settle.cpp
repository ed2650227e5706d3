// basic.ack, basic.nack, basic.reject, basic.recover, and transactions.

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::size_t settlements_at_once = 8'192;

struct Told {
    MethodId id;
    std::uint64_t tag = 0;
    bool multiple = false;
    Verdict verdict = Verdict::done;
};

Told told(const ClientMethod& method) {
    if (const auto* ack = std::get_if<BasicAck>(&method)) return {BasicAck::id, ack->delivery_tag, ack->multiple, Verdict::done};
    if (const auto* nack = std::get_if<BasicNack>(&method))
        return {BasicNack::id, nack->delivery_tag, nack->multiple, nack->requeue ? Verdict::release : Verdict::reject};
    const auto& reject = std::get<BasicReject>(method);
    return {BasicReject::id, reject.delivery_tag, false, reject.requeue ? Verdict::release : Verdict::reject};
}

}  // namespace

awaitable<void> Channel::settle_run() {
    std::vector<Settlement> settlements;
    std::size_t bytes = 0;
    std::optional<std::pair<Refusal, MethodId>> refusal;
    while (!inbox_.empty() && is_settlement(inbox_.front().what) && settlements.size() < settlements_at_once && !refusal) {
        const Told what = told(std::get<ClientMethod>(inbox_.front().what));
        bytes += inbox_.front().bytes;
        inbox_.pop_front();
        auto taken = unsettled_.take(what.tag, what.multiple);
        if (!taken) {
            refusal.emplace(Refusal(Code::precondition_failed, fmt::format("unknown delivery tag {}", what.tag)), what.id);
            break;
        }
        for (auto& one : *taken) {
            if (one.consumer && one.consumer->unacked > 0) --one.consumer->unacked;
            settlements.push_back({one.lease, what.verdict, std::nullopt});
        }
        if (transactional_) std::move(taken->begin(), taken->end(), std::back_inserter(acknowledged_));
    }
    if (!settlements.empty()) {
        wake_consumers();
        if (transactional_) {
            for (const Settlement& settlement : settlements) work_.settlements.push_back(settlement);
        } else {
            // Whoever acknowledges is not answered: a message that is gone already (purged, its queue deleted) is settled.
            const Settled settled = co_await session_.settle(std::move(settlements), Confirm::admitted);
            (void)settled;
        }
    }
    if (refusal) fail(refusal->first, refusal->second);
    connection_.done(bytes);
}

/// Back to the queue with all that is not settled.
awaitable<void> Channel::recover() {
    std::vector<Settlement> settlements;
    const auto taken = unsettled_.take(0, true);
    if (taken)
        for (const auto& one : *taken) {
            if (one.consumer && one.consumer->unacked > 0) --one.consumer->unacked;
            settlements.push_back({one.lease, Verdict::release, milliseconds(0)});
        }
    if (settlements.empty()) co_return;
    const Settled settled = co_await session_.settle(std::move(settlements), Confirm::admitted);
    (void)settled;
    wake_consumers();
}

awaitable<void> Channel::on(BasicRecover method) {
    if (!method.requeue) {
        fail(Refusal(Code::not_implemented, "requeue=false"), BasicRecover::id);
        co_return;
    }
    co_await recover();
    say(BasicRecoverOk{});
}

awaitable<void> Channel::on(BasicRecoverAsync method) {
    if (method.requeue) co_await recover();
    else fail(Refusal(Code::not_implemented, "requeue=false"), BasicRecoverAsync::id);
}

awaitable<void> Channel::on(TxSelect) {
    if (confirms_) {
        fail(Refusal(Code::precondition_failed, "cannot switch from confirm to tx mode"), TxSelect::id);
        co_return;
    }
    transactional_ = true;
    say(TxSelectOk{});
}

awaitable<void> Channel::on(TxCommit) {
    if (!transactional_) {
        fail(Refusal(Code::precondition_failed, "channel is not transactional"), TxCommit::id);
        co_return;
    }
    Work work = std::exchange(work_, {});
    acknowledged_.clear();
    if (!work.publishes.empty() || !work.settlements.empty()) {
        const Result<Receipt> receipt = co_await session_.commit(std::move(work));
        if (!receipt) {
            fail(refusal_of(receipt.error(), "message"), TxCommit::id);
            co_return;
        }
    }
    say(TxCommitOk{});
}

awaitable<void> Channel::on(TxRollback) {
    if (!transactional_) {
        fail(Refusal(Code::precondition_failed, "channel is not transactional"), TxRollback::id);
        co_return;
    }
    work_ = {};
    for (auto& one : acknowledged_)
        if (one.consumer) ++one.consumer->unacked;
    unsettled_.put_back(std::exchange(acknowledged_, {}));
    say(TxRollbackOk{});
}

}  // namespace rowmq::amqp
