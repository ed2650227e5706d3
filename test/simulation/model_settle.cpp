// The second half of the model: how leases end, what an administrator does, and the comparison with what the broker says.

#include <fmt/format.h>

#include <algorithm>

#include "test/simulation/model.hpp"

namespace rowmq::simulation {

namespace {

template <typename... Parts>
[[noreturn]] void violated(fmt::format_string<Parts...> text, Parts&&... parts) {
    throw Violation(fmt::format(text, std::forward<Parts>(parts)...));
}

std::string text_of(const Lease& lease) {
    return fmt::format("lease {} of sequence {} (epoch {})", lease.number, value_of(lease.sequence), lease.epoch);
}

}  // namespace

// ------------------------------------------------------------------------------------------------ settling

bool Model::live(const Lease& lease) {
    auto* q = queue_of(lease);
    return q && std::any_of(q->copies.begin(), q->copies.end(),
                            [&](const Copy& c) { return c.lease == lease && c.state == Copy::State::leased; });
}

/// The copy of which a lease is the newest.
Model::Copies::iterator Model::named(Queue& q, const Lease& lease) {
    return std::find_if(q.copies.begin(), q.copies.end(), [&](const Copy& c) { return c.lease == lease; });
}

Model::Expected Model::expectation(const Settlement& s) {
    auto* q = queue_of(s.lease);
    if (!q) return Expected::refusal;
    const auto copy = named(*q, s.lease);
    if (copy == q->copies.end()) return Expected::refusal;
    if (copy->state == Copy::State::leased) return Expected::success;
    switch (copy->lease_state) {
        case LeaseState::over:
            if (copy->restarts > 1 && s.lease.number == 1) return Expected::either;  // not stored
            // Nobody else has it: the work is done, and saying so late still counts.
            if (s.verdict == Verdict::done && copy->fate == Copy::Fate::none && copy->state == Copy::State::ready) return Expected::success;
            return Expected::either;
        case LeaseState::live:
        case LeaseState::released:  // as SQS has it: the name may hold until somebody else gets the message
        case LeaseState::unclear: return Expected::either;
    }
    return Expected::either;
}

void Model::settle(const Settlement& s, const std::optional<Error>& result) {
    const auto expected = expectation(s);
    if (expected == Expected::success && result) violated("{} should settle but: {}", text_of(s.lease), result->text);
    if (expected == Expected::refusal && !result) violated("{} is gone and settled all the same", text_of(s.lease));
    if (result && result->code != Errc::lease_gone) violated("{}: {} instead of lease_gone", text_of(s.lease), name_of(result->code));
    if (!result) settled(s);
}

void Model::settled(const Settlement& s) {
    auto& q = *queue_of(s.lease);
    const auto copy = named(q, s.lease);
    switch (s.verdict) {
        case Verdict::done:
            ++q.totals.done;
            q.copies.erase(copy);
            break;
        case Verdict::release: lease_over(q, *copy, now_, How::released, s.delay); break;
        case Verdict::reject:
            copy->state = Copy::State::ready;
            copy->lease_state = LeaseState::unclear;
            copy->fate = Copy::Fate::dead_letters;
            copy->at_once = true;
            copy->died = next_order_++;
            break;
    }
}

void Model::extend(const Operation& operation, const Observation& seen) {
    if (seen.settled.size() != operation.leases.size())
        violated("{} extensions gave {} results", operation.leases.size(), seen.settled.size());
    for (std::size_t i = 0; i < operation.leases.size(); ++i) {
        const auto& lease = operation.leases[i];
        const auto& result = seen.settled[i];
        auto expected = expectation({.lease = lease, .verdict = Verdict::release});
        auto* q = queue_of(lease);
        if (expected == Expected::refusal && !result) violated("{} is gone and was extended all the same", text_of(lease));
        if (expected == Expected::success && result) violated("{} should be extended but: {}", text_of(lease), result->text);
        if (result) continue;
        auto& copy = *named(*q, lease);
        if (copy.state != Copy::State::leased) {  // ended, and nobody has it: taken up again
            copy.state = Copy::State::leased;
            copy.fate = Copy::Fate::none;
            copy.lease_state = LeaseState::live;
        }
        copy.lease_ends = now_ + operation.by;
        if (operation.by.count() == 0) lease_over(*q, copy, now_, How::at_once);
    }
}

void Model::commit(const Operation& operation, const Observation& seen) {
    bool must_fail = false, may_fail = false;
    std::set<Lease> named;
    for (const auto& s : operation.settlements) {
        const auto expected = named.insert(s.lease).second ? expectation(s) : Expected::refusal;
        must_fail |= expected == Expected::refusal;
        may_fail |= expected == Expected::either || !live(s.lease);  // a transaction may insist on a live lease
    }
    for (const auto& p : operation.publishes) must_fail |= refusal(p).has_value();
    if (seen.error) {
        if (!must_fail && !may_fail) violated("a commit of valid parts failed: {}", seen.error->text);
        return;
    }
    if (must_fail) violated("a commit with a part that must be refused succeeded");
    for (const auto& s : operation.settlements) settled(s);
    publish(operation.publishes, seen.published);
}

void Model::publish_all_or_none(const Operation& operation, const Observation& seen) {
    const bool refused =
        std::any_of(operation.publishes.begin(), operation.publishes.end(), [&](const Publish& p) { return refusal(p).has_value(); });
    if (seen.published.size() != operation.publishes.size())
        violated("{} publishes gave {} results", operation.publishes.size(), seen.published.size());
    if (!refused) return publish(operation.publishes, seen.published);
    for (std::size_t i = 0; i < seen.published.size(); ++i)
        if (!seen.published[i].error) violated("one of all-or-none publishes was refused and number {} stored", i);
}

// ------------------------------------------------------------------------------------------------ administration

void Model::purge(const Operation& operation, const Observation& seen) {
    if (seen.error) violated("purge of '{}': {}", operation.queue, seen.error->text);
    auto& q = queue(operation.queue);
    std::int64_t sure = 0, perhaps = 0;
    auto concerned = [&](const Copy& c) {
        return c.state == Copy::State::ready || (c.state == Copy::State::leased && operation.scope.leased) ||
               (c.state == Copy::State::delayed && operation.scope.delayed);
    };
    for (const auto& copy : q.copies)
        if (concerned(copy)) ++(copy.fate == Copy::Fate::none ? sure : perhaps);
    if (seen.count < sure || seen.count > sure + perhaps)
        violated("purge of '{}' says {} instead of {} to {}", operation.queue, seen.count, sure, sure + perhaps);
    auto doomed = seen.count - sure;
    std::erase_if(q.copies, [&](const Copy& c) { return concerned(c) && (c.fate == Copy::Fate::none || doomed-- > 0); });
    q.totals.purged += seen.count;
}

void Model::redrive(const Operation& operation, const Observation& seen) {
    if (seen.error) violated("redrive of '{}': {}", operation.queue, seen.error->text);
    auto& q = queue(operation.queue);
    std::int64_t moved = 0;
    const auto sure = std::count_if(q.copies.begin(), q.copies.end(),
                                    [](const Copy& c) { return c.state == Copy::State::ready && c.fate == Copy::Fate::none; });
    auto expired = seen.count - sure;  // gone or not: the broker may not have looked yet
    for (auto at = q.copies.begin(); at != q.copies.end();) {
        if (at->state != Copy::State::ready || (at->fate != Copy::Fate::none && expired-- <= 0)) {
            ++at;
            continue;
        }
        auto copy = *at;
        at = q.copies.erase(at);
        const auto destination = operation.destination.value_or(copy.origin);
        copy.receives_least = copy.receives_most = 0;
        copy.counted_ahead = false;
        copy.may_be_redelivered = true;
        copy.origin.clear();
        copy.expires_first.reset();
        if (const auto ttl = queue(destination).options.ttl) copy.expires_first = now_ + *ttl;
        copy.expires_last = copy.expires_first;
        put(destination, std::move(copy), milliseconds(0));
        ++q.totals.redriven;
        ++moved;
    }
    if (moved != seen.count) violated("redrive of '{}' moved {} instead of {}", operation.queue, seen.count, moved);
}

void Model::cancel(const Operation& operation, const Observation& seen) {
    auto& q = queue(operation.queue);
    const auto copy = std::find_if(q.copies.begin(), q.copies.end(),
                                   [&](const Copy& c) { return c.message == operation.message && c.state == Copy::State::delayed; });
    if (copy == q.copies.end()) {
        if (!seen.error) violated("cancelled message {} of '{}', which is not delayed", value_of(operation.message), operation.queue);
        return;
    }
    if (seen.error)
        violated("cannot cancel delayed message {} of '{}': {}", value_of(operation.message), operation.queue, seen.error->text);
    q.copies.erase(copy);
    ++q.totals.purged;
}

void Model::end_session(std::size_t session) {
    sessions_ended_ = true;
    for (auto& [name, q] : queues_)
        for (auto& copy : q.copies)
            if (copy.state == Copy::State::leased && copy.session == session) lease_over(q, copy, now_, How::at_once);
}

void Model::restart() {
    sessions_ended_ = true;
    for (auto& [name, q] : queues_)
        for (auto& copy : q.copies) {
            ++copy.restarts;
            if (copy.state == Copy::State::leased) lease_over(q, copy, now_, How::at_once);
            copy.at_once = false;  // seen when it is next given
            if (copy.forgettable) copy.due_first = now_;
            if (!q.strict) copy.receives_least = 0;
            if (copy.counted_ahead && !copy.was_received) copy.receives_most = std::max(copy.receives_most, 1u);
            copy.may_be_redelivered = true;
        }
}

// ------------------------------------------------------------------------------------------------ comparing

/// What the broker did at a moment of its own choice: expired messages leave when it looks at them, the others at once.
void Model::take_over(const std::string& name, const QueueCounts& counts, const Contents* contents) {
    auto& q = queue(name);
    auto dropped = counts.overflowed - q.totals.overflowed;
    if (dropped > 0 && (!q.options.max_length || q.ready_before + q.came_back - dropped < *q.options.max_length))
        violated("'{}' dropped {} messages within its maximum length", name, dropped);
    if (contents) {
        std::multiset<MessageId> shown;
        for (const auto* part : {&contents->present, &contents->delayed})
            for (const auto& d : *part) shown.insert(d.message_id);
        auto take = [&](MessageId id) {
            const auto found = shown.find(id);
            if (found == shown.end()) return false;
            shown.erase(found);
            return true;
        };
        for (auto at = q.copies.begin(); at != q.copies.end();) {
            if (at->fate == Copy::Fate::none && !take(at->message) && at->state == Copy::State::ready && dropped > 0) {
                --dropped;
                ++q.totals.overflowed;
                at = q.copies.erase(at);
            } else {
                ++at;
            }
        }
        std::vector<Copies::iterator> died;
        for (auto at = q.copies.begin(); at != q.copies.end();) {
            if (at->fate == Copy::Fate::none || take(at->message)) {
                ++at;
            } else if (at->fate == Copy::Fate::dead_letters) {
                died.push_back(at++);
            } else if (dropped > 0 && q.totals.expired == counts.expired && at->expires_first > began_) {
                --dropped;  // within this operation, before it expired
                ++q.totals.overflowed;
                at = q.copies.erase(at);
            } else {
                ++q.totals.expired;
                at = q.copies.erase(at);
            }
        }
        // What has only expired is seen when nothing of its group stands or is held before it any more.
        std::stable_sort(died.begin(), died.end(),
                         [](const auto& a, const auto& b) { return std::pair(a->died == 0, a->died) < std::pair(b->died == 0, b->died); });
        for (const auto& copy : died) dead_letter(name, copy);
    }
    for (const auto& copy : q.copies)
        if (copy.fate != Copy::Fate::none && copy.at_once)
            violated("message {} of '{}' should have been dead-lettered after {} receives", value_of(copy.message), name,
                     copy.receives_most);
}

void Model::compare(const std::string& name, const QueueCounts& c) const {
    const auto& q = queues_.at(name);
    auto same = [&](std::string_view what, std::int64_t is, std::int64_t least, std::int64_t most) {
        if (is < least || is > most)
            violated("'{}' counts {} {} instead of {}{}", name, is, what, least, most == least ? "" : fmt::format(" to {}", most));
    };
    if (c.sent != c.ready + c.delayed + c.leased + c.done + c.dead_lettered + c.expired + c.purged + c.overflowed + c.redriven)
        violated("the counts of '{}' do not conserve", name);
    std::int64_t leased = 0, delayed = 0, maybe = 0, bytes = 0;
    for (const auto& copy : q.copies) {
        bytes += static_cast<std::int64_t>(copy.body.size());
        leased += copy.state == Copy::State::leased;
        const bool open = copy.fate != Copy::Fate::none || copy.in_place || copy.due_first <= now_;
        if (copy.state == Copy::State::delayed) ++(open ? maybe : delayed);
    }
    const auto live = static_cast<std::int64_t>(q.copies.size());
    same("sent", c.sent, q.totals.sent, q.totals.sent);
    same("done", c.done, q.totals.done, q.totals.done);
    same("dead-lettered", c.dead_lettered, q.totals.dead_lettered, q.totals.dead_lettered);
    same("expired", c.expired, q.totals.expired, q.totals.expired);
    same("purged", c.purged, q.totals.purged, q.totals.purged);
    same("overflowed", c.overflowed, q.totals.overflowed, q.totals.overflowed);
    same("redriven", c.redriven, q.totals.redriven, q.totals.redriven);
    same("leased", c.leased, leased, leased);
    same("delayed", c.delayed, delayed, delayed + maybe);
    same("waiting in all", c.ready + c.delayed + c.leased, live, live);
    if (c.bytes < bytes) violated("'{}' counts {} bytes where bodies alone are {}", name, c.bytes, bytes);
    // What comes back from a lease may exceed it; a publish puts that right.
    if (q.published_now && q.options.max_length && c.ready > *q.options.max_length)
        violated("'{}' holds {} ready messages of at most {} after a publish", name, c.ready, *q.options.max_length);
}

void Model::compare(const std::string& name, const Contents& contents) const {
    const auto& q = queues_.at(name);
    std::multiset<MessageId> expected, found;
    for (const auto& copy : q.copies) expected.insert(copy.message);
    for (const auto* part : {&contents.present, &contents.delayed})
        for (const auto& d : *part) {
            found.insert(d.message_id);
            const auto copy = std::find_if(q.copies.begin(), q.copies.end(), [&](const Copy& c) { return c.message == d.message_id; });
            if (copy == q.copies.end()) violated("a look at '{}' shows message {}, which is not there", name, value_of(d.message_id));
            if (copy->body != d.message.text()) violated("a look at '{}' shows message {} with another body", name, value_of(d.message_id));
        }
    for (const auto& copy : q.copies) {
        if (found.contains(copy.message)) continue;
        if (copy.fate == Copy::Fate::none) violated("a look at '{}' does not show message {}", name, value_of(copy.message));
        expected.erase(copy.message);
    }
    if (expected != found) violated("a look at '{}' shows {} messages instead of {}", name, found.size(), expected.size());
}

void Model::check_waits(std::size_t waiting) const {
    if (waiting != waits_.size()) violated("{} waits are under way instead of {}", waiting, waits_.size());
    for (const auto& [name, wait] : waits_) {
        if (wait.until <= now_) violated("a wait on '{}' should have ended {} ms ago", name, (now_ - wait.until).count());
        if (const auto* copy = left_behind(queues_.at(name)))
            violated("a wait on '{}' sleeps while message {} is ready", name, value_of(copy->message));
    }
}

void Model::apply(const Operation& operation, const Observation& seen) {
    sessions_ended_ = false;
    began_ = now_;
    for (auto& [name, q] : queues_) {
        q.published_now = false;
        q.ready_before = static_cast<std::int64_t>(ready(name));
        q.came_back = 0;
    }
    switch (operation.action) {
        case Action::publish:
            if (seen.error) violated("publish: {}", seen.error->text);
            operation.atomic ? publish_all_or_none(operation, seen) : publish(operation.publishes, seen.published);
            break;
        case Action::receive:
            if (seen.error) violated("receive from '{}': {}", operation.queue, seen.error->text);
            grant(operation.queue, operation.session, operation.subscription, operation.next, seen.deliveries);
            break;
        case Action::wait: {
            const auto wait = operation.next.wait.value_or(queue(operation.queue).options.wait);
            waits_.emplace(operation.queue, Wait{.began = now_, .until = now_ + wait});
            break;
        }
        case Action::settle:
            if (seen.settled.size() != operation.settlements.size())
                violated("{} settlements gave {} results", operation.settlements.size(), seen.settled.size());
            for (std::size_t i = 0; i < seen.settled.size(); ++i) settle(operation.settlements[i], seen.settled[i]);
            break;
        case Action::extend: extend(operation, seen); break;
        case Action::commit: commit(operation, seen); break;
        case Action::advance: break;
        case Action::purge: purge(operation, seen); break;
        case Action::redrive: redrive(operation, seen); break;
        case Action::peek: break;
        case Action::cancel_delayed: cancel(operation, seen); break;
        case Action::close_session: end_session(operation.session); break;
        case Action::restart: restart(); break;
    }
    for (const auto& w : seen.woken) woken(w);
    pass_time(seen.now);
    for (const auto& [name, counts] : seen.counts) {
        const auto contents = seen.contents.find(name);
        take_over(name, counts, contents == seen.contents.end() ? nullptr : &contents->second);
    }
    for (const auto& [name, counts] : seen.counts) compare(name, counts);
    for (const auto& [name, contents] : seen.contents) compare(name, contents);
    check_waits(seen.waiting);
}

}  // namespace rowmq::simulation
