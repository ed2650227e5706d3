// Publishing: checked and routed from memory, then rows in the open batch.

#include <fmt/format.h>

#include "base/planted.hpp"
#include "base/sha256.hpp"
#include "broker/catalog/options.hpp"
#include "broker/properties.hpp"
#include "broker/routing/route.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

std::size_t depth_of(const HeaderValue& value);
std::size_t depth_of(const HeaderTable& table) {
    std::size_t deepest = 0;
    for (const Header& h : table) deepest = std::max(deepest, depth_of(h.value));
    return deepest + 1;
}
std::size_t depth_of(const HeaderValue& value) {
    if (const auto* table = std::get_if<HeaderTable>(&value.value)) return depth_of(*table);
    std::size_t deepest = 0;
    if (const auto* list = std::get_if<HeaderList>(&value.value)) {
        for (const HeaderValue& item : *list) deepest = std::max(deepest, depth_of(item));
        ++deepest;
    }
    return deepest;
}

// What is stored as text: short enough, and without the one character not every store can hold.
std::optional<Error> unfit(std::string_view what, std::string_view text, std::size_t limit) {
    if (text.size() > limit)
        return Error{Errc::invalid_argument, fmt::format("{} of {} bytes: at most {} are allowed", what, text.size(), limit)};
    if (text.find('\0') != std::string_view::npos) return Error{Errc::invalid_argument, fmt::format("{} contains U+0000", what)};
    return std::nullopt;
}

// What the publish says beside its message belongs to the message, for whoever receives it.
void add_properties(Publish& publish, const std::string& deduplication_id) {
    const bool routed = !publish.exchange.empty();
    if (deduplication_id.empty() && !routed && publish.priority == 0) return;
    if (const Properties* said = publish.message.properties.get();
        said && (deduplication_id.empty() || said->deduplication_id == deduplication_id) &&
        (!routed || (said->exchange == publish.exchange && said->routing_key == publish.routing_key)) &&
        (publish.priority == 0 || said->priority == publish.priority))
        return;
    Properties p = publish.message.properties ? *publish.message.properties : Properties{};
    if (!deduplication_id.empty()) p.deduplication_id = deduplication_id;
    if (routed) {
        p.exchange = publish.exchange;
        p.routing_key = publish.routing_key;
    }
    if (publish.priority > 0) p.priority = publish.priority;
    publish.message.properties = std::make_shared<const Properties>(std::move(p));
}

}  // namespace

std::uint8_t BrokerState::lane_of(const Queue& queue, std::string_view group, std::uint8_t priority) const {
    if (queue.fifo()) {  // FNV-1a: part of the stored format, so it never changes
        std::uint64_t hash = 0xcbf29ce484222325u;
        for (const char c : group) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        return static_cast<std::uint8_t>((hash ^ (hash >> 32u)) % 64);
    }
    const std::uint8_t highest = queue.options->max_priority;
    if (planted(Bug::priority_upside_down)) return std::min(priority, highest);
    return highest == 0 ? 0 : static_cast<std::uint8_t>(255 - std::min(priority, highest));
}

/// As they are stored, when they are within the limits. Worked out once for messages in a row that share theirs.
Result<std::string> BrokerState::stored_properties(const std::shared_ptr<const Properties>& properties) {
    if (properties == encoded_properties.first) return encoded_properties.second;
    const Properties& p = *properties;
    if (p.headers.size() > limits.headers)
        return Error{Errc::limit_exceeded, fmt::format("{} headers: at most {} are allowed", p.headers.size(), limits.headers)};
    if (!p.headers.empty() && depth_of(p.headers) > limits.header_depth)
        return Error{Errc::limit_exceeded, fmt::format("headers nest deeper than {}", limits.header_depth)};
    std::string encoded = encode(p);
    if (encoded.size() > limits.properties_bytes)
        return Error{Errc::limit_exceeded,
                     fmt::format("properties of {} bytes: at most {} are allowed", encoded.size(), limits.properties_bytes)};
    encoded_properties = {properties, encoded};
    return encoded;
}

std::optional<Error> BrokerState::is_full_for(const Queue& queue, std::size_t bytes) const {
    const QueueOptions& o = *queue.options;
    if (o.overflow == Overflow::drop_oldest) return std::nullopt;
    const std::int64_t ready = queue.stored() - queue.held() + queue.pending_entries;
    if (o.max_length && ready + 1 > *o.max_length + planted(Bug::max_length_one_more))
        return Error{Errc::queue_full, fmt::format("queue \"{}\" holds its max_length of {} messages", queue.name, *o.max_length)};
    if (o.max_bytes && queue.counters.bytes + queue.pending_bytes + static_cast<std::int64_t>(bytes) > *o.max_bytes)
        return Error{Errc::queue_full, fmt::format("queue \"{}\" holds its max_bytes of {}", queue.name, *o.max_bytes)};
    return std::nullopt;
}

Result<BrokerState::Staged> BrokerState::stage(NamespaceId ns, Publish& publish, std::vector<Queue*>* full) {
    Staged staged;
    staged.publish = &publish;
    if (!publish.message.body) publish.message.body = std::make_shared<const std::string>();
    if (auto e = unfit("the routing key", publish.routing_key, limits.name_bytes)) return *std::move(e);
    for (const std::string& key : publish.more_keys)
        if (auto e = unfit("a routing key", key, limits.name_bytes)) return *std::move(e);
    if (auto e = unfit("the group", publish.group, limits.name_bytes)) return *std::move(e);
    if (auto e = unfit("the deduplication id", publish.deduplication_id, limits.name_bytes)) return *std::move(e);
    if (publish.delay && *publish.delay < milliseconds(0)) return Error{Errc::invalid_argument, "the delay must be 0 ms or more"};
    if (publish.ttl && *publish.ttl < milliseconds(0)) return Error{Errc::invalid_argument, "the ttl must be 0 ms or more"};
    const Keys keys{publish.routing_key, publish.more_keys};
    const Result<void> routed = route(catalog, ns, publish.exchange, keys, publish.message, staged.reached);
    if (!routed) return routed.error();
    if (staged.reached.size() > limits.queues_per_publish)
        return Error{Errc::limit_exceeded, fmt::format("the message goes to {} queues: at most {} are allowed", staged.reached.size(),
                                                       limits.queues_per_publish)};

    staged.deduplication_id = publish.deduplication_id;
    for (const Reached& to : staged.reached) {
        const Deduplication& d = to.queue->options->deduplication;
        if (d.enabled && d.content_based && staged.deduplication_id.empty()) staged.deduplication_id = sha256_hex(publish.message.text());
        staged.conditional |= d.enabled && !staged.deduplication_id.empty();
    }
    add_properties(publish, staged.deduplication_id);
    if (publish.message.properties) {
        Result<std::string> encoded = stored_properties(publish.message.properties);
        if (!encoded) return encoded.error();
        staged.properties = *std::move(encoded);
    }
    staged.bytes = publish.message.text().size() + staged.properties.size();
    for (const Reached& to : staged.reached) {
        const Queue* queue = to.queue;
        const QueueOptions& o = *queue->options;
        if (std::cmp_greater(publish.message.text().size(), o.max_message_bytes))
            return Error{Errc::message_too_large, fmt::format("a body of {} bytes: queue \"{}\" takes at most {}",
                                                              publish.message.text().size(), queue->name, o.max_message_bytes)};
        if (queue->fifo()) {
            if (publish.group.empty())
                return Error{Errc::invalid_argument, fmt::format("queue \"{}\" is FIFO: a message needs a group", queue->name)};
            if (publish.delay || publish.deliver_at)
                return Error{Errc::invalid_argument, fmt::format("queue \"{}\" is FIFO: only the queue's own delay applies", queue->name)};
        }
    }
    std::optional<Error> too_much;
    for (const Reached& to : staged.reached) {
        std::optional<Error> error = is_full_for(*to.queue, staged.bytes);
        if (!error) continue;
        if (full && to.queue->options->overflow == Overflow::reject_dead_letter) full->push_back(to.queue);
        if (!too_much) too_much = std::move(error);
    }
    if (too_much) return *std::move(too_much);
    return staged;
}

std::optional<WallTime> BrokerState::expiry_of(const Queue& queue, const Publish& publish, WallTime from) const {
    std::optional<milliseconds> ttl = queue.options->ttl;
    if (publish.ttl && (!ttl || *publish.ttl < *ttl)) ttl = publish.ttl;
    return ttl ? std::optional(from + *ttl) : std::nullopt;
}

// Whether the consumers that wait take so many.
bool BrokerState::is_awaited(const Queue& queue, std::int64_t entries) const {
    if (queue.options->paused) return false;
    for (const Waiter* waiter : queue.live->waiters) {
        if (!may_receive(queue, *waiter->subscription)) continue;
        entries -= static_cast<std::int64_t>(waiter->max);
        if (entries <= 0) return true;
    }
    return false;
}

// Whether the coming delivery is counted as the entry is put, which spares the delivery a commit of its own. A crash before
// the delivery leaves one receive too many, so only what consumers will have taken within their next two calls is counted;
// where the count decides over the message, only what one that waits takes at once. (In a FIFO queue the group may be held.)
bool BrokerState::counts_ahead(const Queue& queue) const {
    if (queue.options->max_receives > 0) return !queue.fifo() && is_awaited(queue, queue.pending_entries);
    return !queue.options->paused && std::cmp_less_equal(queue.stored() - queue.held() + queue.pending_entries, 2 * queue.live->asked);
}

void BrokerState::put_entry(storage::Batch& batch, Queue& queue, storage::EntryRow row, milliseconds delay, bool fresh) {
    storage::CounterDelta& delta = counter(batch, queue, row.unit);
    ++delta.sent;
    delta.bytes += row.bytes;
    queue.pending_bytes += row.bytes;
    if (row.unit != storage::Unit::always) ++queue.pending_conditional;
    if (delay > milliseconds(0)) {
        ++delta.delayed;
        ++queue.pending_delayed;
        if (planted(Bug::delay_ends_early)) delay -= milliseconds(1);
        batch.delayed.push_back({.due_at = now_wall() + delay, .entry = std::move(row)});
        return;
    }
    ++queue.pending_entries;
    // Where a consumer is about to take it, what a delivery needs stored beforehand goes along with the message itself.
    if (queue.live && !queue.live->subscriptions.empty()) {
        if (!queue.strict) {
            if (queue.ready_soon() <= near_head) delta.delivered_through = std::max(delta.delivered_through, row.key.sequence);
        } else if (fresh && counts_ahead(queue)) {
            if (queue.counts_by_mark()) delta.counted_through = std::max(delta.counted_through, row.key.sequence);
            else row.receives = 1;
        }
    }
    batch.entries.push_back(std::move(row));
}

// Messages lie in the store in the order of their ids. Where priorities decide which go first, those of one lane lie together: what
// is taken then leaves whole pages, and not a hole in each. (Their sequences go on as ever.)
std::optional<MessageId> BrokerState::next_of_lane(const Staged& staged) {
    constexpr std::int64_t together = 64;
    Queue* queue = staged.reached.size() == 1 ? staged.reached.front().queue : nullptr;
    const bool has_lanes = queue && !queue->fifo() && queue->options->max_priority > 0;
    if (!has_lanes || id_block || reserved_ids - last_id < limits.reserved_ids / 4 + together) return std::nullopt;
    if (!queue->lane_ids) queue->lane_ids = std::make_unique<std::map<std::uint8_t, LaneIds>>();
    LaneIds& ids = (*queue->lane_ids)[lane_of(*queue, staged.publish->group, staged.publish->priority)];
    if (ids.next > ids.last) {
        ids = {.next = last_id + 1, .last = last_id + together};
        last_id += together;
    }
    return MessageId{ids.next++};
}

PublishResult BrokerState::put(storage::Batch& batch, Staged& staged, storage::Unit unit) {
    Publish& publish = *staged.publish;
    const auto of_lane = next_of_lane(staged);
    const MessageId id = of_lane ? *of_lane : MessageId{next_id()};
    PublishResult result{.message = id,
                         .sequence = Sequence{of_lane ? next_id() : value_of(id)},
                         .queues = static_cast<std::uint32_t>(staged.reached.size())};
    if (staged.reached.empty()) return result;
    const WallTime now = now_wall();
    const auto copies = static_cast<std::int32_t>(staged.reached.size());
    bool first = true;
    for (Reached& to : staged.reached) {
        if (planted(Bug::fan_out_misses_last) && copies > 1 && &to == &staged.reached.back()) continue;
        Queue* queue = to.queue;
        milliseconds delay = queue->options->delay;
        if (publish.delay) delay = *publish.delay;
        if (publish.deliver_at) delay = std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(*publish.deliver_at - now));
        storage::EntryRow row;
        row.key = {queue->id, lane_of(*queue, publish.group, publish.priority), first ? result.sequence : Sequence{next_id()}};
        row.message = id;
        row.group = publish.group;
        row.expires_at = expiry_of(*queue, publish, now + delay);
        row.copies = copies;
        row.bytes = static_cast<std::int32_t>(staged.bytes);
        row.notes = std::move(to.notes);
        row.unit = unit;
        result.sequence = row.key.sequence;
        const Deduplication& d = queue->options->deduplication;
        if (d.enabled && !staged.deduplication_id.empty()) {
            batch.remembers.push_back({.queue = queue->id,
                                       .scope = d.scope == Deduplication::Scope::group ? publish.group : std::string(),
                                       .id = staged.deduplication_id,
                                       .message = id,
                                       .sequence = row.key.sequence,
                                       .now = now,
                                       .window = d.window,
                                       .unit = unit});
            if (planted(Bug::deduplication_scope_wrong)) batch.remembers.back().scope.clear();
        }
        put_entry(batch, *queue, std::move(row), delay, true);
        first = false;
    }
    if (copies > 1) batch.shares.push_back({.message = id, .add = copies, .unit = unit});
    storage::MessageRow& message = batch.messages.emplace_back();
    message.id = id;
    message.published_at = now;
    message.properties = std::move(staged.properties);
    message.message = publish.message;
    message.unit = unit;
    return result;
}

awaitable<Result<Receipt>> BrokerState::publish(std::shared_ptr<SessionState> session, std::vector<Publish> messages,
                                                PublishRequest request) {
    if (messages.size() > limits.publishes_per_call)
        co_return Error{Errc::limit_exceeded,
                        fmt::format("{} messages in one call: at most {} are allowed", messages.size(), limits.publishes_per_call)};
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (auto short_of = request.taken ? disk_is_short() : publishing_stopped()) co_return *std::move(short_of);
    if (!committer.has_room()) {
        co_await committer.admitted();
        if (const auto ok = usable(); !ok) co_return ok.error();
    }
    if (!session->broker) co_return Error{Errc::closed, "the session is closed"};

    Receipt receipt;
    receipt.results.resize(messages.size());
    std::vector<Staged> staged(messages.size());
    bool refused = false;
    std::size_t rows = 0, bytes = 0;
    Places places;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        std::vector<Queue*> full;
        Result<Staged> one = stage(session->ns, messages[i], &full);
        if (one) {
            staged[i] = std::move(one.value());
            places.take(staged[i]);
        } else {
            receipt.results[i].error = one.error();
            refused = true;
            if (request.atomic) continue;
            for (const Queue* queue : full) rows += dead_letter_refused(committer.open(), *queue, messages[i]);
        }
    }
    if (request.atomic && refused) {
        for (PublishResult& r : receipt.results)
            if (!r.error) r.error = Error{Errc::transaction_failed, "another message of the call was refused"};
        co_return receipt;
    }

    places.leave();
    std::vector<std::pair<storage::Unit, std::size_t>> conditional;
    std::vector<Queue*> early;
    storage::Batch& batch = committer.open();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (receipt.results[i].error) continue;
        const bool is_early = request.early && request.confirm == Confirm::admitted && may_be_early(staged[i]);
        const storage::Unit unit = staged[i].conditional ? batch.new_unit() : storage::Unit::always;
        if (staged[i].conditional) conditional.emplace_back(unit, i);
        rows += staged[i].reached.size() + 1;
        bytes += staged[i].bytes;
        receipt.results[i] = put(batch, staged[i], unit);
        if (!is_early) continue;
        Queue* const queue = staged[i].reached.front().queue;
        expect(batch, *queue, messages[i], request.news);
        if (early.empty() || early.back() != queue) early.push_back(queue);
    }
    if (rows == 0) co_return receipt;
    receipt.ticket = committer.touch(rows, bytes);
    promise_disk(rows, bytes);
    committer.hurry();
    for (Queue* queue : early) wake(*queue);
    if (request.confirm == Confirm::admitted) co_return receipt;
    if (planted(Bug::answer_before_commit) && conditional.empty()) co_return receipt;

    const Committer::OutcomePointer outcome = co_await committer.outcome(receipt.ticket);
    if (outcome->failure) co_return *outcome->failure;
    for (const auto& [unit, i] : conditional)
        for (const storage::LeftOut& left : outcome->left_out)
            if (left.unit == unit) {
                receipt.results[i].duplicate = true;
                receipt.results[i].message = left.message;
                receipt.results[i].sequence = left.sequence;
            }
    co_return receipt;
}

bool BrokerState::is_too_long(const Queue& queue) {
    const QueueOptions& o = *queue.options;
    if (queue.deleted || o.overflow != Overflow::drop_oldest) return false;
    return (o.max_length && queue.stored() - queue.held() > *o.max_length) || (o.max_bytes && queue.counters.bytes > *o.max_bytes);
}

void BrokerState::trim(Queue& queue) {
    if (!is_too_long(queue)) return;
    const QueueOptions& o = *queue.options;
    Live& at_hand = live(queue);
    const WindowChange change(*this, *at_hand.window);
    std::int64_t ready = queue.stored() - queue.held(), bytes = queue.counters.bytes;
    if (o.max_bytes)
        for (const auto& [sequence, held] : at_hand.held)
            if (held.state == Held::State::settling) bytes -= held.entry.row.bytes;
    std::size_t rows = 0;
    while ((o.max_length && ready > *o.max_length) || (o.max_bytes && bytes > *o.max_bytes && ready > 0)) {
        std::optional<Entry> entry = at_hand.window->take(now_wall());
        if (!entry) {
            if (at_hand.window->needs_page()) load(queue);  // and is trimmed on when that is done
            break;
        }
        const Sequence sequence = entry->sequence();
        --ready;
        bytes -= entry->row.bytes;
        Held& taken = at_hand.held[sequence];
        taken.entry = *std::move(entry);
        const bool expired = taken.entry.is_expired(expired_by());
        const auto reason = expired ? DeadLetterRecord::Reason::expired : DeadLetterRecord::Reason::max_length;
        const auto counted = expired ? &storage::CounterDelta::expired : &storage::CounterDelta::overflowed;
        if (!dead_letter(committer.open(), queue, taken, reason, storage::Unit::always))
            remove(committer.open(), queue, taken, counted, storage::Unit::always);
        ++rows;
    }
    if (rows > 0) committer.touch(rows, 0);
}

}  // namespace rowmq
