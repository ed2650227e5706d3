#include "test/torture/power/examine.hpp"

#include <algorithm>
#include <ostream>

namespace rowmq::torture {
namespace {

/// What opening an image has shown; a property of its files alone.
struct Opened {
    std::string problem;  ///< corrupt, in words
    std::string text;
    std::multiset<std::string> messages;
};

class Examiner final {
public:
    Examiner(const History& history, const ExamineOptions& options) : history_(history), options_(options) {
        for (std::size_t i = 0; i < history.ledger.texts.size(); ++i) by_text_.emplace(history.ledger.texts[i], i);
    }

    Findings run() {
        const auto counts = test::each_crash_image(
            history_.disk.log(), options_.images, [&](const test::CrashImage& image) { look(image); }, history_.start);
        found_.calls = counts.calls, found_.syncs = counts.syncs, found_.points = counts.points;
        found_.images = counts.images, found_.unique = counts.unique;
        return std::move(found_);
    }

private:
    void look(const test::CrashImage& image) {
        auto at = known_.find(image.hash);
        if (at == known_.end()) {
            ++found_.opened;
            const bool nested = image.hash % 100 < options_.nested_percent;
            RecordingVfs disk({.record = nested, .seed = image.hash}, image.files);
            at = known_.emplace(image.hash, open(disk)).first;
            if (nested && at->second.problem.empty()) cut_recovery(image, at->second);
        }
        judge(image, at->second, "");
    }

    /// Everything a store must be after a cut: sound, conserving, at work, and the same when opened once more.
    Opened open(RecordingVfs& disk) {
        Opened one;
        std::string after;
        {
            BrokerOnDisk running(disk);
            one.problem = running.failure;
            if (!running.broker) return one;
            const auto owed = found_in(running, one.problem);
            one.text = text_of(owed);
            one.messages = messages_of(owed);
            one.problem += test::integrity(disk);
            if (one.problem.empty()) one.problem = work(running, owed, after);
        }
        if (!one.problem.empty()) return one;
        BrokerOnDisk again(disk);
        if (!again.broker) {
            one.problem = "does not open again: " + again.failure;
            return one;
        }
        const auto reopened = text_of(found_in(again, one.problem));
        if (reopened != after) one.problem += "opened again it owes\n" + reopened + "instead of\n" + after;
        one.problem += test::integrity(disk);
        return one;
    }

    /// Sends, receives and deletes once; duplicates are duplicates still, and only those that were taken. `after`: what is
    /// owed then.
    std::string work(BrokerOnDisk& running, Owed owed, std::string& after) {
        std::string problem;
        if (owed.queues.contains("fifo")) problem = deduplicate(running, owed);
        const auto queue =
            std::find_if(owed.queues.begin(), owed.queues.end(), [](const auto& q) { return !q.second.fifo && !q.second.strict; });
        if (problem.empty() && queue != owed.queues.end()) {
            const auto probe = to(queue->first, "alive");
            if (!running.run(running.session.publish(probe))) return "cannot publish";
            const NextRequest next{.max = 10, .wait = milliseconds(0)};
            const auto got = running.run(running.session.receive(queue->first, next));
            if (!got || got->empty()) return "gives nothing";
            if (!running.run(running.session.settle(got->front().lease))) return "cannot settle";
            owed.put(queue->first, {.label = label_of("alive", probe.message.properties->type)});
            owed.end(queue->first, label_of(got->front()), &OwedQueue::done);
            for (std::size_t i = 1; i < got->size(); ++i)
                if (!running.run(running.session.settle((*got)[i].lease, Verdict::release, milliseconds(0)))) return "cannot release";
        }
        after = text_of(owed);
        return problem;
    }

    std::string deduplicate(BrokerOnDisk& running, Owed& owed) {
        const auto state = by_text_.find(text_of(owed));
        if (state == by_text_.end()) return "";  // judged to be wrong anyway
        const auto& remembered = history_.ledger.states[state->second].remembered;
        const auto& all = history_.ledger.states.back().remembered;
        for (const auto& id : all) {
            auto again = to("fifo", "again " + id);
            again.group = "again";
            again.deduplication_id = id;
            const auto result = running.run(running.session.publish(again));
            if (!result) return "cannot publish " + id;
            if (result->duplicate != remembered.contains(id))
                return (result->duplicate ? "takes for a duplicate what was never stored: " : "forgot deduplication id ") + id;
            if (!result->duplicate)
                owed.put("fifo", {.label = label_of(again.message.text(), again.message.properties->type), .group = "again"});
        }
        return "";
    }

    /// Crashes during recovery: the recovery of `image` is recorded as far as an opened, closed broker, and cut.
    void cut_recovery(const test::CrashImage& image, const Opened& first) {
        RecordingVfs disk({.seed = image.hash}, image.files);
        { BrokerOnDisk running(disk); }
        auto options = options_.images;
        options.prefixes = 0, options.random_subsets = 1, options.name_subsets = 2;
        options.every = std::max<std::size_t>(1, disk.log().size() / options_.nested_points);
        test::each_crash_image(
            disk.log(), options,
            [&](const test::CrashImage& inner) {
                ++found_.nested;
                RecordingVfs again({.record = false}, inner.files);
                const auto second = open(again);
                if (second.problem.empty() && second.text != first.text) {
                    ++found_.wrong;
                    explain(image, "a crash during recovery changed what is owed from\n" + first.text + "to\n" + second.text);
                } else if (!second.problem.empty()) {
                    ++found_.corrupt;
                    explain(image, "after a crash during recovery: " + second.problem);
                }
            },
            image.files);
    }

    void judge(const test::CrashImage& image, const Opened& one, const std::string& how) {
        if (!one.problem.empty()) {
            ++found_.corrupt;
            return explain(image, how + one.problem);
        }
        const auto& texts = history_.ledger.texts;
        const auto from = static_cast<std::size_t>(image.answered), to = static_cast<std::size_t>(image.submitted);
        for (auto i = from; i <= to; ++i)
            if (texts[i] == one.text) return;
        const auto& states = history_.ledger.states;
        bool some_lost = false, some_phantom = false;
        const auto least = messages_of(states[from]), most = messages_of(states[to]);
        for (const auto& m : least) some_lost |= most.contains(m) && !one.messages.contains(m);
        for (const auto& m : one.messages) some_phantom |= !most.contains(m) && !least.contains(m);
        const auto earlier = by_text_.find(one.text);
        if (some_lost || (earlier != by_text_.end() && earlier->second < from)) ++found_.lost;
        else if (some_phantom) ++found_.phantom;
        else ++found_.wrong;
        explain(image, how + "found\n" + one.text + "promised\n" + texts[from] + "or\n" + texts[to]);
    }

    void explain(const test::CrashImage& image, const std::string& words) {
        if (found_.first.size() < 3)
            found_.first.push_back(std::string(history_.name) + ", before call " + std::to_string(image.point) + ", " +
                                   std::string(test::name_of(image.survival)) + ", " + std::to_string(image.answered) + " answered of " +
                                   std::to_string(image.submitted) + " submitted: " + words);
    }

    const History& history_;
    const ExamineOptions& options_;
    std::unordered_map<std::string, std::size_t> by_text_;  ///< the first such state
    std::unordered_map<std::uint64_t, Opened> known_;
    Findings found_;
};

}  // namespace

void Findings::add(const Findings& other) {
    calls += other.calls, syncs += other.syncs, points += other.points, images += other.images, unique += other.unique;
    opened += other.opened, nested += other.nested;
    corrupt += other.corrupt, lost += other.lost, phantom += other.phantom, wrong += other.wrong;
    for (const auto& words : other.first)
        if (first.size() < 3) first.push_back(words);
}

std::ostream& operator<<(std::ostream& out, const Findings& f) {
    out << "calls " << f.calls << ", syncs " << f.syncs << ", crash points " << f.points << ", images " << f.images << ", unique "
        << f.unique << ", opened " << f.opened << ", in recovery " << f.nested << ", corrupt " << f.corrupt << ", lost " << f.lost
        << ", phantom " << f.phantom << ", wrong " << f.wrong;
    for (const auto& words : f.first) out << "\n  " << words;
    return out;
}

Findings examine(const History& history, const ExamineOptions& options) { return Examiner(history, options).run(); }

}  // namespace rowmq::torture
