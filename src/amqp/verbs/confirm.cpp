// confirm.select: each publish is answered when its commit has returned.

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

void Channel::confirm(Ticket ticket, bool refused) { await_commit({.tag = ++published_, .ticket = ticket, .refused = refused}); }

void Channel::await_commit(Unconfirmed one) {
    unconfirmed_.push_back(one);
    if (!std::exchange(confirming_, true)) spawn(confirm_committed());
}

/// In the order of publishing, several at once where nothing stands between.
awaitable<void> Channel::confirm_committed() {
    while (!unconfirmed_.empty() && !stopped_) {
        const Ticket ticket = unconfirmed_.front().ticket;
        if (ticket != Ticket{}) {
            const Result<void> stored = co_await service_.broker.committed(ticket);
            if (stopped_) break;
            // Without confirms this is the only way to tell that something is lost.
            if (!stored && (stored.error().code != Errc::store_full || unconfirmed_.front().tag == unasked)) {
                connection_.fail(refusal_of(stored.error(), "message"), BasicPublish::id);
                break;
            }
            if (!stored)
                for (Unconfirmed& one : unconfirmed_) one.refused |= one.ticket == ticket;
        }
        while (!unconfirmed_.empty() && unconfirmed_.front().ticket <= ticket) {
            const std::uint64_t first = unconfirmed_.front().tag;
            const bool refused = unconfirmed_.front().refused;
            std::uint64_t last = first;
            while (!unconfirmed_.empty() && unconfirmed_.front().ticket <= ticket && unconfirmed_.front().refused == refused &&
                   (unconfirmed_.front().tag == unasked) == (first == unasked)) {
                last = unconfirmed_.front().tag;
                unconfirmed_.pop_front();
            }
            if (last == unasked) continue;
            if (refused) say(BasicNack{.delivery_tag = last, .multiple = last != first, .requeue = false});
            else say(BasicAck{.delivery_tag = last, .multiple = last != first});
        }
    }
    confirming_ = false;
}

}  // namespace rowmq::amqp
