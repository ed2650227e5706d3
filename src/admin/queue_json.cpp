#include "admin/queue_json.hpp"

#include "admin/fields.hpp"

namespace rowmq::admin {
namespace {

namespace json = boost::json;

json::value or_null(const std::optional<milliseconds>& value) { return value ? json::value(value->count()) : json::value(nullptr); }
json::value or_null(const std::optional<std::int64_t>& value) { return value ? json::value(*value) : json::value(nullptr); }
json::value or_null(const std::optional<bool>& value) { return value ? json::value(*value) : json::value(nullptr); }
json::value or_null(const std::optional<std::string>& value) { return value ? json::value(*value) : json::value(nullptr); }

json::object texts(const std::map<std::string, std::string>& values) {
    json::object object;
    for (const auto& [name, value] : values) object[name] = value;
    return object;
}

std::int64_t since_1970(WallTime time) { return time.time_since_epoch().count(); }

std::string_view name_of(QueueKind kind) { return kind == QueueKind::fifo ? "fifo" : "standard"; }
std::string_view name_of(Overflow overflow) {
    switch (overflow) {
        case Overflow::drop_oldest: return "drop_oldest";
        case Overflow::reject: return "reject";
        case Overflow::reject_dead_letter: return "reject_dead_letter";
    }
    return "drop_oldest";
}
std::string_view name_of(Deduplication::Scope scope) { return scope == Deduplication::Scope::group ? "group" : "queue"; }

std::string_view name_of(TaskState state) {
    switch (state) {
        case TaskState::running: return "running";
        case TaskState::completed: return "completed";
        case TaskState::cancelling: return "cancelling";
        case TaskState::cancelled: return "cancelled";
        case TaskState::failed: return "failed";
    }
    return "unknown";
}

/// One of some words into `out`.
template <typename Choice>
void choice(Fields& fields, std::string_view name, Choice& out, std::initializer_list<Choice> choices) {
    std::string word(name_of(out)), words;
    fields.text(name, word);
    for (const Choice one : choices) {
        if (word == name_of(one)) {
            out = one;
            return;
        }
        words += (words.empty() ? "\"" : ", \"") + std::string(name_of(one)) + "\"";
    }
    fields.fail("\"" + std::string(name) + "\" is none of " + words);
}

void read_backoff(Fields& outer, Backoff& backoff) {
    const auto* object = outer.object("backoff");
    if (!object) return;
    Fields fields(*object, "backoff");
    fields.duration("initial_ms", backoff.initial);
    fields.number("multiplier", backoff.multiplier);
    fields.duration("max_ms", backoff.max);
    fields.number("jitter", backoff.jitter);
    fields.flag("on_expiry", backoff.on_expiry);
    if (auto error = fields.error()) outer.fail(error->text);
}

void read_deduplication(Fields& outer, Deduplication& deduplication) {
    const auto* object = outer.object("deduplication");
    if (!object) return;
    Fields fields(*object, "deduplication");
    fields.flag("enabled", deduplication.enabled);
    fields.flag("content_based", deduplication.content_based);
    choice(fields, "scope", deduplication.scope, {Deduplication::Scope::queue, Deduplication::Scope::group});
    fields.duration("window_ms", deduplication.window);
    if (auto error = fields.error()) outer.fail(error->text);
}

void read_dead_letter(Fields& outer, std::optional<DeadLetter>& dead_letter) {
    const bool named = outer.has("dead_letter");
    const auto* object = outer.object("dead_letter");
    if (named && !object) dead_letter.reset();
    if (!object) return;
    dead_letter.emplace();
    Fields fields(*object, "dead_letter");
    fields.text("exchange", dead_letter->exchange);
    fields.text("routing_key", dead_letter->routing_key);
    fields.flag("expired", dead_letter->expired);
    if (auto error = fields.error()) outer.fail(error->text);
}

}  // namespace

json::object to_json(const QueueOptions& o) {
    json::object out;
    out["kind"] = name_of(o.kind);
    out["lease_ms"] = o.lease.count();
    out["delay_ms"] = o.delay.count();
    out["ttl_ms"] = or_null(o.ttl);
    out["wait_ms"] = o.wait.count();
    out["max_message_bytes"] = o.max_message_bytes;
    out["max_length"] = or_null(o.max_length);
    out["max_bytes"] = or_null(o.max_bytes);
    out["overflow"] = name_of(o.overflow);
    out["max_priority"] = o.max_priority;
    out["idle_expiry_ms"] = or_null(o.idle_expiry);
    out["max_receives"] = o.max_receives;
    if (o.dead_letter) {
        json::object target;
        target["exchange"] = o.dead_letter->exchange;
        target["routing_key"] = or_null(o.dead_letter->routing_key);
        target["expired"] = o.dead_letter->expired;
        out["dead_letter"] = std::move(target);
    } else {
        out["dead_letter"] = nullptr;
    }
    json::object backoff;
    backoff["initial_ms"] = o.backoff.initial.count();
    backoff["multiplier"] = o.backoff.multiplier;
    backoff["max_ms"] = o.backoff.max.count();
    backoff["jitter"] = o.backoff.jitter;
    backoff["on_expiry"] = o.backoff.on_expiry;
    out["backoff"] = std::move(backoff);
    json::object deduplication;
    deduplication["enabled"] = o.deduplication.enabled;
    deduplication["content_based"] = o.deduplication.content_based;
    deduplication["scope"] = name_of(o.deduplication.scope);
    deduplication["window_ms"] = o.deduplication.window.count();
    out["deduplication"] = std::move(deduplication);
    out["strict_counting"] = or_null(o.strict_counting);
    out["paused"] = o.paused;
    out["tags"] = texts(o.tags);
    out["attributes"] = texts(o.attributes);
    return out;
}

Result<QueueOptions> read_queue_options(const json::object& object, QueueOptions o) {
    Fields fields(object, "options");
    choice(fields, "kind", o.kind, {QueueKind::standard, QueueKind::fifo});
    fields.duration("lease_ms", o.lease);
    fields.duration("delay_ms", o.delay);
    fields.duration("ttl_ms", o.ttl);
    fields.duration("wait_ms", o.wait);
    fields.integer("max_message_bytes", o.max_message_bytes);
    fields.integer("max_length", o.max_length);
    fields.integer("max_bytes", o.max_bytes);
    choice(fields, "overflow", o.overflow, {Overflow::drop_oldest, Overflow::reject, Overflow::reject_dead_letter});
    fields.integer("max_priority", o.max_priority);
    fields.duration("idle_expiry_ms", o.idle_expiry);
    fields.integer("max_receives", o.max_receives);
    read_dead_letter(fields, o.dead_letter);
    read_backoff(fields, o.backoff);
    read_deduplication(fields, o.deduplication);
    fields.flag("strict_counting", o.strict_counting);
    fields.flag("paused", o.paused);
    fields.texts("tags", o.tags);
    fields.texts("attributes", o.attributes);
    if (auto error = fields.error()) return std::move(*error);
    return o;
}

json::object to_json(const QueueCounts& c) {
    json::object out;
    out["ready"] = c.ready;
    out["delayed"] = c.delayed;
    out["leased"] = c.leased;
    out["sent"] = c.sent;
    out["done"] = c.done;
    out["dead_lettered"] = c.dead_lettered;
    out["expired"] = c.expired;
    out["purged"] = c.purged;
    out["overflowed"] = c.overflowed;
    out["redriven"] = c.redriven;
    out["bytes"] = c.bytes;
    out["delivered"] = c.delivered;
    out["redelivered"] = c.redelivered;
    return out;
}

json::object to_json(const QueueInfo& queue) {
    json::object out;
    out["name"] = queue.name;
    out["namespace"] = queue.ns;
    out["id"] = value_of(queue.id);
    out["created_at_ms"] = since_1970(queue.created_at);
    out["modified_at_ms"] = since_1970(queue.modified_at);
    out["consumers"] = queue.consumers;
    out["counts"] = to_json(queue.counts);
    out["options"] = to_json(queue.options);
    return out;
}

json::object to_json(const RedriveTask& task) {
    json::object out;
    out["id"] = task.id;
    out["source"] = task.source;
    out["destination"] = or_null(task.destination);
    out["per_second"] = task.per_second;
    out["state"] = name_of(task.state);
    out["moved"] = task.moved;
    out["total"] = task.total;
    out["failure"] = task.failure;
    out["started_at_ms"] = since_1970(task.started_at);
    return out;
}

json::object to_json(const BrokerHealth& health) {
    json::object out;
    out["serving"] = health.serving;
    out["problem"] = health.problem;
    out["store"] = health.store;
    out["store_id"] = health.store_id;
    out["durability"] = health.durability;
    out["commits"] = health.commits;
    out["pending_bytes"] = health.pending_bytes;
    out["queues"] = health.queues;
    out["sessions"] = health.sessions;
    return out;
}

}  // namespace rowmq::admin
