// basic.ack, basic.nack, basic.reject, basic.recover.

#include <fmt/format.h>

#include <algorithm>
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

Told what_is_told(const ClientMethod& method) {
    if (const auto* ack = std::get_if<BasicAck>(&method)) return {BasicAck::id, ack->delivery_tag, ack->multiple, Verdict::done};
    if (const auto* nack = std::get_if<BasicNack>(&method))
        return {BasicNack::id, nack->delivery_tag, nack->multiple, nack->requeue ? Verdict::release : Verdict::reject};
    const auto& reject = std::get<BasicReject>(method);
    return {BasicReject::id, reject.delivery_tag, false, reject.requeue ? Verdict::release : Verdict::reject};
}

}  // namespace

std::uint64_t Channel::acknowledged_by(const std::vector<Settlement>& settlements) {
    return static_cast<std::uint64_t>(std::ranges::count(settlements, Verdict::done, &Settlement::verdict));
}

awaitable<void> Channel::settle_run() {
    std::vector<Settlement> settlements;
    std::vector<Unsettled::One> all;
    std::size_t bytes = 0;
    std::optional<std::pair<Refusal, MethodId>> refusal;
    while (!inbox_.empty() && is_settlement(inbox_.front().what) && settlements.size() < settlements_at_once && !refusal) {
        const Told what = what_is_told(std::get<ClientMethod>(inbox_.front().what));
        bytes += inbox_.front().bytes;
        inbox_.pop_front();
        const std::size_t before = all.size();
        if (!unsettled_.take(what.tag, what.multiple, all)) {
            refusal.emplace(Refusal(Code::precondition_failed, fmt::format("unknown delivery tag {}", what.tag)), what.id);
            break;
        }
        for (std::size_t i = before; i < all.size(); ++i) settlements.push_back({all[i].lease, what.verdict, std::nullopt});
    }
    if (transactional_) {
        constexpr std::size_t bytes_of_one = sizeof(Settlement) + sizeof(Unsettled::One);
        if (auto full = hold_for_transaction(settlements.size() * bytes_of_one); full && !refusal) refusal.emplace(*full, BasicAck::id);
        std::move(settlements.begin(), settlements.end(), std::back_inserter(transaction_.settlements));
        std::move(all.begin(), all.end(), std::back_inserter(transaction_.acknowledged));
    } else if (!settlements.empty()) {
        // What is given back is for who waits already: it would come here again if this consumer had room before they are woken.
        const bool gives_back = std::ranges::find(settlements, Verdict::release, &Settlement::verdict) != settlements.end();
        if (!gives_back) free_credit(all);
        service_.traffic.acknowledged += acknowledged_by(settlements);
        // Whoever acknowledges is not answered: a message that is gone already (purged, its queue deleted) is settled.
        const Settled settled = co_await session_.settle(std::move(settlements), Confirm::admitted);
        (void)settled;
        if (gives_back) free_credit(all);
    }
    if (refusal) fail(refusal->first, refusal->second);
    connection_.done(bytes);
}

/// Back to the queue with all that is not settled.
awaitable<void> Channel::recover() {
    const auto taken = unsettled_.take(0, true);
    if (!taken || taken->empty()) co_return;
    std::vector<Settlement> settlements;
    for (const auto& one : *taken) settlements.push_back({one.lease, Verdict::release, milliseconds(0)});
    const Settled settled = co_await session_.settle(std::move(settlements), Confirm::admitted);
    (void)settled;
    free_credit(*taken);
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

}  // namespace rowmq::amqp
