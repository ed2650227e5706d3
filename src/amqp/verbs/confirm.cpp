// confirm.select: each publish is answered when its commit has returned.

#include <algorithm>
#include <iterator>
#include <utility>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {

awaitable<void> Channel::on(ConfirmSelect method) {
    if (transactional_) {
        fail(Refusal(Code::precondition_failed, "cannot switch from tx to confirm mode"), ConfirmSelect::id);
        co_return;
    }
    confirms_ = true;
    if (!method.no_wait) say(ConfirmSelectOk{});
}

void Channel::confirm(Ticket ticket, bool refused, MessageId message) {
    if (message == MessageId{} && !unconfirmed_.empty()) message = unconfirmed_.back().message;
    await_commit({.tag = ++published_, .ticket = ticket, .refused = refused, .message = message});
}

void Channel::await_commit(Unconfirmed one) {
    unconfirmed_.push_back(one);
    if (!std::exchange(confirming_, true)) spawn(confirm_committed());
}

/// In the order of publishing, several at once where nothing stands between; and what is acknowledged before, at once.
awaitable<void> Channel::confirm_committed() {
    while (!unconfirmed_.empty() && !stopped_) {
        const Ticket ticket = unconfirmed_.front().ticket;
        if (ticket != Ticket{}) {
            const Result<bool> stored = co_await service_.broker.committed(ticket, news_);
            if (stopped_) break;
            confirm_early();
            if (stored && !*stored) continue;
            // Without confirms this is the only way to tell that something is lost. What a consumer was given is not called lost.
            if (!stored && !unconfirmed_.empty() &&
                (stored.error().code != Errc::store_full || unconfirmed_.front().tag == unasked || news_->unknown)) {
                connection_.fail(refusal_of(stored.error(), "message"), BasicPublish::id);
                break;
            }
            if (!stored)
                for (Unconfirmed& one : unconfirmed_) one.refused |= one.ticket == ticket;
        }
        confirm_up_to(ticket);
    }
    confirming_ = false;
}

void Channel::confirm_up_to(Ticket ticket) {
    while (!unconfirmed_.empty() && unconfirmed_.front().ticket <= ticket) {
        const std::uint64_t first = unconfirmed_.front().tag;
        const bool refused = unconfirmed_.front().refused;
        std::uint64_t last = first;
        bool told = true;  // all of them
        while (!unconfirmed_.empty() && unconfirmed_.front().ticket <= ticket && unconfirmed_.front().refused == refused &&
               (unconfirmed_.front().tag == unasked) == (first == unasked)) {
            told &= unconfirmed_.front().done;
            service_.traffic.confirmed += !refused && first != unasked && !unconfirmed_.front().done;
            if (!unconfirmed_.front().done) last = unconfirmed_.front().tag;
            unconfirmed_.pop_front();
        }
        if (last == unasked || told) continue;
        if (refused) say(BasicNack{.delivery_tag = last, .multiple = last != first, .requeue = false});
        else say(BasicAck{.delivery_tag = last, .multiple = last != first});
    }
}

/// What a consumer has acknowledged needs no commit.
void Channel::confirm_early() {
    const std::vector<MessageId> done = std::exchange(news_->done, {});
    for (std::size_t i = 0; i < done.size();) {
        const auto found = std::lower_bound(unconfirmed_.begin(), unconfirmed_.end(), done[i],
                                            [](const Unconfirmed& one, MessageId id) { return one.message < id; });
        if (found == unconfirmed_.end() || found->message != done[i] || found->done) {
            ++i;
            continue;
        }
        auto last = found;
        last->done = true;
        for (++i; i < done.size() && std::next(last) != unconfirmed_.end() && std::next(last)->message == done[i]; ++i)
            (++last)->done = true;
        // Those before it are answered by the same frame, when they are all done.
        service_.traffic.confirmed += static_cast<std::uint64_t>(last - found) + 1;
        const bool is_first = found == unconfirmed_.begin();
        if (is_first) say(BasicAck{.delivery_tag = last->tag, .multiple = last != found});
        else
            for (auto one = found; one <= last; ++one) say(BasicAck{.delivery_tag = one->tag, .multiple = false});
        while (!unconfirmed_.empty() && unconfirmed_.front().done) unconfirmed_.pop_front();
    }
}

}  // namespace rowmq::amqp
