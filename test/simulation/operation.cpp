#include "test/simulation/operation.hpp"

#include <fmt/format.h>

namespace rowmq::simulation {

std::string_view name_of(Action action) noexcept {
    switch (action) {
        case Action::publish: return "publish";
        case Action::receive: return "receive";
        case Action::wait: return "wait";
        case Action::settle: return "settle";
        case Action::extend: return "extend";
        case Action::commit: return "commit";
        case Action::advance: return "advance";
        case Action::purge: return "purge";
        case Action::redrive: return "redrive";
        case Action::peek: return "peek";
        case Action::cancel_delayed: return "cancel_delayed";
        case Action::close_session: return "close_session";
        case Action::restart: return "restart";
    }
    return "?";
}

namespace {

std::string text_of(const Lease& lease) {
    return fmt::format("{}/{}/{}#{}.{}", value_of(lease.queue), lease.lane, value_of(lease.sequence), lease.number, lease.epoch);
}

std::string text_of(const Publish& p) {
    auto text = fmt::format(" [{}:{} {}", p.exchange, p.routing_key, p.message.text().substr(0, 12));
    if (!p.group.empty()) text += " group=" + p.group;
    if (!p.deduplication_id.empty()) text += " dedup=" + p.deduplication_id;
    if (p.priority) text += fmt::format(" priority={}", p.priority);
    if (p.delay) text += fmt::format(" delay={}", p.delay->count());
    if (p.ttl) text += fmt::format(" ttl={}", p.ttl->count());
    return text + "]";
}

std::string text_of(const Settlement& s) {
    constexpr const char* verdicts[] = {"done", "release", "reject"};
    auto text = fmt::format(" [{} {}", verdicts[static_cast<int>(s.verdict)], text_of(s.lease));
    if (s.delay) text += fmt::format(" delay={}", s.delay->count());
    return text + "]";
}

std::string text_of(const Delivery& d) {
    auto text = fmt::format(" <{} id={} {} r={}{} at={}", text_of(d.lease), value_of(d.message_id), d.message.text().substr(0, 12),
                            d.receives, d.redelivered ? "R" : "", d.published_at.time_since_epoch().count() % 100'000'000);
    if (d.expires_at) text += fmt::format(" until={}", d.expires_at->time_since_epoch().count() % 100'000'000);
    for (const auto& record : d.dead_letters)
        text += fmt::format(" dead({},{},{},{})", record.queue, static_cast<int>(record.reason), record.count, record.receives);
    return text + ">";
}

std::string text_of(const std::vector<Delivery>& deliveries) {
    std::string text;
    for (const auto& d : deliveries) text += text_of(d);
    return text;
}

}  // namespace

std::string describe(const Operation& o) {
    auto text = fmt::format("{} s{}", name_of(o.action), o.session);
    if (!o.queue.empty()) text += " " + o.queue;
    if (o.action == Action::receive || o.action == Action::wait) {
        text += fmt::format(" max={}", o.next.max);
        if (o.next.wait) text += fmt::format(" wait={}", o.next.wait->count());
        text += o.subscription.no_lease ? " no_lease"
                : !o.subscription.lease ? " session"
                                        : fmt::format(" lease={}", o.subscription.lease->count());
    }
    if (o.early || o.subscription.early) text += " early";
    if (o.at_once) text += fmt::format(" at_once={}", static_cast<int>(*o.at_once));
    if (o.atomic) text += " atomic";
    if (o.together) text += " together";
    for (const auto& p : o.publishes) text += text_of(p);
    for (const auto& s : o.settlements) text += text_of(s);
    for (const auto& l : o.leases) text += " " + text_of(l);
    if (o.action == Action::extend || o.action == Action::advance) text += fmt::format(" by={}", o.by.count());
    if (o.action == Action::purge) text += fmt::format(" leased={} delayed={}", o.scope.leased, o.scope.delayed);
    if (o.destination) text += " to " + *o.destination;
    if (o.action == Action::cancel_delayed) text += fmt::format(" id={}", value_of(o.message));
    if (o.action == Action::restart) text += o.graceful ? " after close" : " after a crash";
    return text;
}

std::string describe(const Observation& o, const std::map<std::string, QueueCounts>& before) {
    std::string text = fmt::format("  t={}", o.now.time_since_epoch().count() % 100'000'000);
    if (o.error) text += fmt::format(" ERROR {}: {}", name_of(o.error->code), o.error->text);
    for (const auto& r : o.published)
        text += r.error ? fmt::format(" ({}: {})", name_of(r.error->code), r.error->text)
                        : fmt::format(" (id={} seq={} queues={}{})", value_of(r.message), value_of(r.sequence), r.queues,
                                      r.duplicate ? " duplicate" : "");
    for (const auto& s : o.settled) text += s ? fmt::format(" ({}: {})", name_of(s->code), s->text) : " (ok)";
    text += text_of(o.deliveries);
    if (o.count) text += fmt::format(" count={}", o.count);
    for (const auto& w : o.woken) {
        text += fmt::format("\n  woken s{} {} t={} {}{}", w.session, w.queue, w.at.time_since_epoch().count() % 100'000'000,
                            w.error ? name_of(*w.error) : "", text_of(w.deliveries));
        for (const auto& s : w.settled) text += s ? fmt::format(" ({}: {})", name_of(s->code), s->text) : " (ok)";
    }
    for (const auto& [queue, contents] : o.contents)
        text += fmt::format("\n  {}:{} |{}", queue, text_of(contents.present), text_of(contents.delayed));
    for (const auto& [queue, c] : o.counts) {
        const auto known = before.find(queue);
        if (c == (known == before.end() ? QueueCounts{} : known->second)) continue;
        text += fmt::format(
            "\n  {}: ready={} delayed={} leased={} sent={} done={} dead={} expired={} purged={} over={} redriven={} "
            "bytes={} delivered={} redelivered={}",
            queue, c.ready, c.delayed, c.leased, c.sent, c.done, c.dead_lettered, c.expired, c.purged, c.overflowed, c.redriven, c.bytes,
            c.delivered, c.redelivered);
    }
    return text;
}

}  // namespace rowmq::simulation
