#include "test/simulation/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace rowmq::simulation {

namespace {

template <typename... Parts>
[[noreturn]] void violated(fmt::format_string<Parts...> text, Parts&&... parts) {
    throw Violation(fmt::format(text, std::forward<Parts>(parts)...));
}

/// The shortest and the longest delay before the next attempt.
std::pair<milliseconds, milliseconds> backoff_of(const Backoff& b, std::uint32_t least, std::uint32_t most) {
    if (b.initial.count() == 0) return {milliseconds(0), milliseconds(0)};
    auto delay = [&](std::uint32_t receives) {
        const double grown = static_cast<double>(b.initial.count()) * std::pow(b.multiplier, receives > 0 ? receives - 1 : 0);
        return std::min(static_cast<double>(b.max.count()), grown);
    };
    const double shortest = delay(least) * (1 - b.jitter), longest = delay(most) * (1 + b.jitter);
    return {milliseconds(static_cast<std::int64_t>(std::floor(shortest)) - (b.jitter > 0)),
            milliseconds(static_cast<std::int64_t>(std::ceil(longest)) + (b.jitter > 0))};
}

}  // namespace

void Model::declare(const std::string& name, const QueueOptions& options, bool strict_counting) {
    auto& q = queues_[name];
    q.options = options;
    q.strict = options.strict_counting.value_or(options.max_receives > 0 || strict_counting);
}

void Model::declare_fanout(const std::string& exchange, const std::vector<std::string>& queues) { fanouts_[exchange] = queues; }

std::vector<Model::Place> Model::delayed() const {
    std::vector<Place> places;
    for (const auto& [name, q] : queues_)
        for (const auto& copy : q.copies)
            if (copy.state == Copy::State::delayed && !copy.in_place && copy.due_first == copy.due_last)
                places.push_back({name, copy.message});
    return places;
}

std::size_t Model::ready(const std::string& name) const {
    const auto& copies = queues_.at(name).copies;
    return static_cast<std::size_t>(
        std::count_if(copies.begin(), copies.end(), [](const Copy& c) { return c.state == Copy::State::ready; }));
}

bool Model::uncertain(const std::string& name) const {
    return std::any_of(queues_.at(name).copies.begin(), queues_.at(name).copies.end(),
                       [](const Copy& c) { return c.state == Copy::State::delayed && (c.in_place || c.due_first != c.due_last); });
}

bool Model::all_from_elsewhere(const std::string& name) const {
    const auto& copies = queues_.at(name).copies;
    return std::none_of(copies.begin(), copies.end(), [](const Copy& c) { return c.origin.empty(); });
}

Model::Queue& Model::queue(const std::string& name) {
    const auto found = queues_.find(name);
    if (found == queues_.end()) violated("the model has no queue '{}'", name);
    return found->second;
}

Model::Queue* Model::queue_of(const Lease& lease) {
    const auto found = ids_.find(lease.queue);
    return found == ids_.end() ? nullptr : &queues_.at(found->second);
}

// ------------------------------------------------------------------------------------------------ time and places

void Model::pass_time(WallTime until) {
    if (until < now_) violated("time ran backwards");
    now_ = until;
    for (auto& [name, q] : queues_) {
        std::vector<Copy*> over;
        for (auto& copy : q.copies)
            if (copy.state == Copy::State::leased && copy.lease_ends && *copy.lease_ends <= until) over.push_back(&copy);
        std::sort(over.begin(), over.end(), [](const Copy* a, const Copy* b) {
            return std::tie(*a->lease_ends, a->sequence) < std::tie(*b->lease_ends, b->sequence);
        });
        for (auto* copy : over) lease_over(q, *copy, *copy->lease_ends, How::expired);
        std::vector<Copies::iterator> due;
        for (auto copy = q.copies.begin(); copy != q.copies.end(); ++copy)
            if (copy->state == Copy::State::delayed && copy->due_last <= until) due.push_back(copy);
        std::sort(due.begin(), due.end(),
                  [](const auto& a, const auto& b) { return std::tie(a->due_last, a->order) < std::tie(b->due_last, b->order); });
        for (const auto& copy : due) {
            copy->state = Copy::State::ready;
            copy->ready_since = copy->due_last;
            ++q.came_back;
            if (std::exchange(copy->in_place, false)) continue;
            copy->order = next_order_++;  // arrives like a new one
            q.copies.splice(q.copies.end(), q.copies, copy);
        }
        for (auto& copy : q.copies) {
            const bool there = copy.state == Copy::State::ready || (copy.state == Copy::State::delayed && copy.due_first <= until);
            if (copy.fate == Copy::Fate::none && there && copy.expires_first && *copy.expires_first <= until)
                copy.fate = dead_letter_target(q).empty() ? Copy::Fate::expires : Copy::Fate::dead_letters;
        }
    }
}

/// A lease ended without success: what becomes of the message.
void Model::lease_over(Queue& q, Copy& copy, WallTime at, How how, std::optional<milliseconds> delay) {
    copy.state = Copy::State::ready;
    copy.ready_since = at;
    ++q.came_back;
    copy.lease_ends.reset();
    copy.lease_state = how == How::released ? LeaseState::released : LeaseState::over;
    if (q.options.max_receives > 0 && copy.receives_least >= q.options.max_receives) {
        copy.fate = Copy::Fate::dead_letters;
        copy.at_once = copy.exhausted = true;
        copy.died = next_order_++;
        return;
    }
    std::pair<milliseconds, milliseconds> wait{0, 0};
    if (how == How::released && delay) wait = {*delay, *delay};
    else if (how == How::released || (how == How::expired && q.options.backoff.on_expiry))
        wait = backoff_of(q.options.backoff, std::max(1u, copy.receives_least), copy.receives_most);
    if (wait.second.count() == 0) return;
    copy.state = Copy::State::delayed;
    if (copy.lease_state == LeaseState::over) copy.lease_state = LeaseState::unclear;  // it moves
    copy.in_place = q.options.kind == QueueKind::fifo;
    if (!copy.in_place) copy.order = next_order_++;
    copy.due_first = at + wait.first;
    copy.due_last = at + wait.second;
    copy.forgettable = how != How::released;
    copy.sequence.reset();
}

void Model::put(const std::string& to, Copy copy, milliseconds delay) {
    auto& q = queue(to);
    copy.order = next_order_++;
    copy.sequence.reset();
    copy.lease.reset();
    copy.lease_ends.reset();
    copy.fate = Copy::Fate::none;
    copy.at_once = copy.exhausted = false;
    copy.died = 0;
    copy.was_received = false;  // here
    copy.state = delay.count() > 0 ? Copy::State::delayed : Copy::State::ready;
    copy.in_place = copy.forgettable = false;
    copy.due_first = copy.due_last = now_ + delay;
    copy.ready_since = now_;
    ++q.totals.sent;
    ++q.came_back;
    q.copies.push_back(std::move(copy));
}

std::string Model::dead_letter_target(const Queue& q) const {
    if (!q.options.dead_letter || !q.options.dead_letter->exchange.empty()) return "";
    return q.options.dead_letter->routing_key.value_or("");
}

Model::Copies::iterator Model::dead_letter(const std::string& from, Copies::iterator at) {
    auto& q = queue(from);
    ++q.totals.dead_lettered;
    auto moved = *at;
    const auto target = dead_letter_target(q);
    const auto next = q.copies.erase(at);
    if (target.empty()) return next;
    moved.origin = from;
    moved.died_after = {moved.receives_least, moved.receives_most};
    moved.receives_least = moved.receives_most = 0;
    moved.counted_ahead = false;
    moved.may_be_redelivered = true;
    moved.expires_first.reset();
    moved.expires_last.reset();
    put(target, std::move(moved), milliseconds(0));
    return next;
}

bool Model::may_be_granted(const Copy& copy) const {
    if (copy.expires_last && *copy.expires_last <= now_) return false;
    const bool perhaps_expired = copy.expires_first && *copy.expires_first <= now_ && !copy.at_once && !copy.exhausted;
    if (copy.fate != Copy::Fate::none && !perhaps_expired) return false;
    return copy.state == Copy::State::ready || (copy.state == Copy::State::delayed && copy.due_first <= now_);
}

/// What a receive may not leave behind.
bool Model::must_be_granted(const Copy& copy) const {
    return copy.state == Copy::State::ready && copy.fate == Copy::Fate::none && !(copy.expires_first && *copy.expires_first <= now_);
}

// ------------------------------------------------------------------------------------------------ publishing

void Model::publish(const std::vector<Publish>& publishes, const std::vector<PublishResult>& results) {
    if (results.size() != publishes.size()) violated("{} publishes gave {} results", publishes.size(), results.size());
    for (std::size_t i = 0; i < publishes.size(); ++i) publish(publishes[i], results[i]);
}

std::optional<Errc> Model::refusal(const Publish& p) const {
    for (const auto& name : targets(p)) {
        const auto& q = queues_.at(name);
        if (q.options.kind == QueueKind::fifo && p.group.empty()) return Errc::invalid_argument;
        if (static_cast<std::int64_t>(p.message.text().size()) > q.options.max_message_bytes) return Errc::message_too_large;
        if (q.options.max_length && q.options.overflow == Overflow::reject &&
            static_cast<std::int64_t>(ready(name)) >= *q.options.max_length)
            return Errc::queue_full;
    }
    return std::nullopt;
}

std::vector<std::string> Model::targets(const Publish& p) const {
    if (p.exchange.empty()) return {p.routing_key};
    return fanouts_.at(p.exchange);
}

void Model::publish(const Publish& p, const PublishResult& result) {
    const auto to = targets(p);
    const auto refused = refusal(p);
    const auto body = std::string(p.message.text());
    if (result.error.has_value() != refused.has_value() || (refused && result.error->code != *refused))
        violated("publish of '{}' to '{}' should {} but {}", body.substr(0, 12), p.routing_key,
                 refused ? std::string(name_of(*refused)) : std::string("succeed"), result.error ? result.error->text : "succeeded");
    if (refused) return;
    for (const auto& name : to) {
        auto& q = queue(name);
        const auto& dedup = q.options.deduplication;
        auto id = p.deduplication_id;
        if (id.empty() && dedup.content_based) id = "body:" + body;
        if (!dedup.enabled || id.empty()) continue;
        const std::pair key(dedup.scope == Deduplication::Scope::group ? p.group : std::string(), id);
        const auto known = q.remembered.find(key);
        const bool duplicate = known != q.remembered.end() && known->second.first + dedup.window > now_;
        if (duplicate != result.duplicate)
            violated("'{}' to '{}' {} a duplicate (id '{}', window {} ms, first seen {} ms ago)", body.substr(0, 12), name,
                     duplicate ? "should be" : "is not", id, dedup.window.count(),
                     known == q.remembered.end() ? -1 : (now_ - known->second.first).count());
        if (duplicate) {
            if (result.message != known->second.second) violated("a duplicate in '{}' names another message than the first", name);
            return;
        }
        q.remembered[key] = {now_, result.message};
    }
    if (result.duplicate) violated("'{}' is called a duplicate where nothing deduplicates", body.substr(0, 12));
    if (result.queues != to.size()) violated("'{}' reached {} queues instead of {}", body.substr(0, 12), result.queues, to.size());
    if (!messages_.insert(result.message).second) violated("message id {} is not new", value_of(result.message));
    for (const auto& name : to) {
        auto& q = queue(name);
        const auto delay = p.delay.value_or(q.options.delay);
        auto ttl = q.options.ttl;
        if (p.ttl) ttl = ttl ? std::min(*ttl, *p.ttl) : *p.ttl;
        Copy copy{.message = result.message, .body = body, .group = p.group, .priority = std::min(p.priority, q.options.max_priority)};
        copy.published = now_;
        if (ttl) copy.expires_first = copy.expires_last = now_ + delay + *ttl;
        copy.counted_ahead = q.strict && delay.count() == 0 && waits_.contains(name);
        put(name, std::move(copy), delay);
        q.published_now = delay.count() == 0;
    }
    if (to.size() == 1 && queue(to.front()).copies.back().state == Copy::State::ready) {
        auto& q = queue(to.front());
        if (result.sequence <= q.highest) violated("sequence {} in '{}' does not grow", value_of(result.sequence), to.front());
        q.highest = result.sequence;
        q.copies.back().sequence = result.sequence;
    }
}

// ------------------------------------------------------------------------------------------------ receiving

/// `ready_before`: what became ready then or later may have come too late.
void Model::grant(const std::string& name, std::size_t session, const SubscriptionOptions& subscription, const NextRequest& next,
                  const std::vector<Delivery>& deliveries, WallTime ready_before) {
    auto& q = queue(name);
    std::set<std::string> held;  // groups of an earlier receive
    for (const auto& copy : q.copies)
        if (copy.state == Copy::State::leased && q.options.kind == QueueKind::fifo) held.insert(copy.group);
    if (deliveries.size() > next.max) violated("{} deliveries where {} were asked for", deliveries.size(), next.max);
    for (const auto& delivery : deliveries) grant(name, session, subscription, next, delivery, held);
    if (deliveries.empty())  // some are an answer, even when there were more
        if (const auto* left = left_behind(q, ready_before))
            violated("a receive from '{}' gave nothing and left message {} behind", name, value_of(left->message));
}

/// A copy, ready before then, that a receive now would have to give, or null.
const Model::Copy* Model::left_behind(const Queue& q, WallTime ready_before) const {
    std::set<std::string> closed;
    if (q.options.kind == QueueKind::fifo)
        for (const auto& copy : q.copies)
            if (copy.state == Copy::State::leased) closed.insert(copy.group);
    for (const auto& copy : q.copies) {
        const bool open = q.options.kind == QueueKind::standard || !closed.contains(copy.group);
        if (open && must_be_granted(copy) && copy.ready_since < ready_before) return &copy;
        const bool is_gone = copy.state == Copy::State::ready && copy.expires_last && *copy.expires_last <= now_;
        if (q.options.kind == QueueKind::fifo && !is_gone) closed.insert(copy.group);  // only the head of a group counts
    }
    return nullptr;
}

/// Whether a delivery says of itself what would be right for this copy.
bool Model::fits(const Copy& copy, const Delivery& d) {
    const bool origin = copy.origin.empty() || (!d.dead_letters.empty() && d.dead_letters.front().queue == copy.origin);
    const bool expiry =
        !copy.expires_first || (d.expires_at && *d.expires_at >= *copy.expires_first && *d.expires_at <= *copy.expires_last);
    return origin && expiry && d.receives > copy.receives_least && d.receives <= copy.receives_most + 1 &&
           (d.redelivered ? copy.was_received || copy.may_be_redelivered : !copy.was_received);
}

Model::Copies::iterator Model::find(const std::string& name, const Delivery& d) {
    auto& q = queue(name);
    auto match = [&](const Copy& c) { return c.message == d.message_id && (!c.sequence || *c.sequence == d.lease.sequence); };
    // A queue may owe one message twice (redriven from where another of its copies died): the one it can be.
    auto found = std::find_if(q.copies.begin(), q.copies.end(), [&](const Copy& c) { return match(c) && may_be_granted(c) && fits(c, d); });
    if (found != q.copies.end()) return found;
    found = std::find_if(q.copies.begin(), q.copies.end(), [&](const Copy& c) { return match(c) && may_be_granted(c); });
    if (found != q.copies.end()) return found;
    for (auto& [source, other] : queues_)  // dead-lettered just now?
        if (&other != &q && dead_letter_target(other) == name)
            for (auto at = other.copies.begin(); at != other.copies.end(); ++at)
                if (at->message == d.message_id && at->fate == Copy::Fate::dead_letters) {
                    dead_letter(source, at);
                    return std::prev(q.copies.end());
                }
    found = std::find_if(q.copies.begin(), q.copies.end(), match);
    const auto id = value_of(d.message_id);
    if (found == q.copies.end())
        violated("'{}' gave message {} ('{}'), which is not there (never was, or was settled)", name, id, d.message.text().substr(0, 12));
    if (found->state == Copy::State::leased) violated("'{}' gave message {} while its lease is live", name, id);
    if (found->state == Copy::State::delayed) violated("'{}' gave message {} {} ms early", name, id, (found->due_first - now_).count());
    if (found->fate == Copy::Fate::dead_letters)
        violated("'{}' gave message {} instead of dead-lettering it ({} receives)", name, id, found->receives_most);
    violated("'{}' gave message {} after it had expired", name, id);
}

void Model::grant(const std::string& name, std::size_t session, const SubscriptionOptions& subscription, const NextRequest& next,
                  const Delivery& d, const std::set<std::string>& held) {
    auto& q = queue(name);
    ids_[d.lease.queue] = name;
    const auto at = find(name, d);
    auto& copy = *at;
    const auto id = value_of(d.message_id);
    if (d.message.text() != copy.body) violated("message {} of '{}' came back with another body", id, name);
    if (d.published_at != copy.published) violated("message {} of '{}' says it was published at another time", id, name);
    if (d.receives < copy.receives_least + 1 || d.receives > copy.receives_most + 1)
        violated("message {} of '{}' says {} receives instead of {} to {}", id, name, d.receives, copy.receives_least + 1,
                 copy.receives_most + 1);
    if (copy.was_received && !d.redelivered) violated("message {} of '{}' was given before and does not say so", id, name);
    if (!copy.was_received && !copy.may_be_redelivered && d.redelivered)
        violated("message {} of '{}' is called redelivered and is not", id, name);
    if (!q.given.insert(d.lease).second) violated("a lease of message {} of '{}' has the name of an older one", id, name);
    if (copy.expires_first && (!d.expires_at || *d.expires_at < *copy.expires_first || *d.expires_at > *copy.expires_last))
        violated("message {} of '{}' names the wrong time of expiry", id, name);
    if (!copy.origin.empty() && (d.dead_letters.empty() || d.dead_letters.front().queue != copy.origin))
        violated("message {} of '{}' does not say that it died in '{}'", id, name, copy.origin);
    if (!copy.origin.empty() && copy.died_after &&
        (d.dead_letters.front().receives < copy.died_after->first || d.dead_letters.front().receives > copy.died_after->second))
        violated("message {} of '{}' died after {} receives and says {}", id, name, copy.died_after->second,
                 d.dead_letters.front().receives);
    if (q.options.kind == QueueKind::fifo) {
        if (held.contains(copy.group))
            violated("'{}' gave message {} of group '{}' while an earlier receive holds it", name, id, copy.group);
        for (const auto& other : q.copies)
            if (other.group == copy.group && other.order < copy.order && other.state != Copy::State::leased &&
                other.fate == Copy::Fate::none)
                violated("'{}' gave message {} of group '{}' before message {}", name, id, copy.group, value_of(other.message));
    } else {
        for (const auto& other : q.copies)
            if (other.priority > copy.priority && must_be_granted(other))
                violated("'{}' gave message {} of priority {} before message {} of priority {}", name, id, copy.priority,
                         value_of(other.message), other.priority);
    }

    copy.receives_least = copy.receives_most = d.receives;
    copy.was_received = true;
    copy.sequence = d.lease.sequence;
    if (d.expires_at && copy.expires_first) copy.expires_first = copy.expires_last = d.expires_at;
    if (subscription.no_lease) {
        ++q.totals.done;
        q.copies.erase(at);
        return;
    }
    auto lease = next.lease ? next.lease : subscription.lease;
    if (lease && lease->count() == 0) lease = q.options.lease;
    copy.state = Copy::State::leased;
    copy.in_place = false;
    copy.lease = d.lease;
    copy.restarts = 0;
    copy.fate = Copy::Fate::none;
    copy.lease_state = LeaseState::live;
    copy.lease_ends = lease ? std::optional(now_ + *lease) : std::nullopt;
    copy.session = session;
}

void Model::woken(const Woken& w) {
    pass_time(w.at);
    const auto until = w.began + w.next.wait.value_or(queue(w.queue).options.wait);
    const auto wait = std::find_if(waits_.begin(), waits_.end(), [&](const auto& known) {
        return known.first == w.queue && known.second.began == w.began && known.second.until == until;
    });
    if (wait == waits_.end()) violated("a wait on '{}' ended twice", w.queue);
    waits_.erase(wait);
    if (w.error) {
        if (!sessions_ended_ || *w.error != Errc::closed) violated("a wait on '{}' ended with {}", w.queue, name_of(*w.error));
        return;
    }
    if (w.deliveries.empty() && w.at < until) violated("a wait on '{}' gave up {} ms early", w.queue, (until - w.at).count());
    if (w.at > until) violated("a wait on '{}' ended {} ms late", w.queue, (w.at - until).count());
    grant(w.queue, w.session, w.subscription, w.next, w.deliveries, w.at);
    if (w.settled.size() != w.settlements.size()) violated("{} settlements gave {} results", w.settlements.size(), w.settled.size());
    for (std::size_t i = 0; i < w.settled.size(); ++i) settle(w.settlements[i], w.settled[i]);
}

}  // namespace rowmq::simulation
