// tx.select, commit, rollback: what a channel publishes and acknowledges in between is stored in one commit, or not at all.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::size_t bytes_of_a_publish = 512;  // what one takes beside its body and headers, roughly

}  // namespace

std::optional<Refusal> Channel::hold_for_transaction(std::size_t bytes) {
    const std::size_t most = service_.settings.transactions_bytes;
    if (transaction_.held.take(bytes, service_.transactions_bytes, most)) return std::nullopt;
    return Refusal(Code::resource_error,
                   fmt::format("open transactions hold {} bytes of the {} that they may hold together", service_.transactions_bytes, most));
}

awaitable<void> Channel::on(TxSelect) {
    if (confirms_) {
        fail(Refusal(Code::precondition_failed, "cannot switch from confirm to tx mode"), TxSelect::id);
        co_return;
    }
    transactional_ = true;
    say(TxSelectOk{});
}

std::optional<Refusal> Channel::take_in_transaction(Published& published) {
    const std::string& exchange = published.method.exchange;
    if (!exchange.empty() && !service_.broker.exchange(exchange, connection_.vhost()))
        return Refusal(Code::not_found, "no " + exchange_text(exchange, connection_.vhost()));
    Transaction& tx = transaction_;
    if (tx.size() >= service_.settings.transaction_size)
        return Refusal(Code::resource_error,
                       fmt::format("a transaction of more than {} publishes and acknowledgements", service_.settings.transaction_size));
    tx.bytes += published.body.size();
    if (tx.bytes > service_.settings.transaction_bytes)
        return Refusal(Code::resource_error,
                       fmt::format("a transaction of more than {} bytes of messages", service_.settings.transaction_bytes));
    const std::size_t copies = published.method.mandatory && !is_reply(published) ? 2 : 1;
    if (auto refusal = hold_for_transaction(copies * (bytes_of_a_publish + published.body.size() + published.properties_bytes)))
        return refusal;
    if (is_reply(published)) {
        tx.replies.push_back(published);
        return std::nullopt;
    }
    if (published.method.mandatory) {
        tx.mandatory.push_back(published);
        tx.mandatory_at.push_back(tx.publishes.size());
    }
    auto publish = to_publish(published);
    if (!publish) return publish.error();
    tx.publishes.push_back(*std::move(publish));
    return std::nullopt;
}

awaitable<void> Channel::on(TxCommit) {
    if (!transactional_) {
        fail(Refusal(Code::precondition_failed, "channel is not transactional"), TxCommit::id);
        co_return;
    }
    if (!transaction_.publishes.empty()) co_await publishing_allowed();
    if (stopped_) co_return;
    Transaction tx = std::exchange(transaction_, {});
    // What goes to a queue that does not exist goes nowhere; for the broker it would be an error of the whole.
    const auto nowhere = [&](const Publish& publish) {
        const auto missing = [&](const std::string& key) { return !service_.broker.queue(key, connection_.vhost()); };
        return publish.exchange.empty() && missing(publish.routing_key) &&
               std::all_of(publish.more_keys.begin(), publish.more_keys.end(), missing);
    };
    Work work;
    std::vector<std::size_t> place(tx.publishes.size(), SIZE_MAX);  // of each publish in the work
    for (std::size_t i = 0; i < tx.publishes.size(); ++i) {
        if (nowhere(tx.publishes[i])) continue;
        place[i] = work.publishes.size();
        work.publishes.push_back(std::move(tx.publishes[i]));
    }
    work.settlements = std::move(tx.settlements);
    const std::uint64_t acknowledged = acknowledged_by(work.settlements);
    Receipt receipt;
    if (!work.publishes.empty() || !work.settlements.empty()) {
        Result<Receipt> done = co_await session_.commit(std::move(work));
        if (stopped_ || closing_) co_return;
        if (!done) {
            fail(refusal_of(done.error(), "message"), TxCommit::id);
            co_return;
        }
        receipt = *std::move(done);
    }
    service_.traffic.acknowledged += acknowledged;
    std::size_t next = 0;  // of tx.mandatory
    for (std::size_t i = 0; i < place.size(); ++i) {
        const std::size_t queues = place[i] == SIZE_MAX ? 0 : receipt.results[place[i]].queues;
        const bool mandatory = next < tx.mandatory.size() && tx.mandatory_at[next] == i;
        service_.traffic.reached(queues, mandatory);
        if (mandatory && queues == 0) send_back(tx.mandatory[next]);
        next += mandatory;
    }
    for (const Published& reply : tx.replies) {
        const bool arrived = hand_over(reply);
        service_.traffic.reached(arrived, reply.method.mandatory);
        if (!arrived && reply.method.mandatory) send_back(reply);
    }
    free_credit(tx.acknowledged);
    say(TxCommitOk{});
}

awaitable<void> Channel::on(TxRollback) {
    if (!transactional_) {
        fail(Refusal(Code::precondition_failed, "channel is not transactional"), TxRollback::id);
        co_return;
    }
    Transaction tx = std::exchange(transaction_, {});
    unsettled_.put_back(std::move(tx.acknowledged));
    say(TxRollbackOk{});
    co_return;
}

}  // namespace rowmq::amqp
