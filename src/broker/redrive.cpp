// Redrive: a task that moves messages out of a (dead-letter) queue, at a rate, a slice a commit.

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/serialize.hpp>

#include "base/planted.hpp"
#include "broker/json_text.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

RedriveTask task_of(const storage::TaskRow& row) {
    return {.id = row.id,
            .source = row.source_name,
            .destination = row.destination,
            .per_second = row.per_second,
            .state = static_cast<TaskState>(row.state),
            .moved = row.moved,
            .total = row.total,
            .failure = row.failure,
            .started_at = row.started_at};
}

bool active(const storage::TaskRow& row) {
    const auto state = static_cast<TaskState>(row.state);
    return state == TaskState::running || state == TaskState::cancelling;
}

}  // namespace

std::vector<RedriveTask> BrokerState::redrives(std::string_view source, std::string_view ns) const {
    std::vector<RedriveTask> found;
    const auto space = catalog.find_namespace(ns);
    for (auto task = tasks.rbegin(); task != tasks.rend(); ++task)
        if (space && task->second.row.ns == *space && (source.empty() || task->second.row.source_name == source))
            found.push_back(task_of(task->second.row));
    return found;
}

awaitable<Result<RedriveTask>> BrokerState::redrive(RedriveRequest request, std::string ns) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const Result<Queue*> source = find_queue(request.source, ns);
    if (!source) co_return source.error();
    if (request.destination) {
        const Result<Queue*> destination = find_queue(*request.destination, ns);
        if (!destination) co_return destination.error();
        if (destination.value() == source.value()) co_return Error{Errc::invalid_argument, "a redrive goes to another queue"};
    }
    for (const auto& [id, task] : tasks)
        if (task.row.source == source.value()->id && active(task.row))
            co_return Error{Errc::already_exists, fmt::format("a redrive of queue \"{}\" is running: {}", request.source, id)};
    Queue& queue = *source.value();
    storage::TaskRow row;
    row.id = next_id();
    row.ns = queue.ns;
    row.source = queue.id;
    row.source_name = queue.name;
    row.destination = request.destination;
    row.per_second = request.per_second;
    row.total = request.selected.empty() ? counts_of(queue).ready : static_cast<std::int64_t>(request.selected.size());
    row.up_to = Sequence{last_id};
    row.started_at = now_wall();
    if (!request.selected.empty()) {
        row.selected = "[";
        for (const Sequence s : request.selected) row.selected += (row.selected.size() > 1 ? "," : "") + std::to_string(value_of(s));
        row.selected += "]";
    }
    const std::int64_t id = row.id;
    tasks[id].row = row;
    committer.open().catalog.emplace_back(std::move(row));
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored) {
        tasks.erase(id);
        co_return stored.error();
    }
    boost::asio::co_spawn(parts.executor, run_redrive(shared_from_this(), id), boost::asio::detached);
    co_return task_of(tasks.at(id).row);
}

awaitable<Result<RedriveTask>> BrokerState::cancel_redrive(std::int64_t id) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    const auto found = tasks.find(id);
    if (found == tasks.end() || !active(found->second.row))
        co_return Error{Errc::no_such_task, fmt::format("there is no running redrive {}", id)};
    found->second.row.state = static_cast<std::uint8_t>(TaskState::cancelling);
    if (found->second.sleeping) found->second.sleeping->set();
    committer.open().catalog.emplace_back(found->second.row);
    const RedriveTask answer = task_of(found->second.row);
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored) co_return stored.error();
    co_return answer;
}

// None: it has to be read from the message.
std::optional<std::uint8_t> BrokerState::priority_of(const Queue& source, const Entry& entry, const RedriveProgress& task) const {
    if (const auto read = task.priorities.find(entry.row.message); read != task.priorities.end()) return read->second;
    if (entry.message.properties) return entry.message.properties->priority.value_or(0);
    if (entry.has_body()) return 0;
    if (source.options->max_priority > 0) return static_cast<std::uint8_t>(255 - entry.row.key.lane);
    return std::nullopt;
}

// Moves up to `most` entries into the open batch. Returns how many; a failure text ends the task.
std::size_t BrokerState::move_some(Queue& source, RedriveProgress& task, std::size_t most, std::string& failure) {
    Window& window = *source.live->window;
    const WindowChange change(*this, window);
    std::size_t moved = 0;
    std::vector<Entry> aside;  // of a queue with priorities: newer ones that stand before older ones
    while (moved < most && failure.empty()) {
        std::optional<Entry> entry;
        if (task.picking) {
            if (task.selected.empty()) break;
            const Sequence wanted = task.selected.back();
            for (int lane = 0; lane < 256 && !entry; ++lane) entry = window.extract(static_cast<std::uint8_t>(lane), wanted);
            if (!entry) break;  // not in memory (yet)
            task.selected.pop_back();
        } else {
            entry = window.take(now_wall());
        }
        if (!entry) break;
        const Sequence sequence = entry->sequence();
        if (entry->is_expired(expired_by())) {
            Held& expired = source.live->held[sequence];
            expired.entry = *std::move(entry);
            remove(committer.open(), source, expired, &storage::CounterDelta::expired, storage::Unit::always);
            committer.touch(1, 0);
            continue;
        }
        if (!decode(*entry)) {  // stays where it is, out of everybody's way
            source.live->held[sequence].entry = *std::move(entry);
            continue;
        }
        const Notes notes = decode_notes(entry->row.notes.get());
        const std::string name = task.row.destination         ? *task.row.destination
                                 : notes.dead_letters.empty() ? std::string()
                                                              : notes.dead_letters.front().queue;
        if (sequence > task.row.up_to && source.options->max_priority > 0) {
            aside.push_back(*std::move(entry));
            continue;
        }
        Queue* to = catalog.find(task.row.ns, name);
        if (sequence > task.row.up_to || !to || to == &source) {
            if (sequence <= task.row.up_to)
                failure = name.empty() ? "a message has no origin to go back to: name a destination"
                                       : fmt::format("there is no queue \"{}\" to move to", name);
            window.returned(*std::move(entry));
            task.over = true;
            break;
        }
        const auto priority = to->options->max_priority > 0 ? priority_of(source, *entry, task) : std::uint8_t{0};
        if (!priority) {
            task.unread = entry->row.message;
            if (task.picking) task.selected.push_back(sequence);
            window.returned(*std::move(entry));
            break;
        }
        Held& held = source.live->held[sequence];
        held.entry = *std::move(entry);
        held.state = Held::State::settling;
        const storage::EntryRow& row = held.entry.row;
        storage::Batch& batch = committer.open();
        batch.removals.push_back({.key = row.key, .message = row.message, .copies = row.copies, .keep_message = true});
        storage::CounterDelta& delta = counter(batch, source);
        ++delta.redriven;
        delta.bytes -= row.bytes;
        storage::EntryRow there;
        there.group = row.group.empty() && to->fifo() ? source.name : row.group;
        there.key = {to->id, lane_of(*to, there.group, *priority), Sequence{next_id()}};
        there.message = row.message;
        if (to->options->ttl) there.expires_at = now_wall() + *to->options->ttl;
        there.copies = row.copies;
        there.bytes = row.bytes;
        there.notes = encode(Notes{.dead_letters = {}, .note = planted(Bug::redrive_loses_note) ? std::string() : notes.note});
        put_entry(batch, *to, std::move(there), milliseconds(0), false);
        ++moved;
    }
    for (Entry& entry : aside) window.returned(std::move(entry));
    return moved;
}

awaitable<void> BrokerState::run_redrive(std::shared_ptr<BrokerState> self, std::int64_t id) {
    const auto over = [&self, id](TaskState state, std::string failure) {
        const auto found = self->tasks.find(id);
        if (found == self->tasks.end() || self->closing) return;
        found->second.row.state = static_cast<std::uint8_t>(state);
        found->second.row.failure = std::move(failure);
        self->committer.open().catalog.emplace_back(found->second.row);
        self->committer.touch(1, 0);
    };
    {
        RedriveProgress& task = self->tasks.at(id);
        if (!task.row.selected.empty()) {
            const auto list = json_text::parse(task.row.selected, "selected sequences");
            for (const auto& s : list.as_array()) task.selected.push_back(Sequence{s.to_number<std::int64_t>()});
            std::sort(task.selected.begin(), task.selected.end(), std::greater<>());
            task.picking = true;
        }
    }
    for (;;) {
        if (self->abandoned || self->closing || self->committer.broken()) co_return;
        const auto found = self->tasks.find(id);
        if (found == self->tasks.end()) co_return;
        RedriveProgress& task = found->second;
        if (task.row.state == static_cast<std::uint8_t>(TaskState::cancelling)) co_return over(TaskState::cancelled, {});
        Queue* source = self->catalog.find(task.row.source);
        if (!source || source->deleted) co_return over(TaskState::failed, "the source queue was deleted");
        if (task.picking && task.selected.empty()) co_return over(TaskState::completed, {});
        self->touch_live(*source);

        std::string failure;
        const std::size_t most = task.row.per_second > 0 ? std::min<std::size_t>(task.row.per_second, self->limits.background_rows / 2)
                                                         : self->limits.background_rows / 2;
        const std::size_t moved = self->move_some(*source, task, most, failure);
        if (moved > 0) {
            task.row.moved += static_cast<std::int64_t>(moved);
            self->committer.open().catalog.emplace_back(task.row);
            const Ticket ticket = self->committer.touch(moved * 2 + 1, 0);
            const Result<void> stored = co_await self->committer.committed(ticket);
            if (self->abandoned || self->closing) co_return;
            if (!stored) co_return over(TaskState::failed, stored.error().text);
        }
        if (!failure.empty()) co_return over(TaskState::failed, failure);
        if (task.over) co_return over(TaskState::completed, {});
        if (const auto unread = std::exchange(task.unread, std::nullopt)) {
            storage::PageRequest wanted = storage::MessagesById{.ids = {*unread}};
            const storage::Page page = co_await self->parts.engine->page(std::move(wanted));
            if (self->closing) co_return;
            if (page.failure) co_return over(TaskState::failed, page.failure->text);
            Entry read;
            if (!page.messages.empty()) read.properties = page.messages.front().properties;
            const bool known = self->decode(read) && read.message.properties;
            task.priorities = {{*unread, known ? read.message.properties->priority.value_or(0) : 0}};
            if (moved == 0) continue;
        }
        if (moved == 0) {
            source = self->catalog.find(self->tasks.at(id).row.source);
            if (!source || !source->live) continue;
            Live& at_hand = *source->live;
            const bool more = task.picking || source->options->max_priority > 0
                                  ? at_hand.window->wants_page(std::numeric_limits<std::size_t>::max())
                                  : at_hand.window->needs_page();
            if (!more) {
                if (task.picking && !task.selected.empty())
                    co_return over(TaskState::failed,
                                   fmt::format("message with sequence {} is not ready in the source", value_of(task.selected.back())));
                co_return over(TaskState::completed, {});
            }
            self->load(*source);
            if (!at_hand.loading) co_return;
            Event loaded;
            at_hand.load_waiters.push_back(&loaded);
            co_await loaded.wait();
            continue;
        }
        if (task.row.per_second == 0) continue;
        Event rested;
        task.sleeping = &rested;
        {
            Timer timer(self->timers, [&rested] { rested.set(); });
            timer.arm(self->now() + std::chrono::milliseconds(1'000 * moved / task.row.per_second));
            co_await rested.wait();
            if (self->abandoned) co_return;
        }
        if (const auto again = self->tasks.find(id); again != self->tasks.end()) again->second.sleeping = nullptr;
    }
}

}  // namespace rowmq
