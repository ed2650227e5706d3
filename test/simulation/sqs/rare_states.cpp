#include "test/simulation/sqs/rare_states.hpp"

#include <algorithm>

namespace rowmq::sqs_simulation {

const std::array<const char*, 60> rare_states{
    "a batch is sent",
    "a batch of handles is deleted",
    "a clock jumps back",
    "a clock jumps by years",
    "a clock jumps far ahead",
    "a clock jumps under a second",
    "a clock jumps while messages are hidden",
    "a commit fails and the process goes on",
    "a dead letter is deleted",
    "a dead letter is received",
    "a dead letter is received after a crash",
    "a delayed message is received",
    "a deletion is unknown and the message comes again",
    "a duplicate is found",
    "a duplicate is found after a crash",
    "a duplicate is found after a jump",
    "a failed sync ends the process",
    "a fifo receive gives several of a group",
    "a fifo receive gives several groups",
    "a handle deletes after its visibility has ended",
    "a handle deletes twice",
    "a handle from before a crash deletes",
    "a handle from before a crash is too old",
    "a handle that is not the newest deletes nothing",
    "a handle that is not the newest is refused",
    "a large message is received",
    "a lease is extended",
    "a lease is given up",
    "a look decides",
    "a message is received a fifth time",
    "a message is received again",
    "a message is received again after a crash",
    "a message is received as often as it may be",
    "a power cut leaves a prefix",
    "a power cut leaves everything",
    "a power cut leaves nothing that was pending",
    "a power cut leaves only the WAL",
    "a power cut leaves only the database",
    "a power cut leaves random sectors",
    "a process is killed amid a deletion",
    "a process is killed amid a receive",
    "a process is killed amid a send",
    "a process is stopped",
    "a purge is refused so soon",
    "a purge is unknown",
    "a queue is made anew",
    "a queue is made anew while messages are hidden",
    "a queue is purged",
    "a receive gives nothing",
    "a receive gives several",
    "a receive waits and is given something",
    "a receive waits in vain",
    "a send is unknown and the message comes",
    "a wrong request is refused",
    "an id is used again after its window",
    "an outcome is unknown",
    "eight states are possible",
    "many outcomes are unknown at once",
    "requests at the same time",
    "several states are possible",
};

void RareStates::step(const Step& step, const Reference& reference) {
    if (step.verb == Verb::jump) {
        ++jumps_;
        reached("a clock jumps back", step.by < 0);
        reached("a clock jumps far ahead", step.by >= 3'600'000);
        reached("a clock jumps by years", std::abs(step.by) > 315'000'000'000);
        reached("a clock jumps under a second", std::abs(step.by) < 1'000);
        for (const auto& queue : reference.any())
            for (const auto& m : queue.messages)
                if (m.leased) return reached("a clock jumps while messages are hidden");
    }
}

void RareStates::ended(const Ended& e, Time now) {
    const auto& first = e.reply.results.front();
    const bool ok = first.kind == Result::Kind::ok, unknown = first.kind == Result::Kind::unknown;
    reached("a commit fails and the process goes on", unknown && !e.crashed);
    switch (e.step->verb) {
        case Verb::send: return sent(e, now);
        case Verb::receive: return received(e, now);
        case Verb::remove:
        case Verb::change: return handled(e, now);
        case Verb::purge:
            reached("a queue is purged", ok);
            reached("a purge is unknown", unknown);
            return reached("a purge is refused so soon", !ok && !unknown);
        case Verb::remake:
            reached("a queue is made anew", ok);
            return reached("a queue is made anew while messages are hidden",
                           ok && std::any_of(given_.begin(), given_.end(), [&](const auto& g) { return g.second.until > now; }));
        case Verb::wrong: return reached("a wrong request is refused", !ok && !unknown);
        default: return;
    }
}

void RareStates::sent(const Ended& e, Time now) {
    reached("a batch is sent", e.step->sent.size() > 1);
    for (std::size_t i = 0; i < e.step->sent.size(); ++i) {
        const auto& s = e.step->sent[i];
        const auto& result = e.reply.results[i];
        if (result.kind == Result::Kind::unknown) unknown_[s.number] = false;
        if (result.kind != Result::Kind::ok || s.deduplication.empty()) continue;
        const auto& queue = plan_.queues[e.step->queue];
        const auto key = queue.name + "/" + (queue.per_group ? s.group : "") + "/" + s.deduplication;
        const auto known = accepted_.find(key);
        if (known == accepted_.end()) {
            accepted_[key] = {now, deaths_};
        } else if (now < known->second.first + 300'000) {
            reached("a duplicate is found");
            reached("a duplicate is found after a crash", deaths_ > known->second.second);
            reached("a duplicate is found after a jump", jumps_ > 0);
        } else {
            reached("an id is used again after its window");
            known->second = {now, deaths_};
        }
    }
}

void RareStates::received(const Ended& e, Time now) {
    if (e.reply.results.front().kind != Result::Kind::ok) return;
    const auto& all = e.reply.received;
    reached("a receive gives nothing", all.empty() && e.step->wait == 0);
    reached("a receive waits in vain", all.empty() && e.step->wait > 0);
    reached("a receive waits and is given something", !all.empty() && e.step->wait > 0);
    reached("a receive gives several", all.size() > 1);
    std::map<std::string, int> groups;
    for (const auto& r : all) {
        const auto& queue = plan_.queues[e.step->queue];
        ++groups[r.group];
        const bool dead = queue.name.starts_with("dead");
        const auto newest = newest_.find(r.number);
        const bool again = newest != newest_.end();
        reached("a dead letter is received", dead);
        reached("a dead letter is received after a crash", dead && deaths_ > 0 && r.receives == 1);
        reached("a message is received again", again && !dead);
        reached("a message is received again after a crash", again && deaths_ > given_[newest->second].deaths);
        reached("a message is received a fifth time", r.receives == 5);
        reached("a message is received as often as it may be", queue.receives > 1 && r.receives == queue.receives);
        reached("a delayed message is received", queue.delay > 0 && !again);
        reached("a large message is received", r.body.size() > 4'096);
        if (const auto sent = unknown_.find(r.number); sent != unknown_.end() && !std::exchange(sent->second, true))
            reached("a send is unknown and the message comes");
        reached("a deletion is unknown and the message comes again", deleting_.erase(r.number) > 0);
        if (again) given_[newest->second].newest = false;
        newest_[r.number] = r.name;
        given_[r.name] = {.number = r.number,
                          .until = now + (e.step->visibility >= 0 ? e.step->visibility * Time{1'000} : queue.visibility),
                          .deaths = deaths_};
    }
    if (plan_.queues[e.step->queue].fifo) {
        reached("a fifo receive gives several groups", groups.size() > 1);
        reached("a fifo receive gives several of a group",
                std::any_of(groups.begin(), groups.end(), [](const auto& g) { return g.second > 1; }));
    }
}

void RareStates::handled(const Ended& e, Time now) {
    const bool removes = e.step->verb == Verb::remove;
    reached("a batch of handles is deleted", removes && e.names.size() > 1);
    for (std::size_t i = 0; i < e.names.size(); ++i) {
        auto& given = given_[e.names[i]];
        const auto& result = e.reply.results[i];
        const bool ok = result.kind == Result::Kind::ok;
        if (removes && result.kind == Result::Kind::unknown) deleting_.insert(given.number);
        if (removes && ok) {
            reached("a handle that is not the newest deletes nothing", !given.newest);
            reached("a handle deletes after its visibility has ended", given.newest && given.until <= now && deaths_ == given.deaths);
            reached("a handle deletes twice", given.until < 0);
            reached("a handle from before a crash deletes", given.newest && deaths_ == given.deaths + 1);
            reached("a handle from before a crash is too old", deaths_ > given.deaths + 1);
            reached("a dead letter is deleted", plan_.queues[e.step->queue].name.starts_with("dead"));
            given.until = -1;
        } else if (!ok && result.kind == Result::Kind::refused) {
            reached("a handle that is not the newest is refused", !given.newest);
        } else if (ok) {
            reached(e.step->visibility > 0 ? "a lease is extended" : "a lease is given up");
            given.until = now + e.step->visibility * Time{1'000};
        }
    }
}

void RareStates::died(Machine::Death death, std::string_view survived, const std::vector<std::shared_ptr<Call>>& under_way,
                      bool fault_fired) {
    ++deaths_;
    reached("a process is stopped", death == Machine::Death::stopped);
    reached("a failed sync ends the process", fault_fired && death != Machine::Death::stopped);
    if (death == Machine::Death::killed)
        for (const auto& call : under_way) {
            reached("a process is killed amid a send", call->step->verb == Verb::send);
            reached("a process is killed amid a receive", call->step->verb == Verb::receive && call->step->wait == 0);
            reached("a process is killed amid a deletion", call->step->verb == Verb::remove);
        }
    for (const auto& call : under_way) {
        if (call->step->verb == Verb::send)
            for (const auto& sent : call->step->sent) unknown_[sent.number] = false;
        if (call->step->verb == Verb::remove)
            for (const auto name : call->names) deleting_.insert(given_[name].number);
    }
    if (death != Machine::Death::power_lost) return;
    constexpr std::array<std::pair<std::string_view, const char*>, 6> names{
        {{"nothing pending", "a power cut leaves nothing that was pending"},
         {"everything", "a power cut leaves everything"},
         {"only the WAL", "a power cut leaves only the WAL"},
         {"only the database", "a power cut leaves only the database"},
         {"a prefix", "a power cut leaves a prefix"},
         {"random sectors", "a power cut leaves random sectors"}}};
    for (const auto& [name, what] : names) reached(what, survived == name);
}

}  // namespace rowmq::sqs_simulation
