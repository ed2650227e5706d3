// tx.select, commit, rollback: what a channel publishes and acknowledges in between is stored in one commit, or not at all.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {

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
    tx.bytes += published.body.size();
    if (tx.bytes > service_.settings.transaction_bytes)
        return Refusal(Code::resource_error,
                       fmt::format("a transaction of more than {} bytes of messages", service_.settings.transaction_bytes));
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
    for (std::size_t i = 0; i < tx.mandatory.size(); ++i) {
        const std::size_t at = place[tx.mandatory_at[i]];
        if (at == SIZE_MAX || receipt.results[at].queues == 0) send_back(tx.mandatory[i]);
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
