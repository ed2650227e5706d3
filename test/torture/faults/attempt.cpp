#include "test/torture/faults/attempt.hpp"

#include <ostream>

namespace rowmq::torture {

std::ostream& operator<<(std::ostream& out, const Tally& t) {
    out << t.runs << " runs, " << t.met << " met the fault: " << t.done << " done, " << t.full << " refused for want of room, " << t.failed
        << " failed (of which " << t.unknown_and_done << " were done), " << t.wrong.size() << " wrong";
    for (std::size_t i = 0; i < t.wrong.size() && i < 5; ++i) out << "\n  " << t.wrong[i];
    return out;
}

std::string judge_files(const test::FileImage& files, const std::vector<Owed>& allowed, std::size_t* which) {
    RecordingVfs disk({.record = false}, files);
    BrokerOnDisk again(disk);
    if (!again.broker) return "does not open: " + again.failure;
    std::string problem;
    const auto found = text_of(found_in(again, problem));
    problem += test::integrity(disk);
    if (!problem.empty()) return problem;
    std::string texts;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        const auto text = text_of(allowed[i]);
        if (text == found) {
            if (which) *which = i;
            return "";
        }
        texts += "or\n" + text;
    }
    return "found\n" + found + "instead of" + texts.substr(2);
}

namespace {

class Attempt final {
public:
    Attempt(const Operation& operation, const PreparedStore& store, const Fault& fault, Tally& tally)
        : operation_(operation), fault_(fault), tally_(tally), disk_({.record = false}, store.files), before_(store.owed) {}

    bool run() {
        ++tally_.runs;
        bool met = false;
        {
            BrokerOnDisk running(disk_);
            expect(running.broker != nullptr, running.failure);
            Scene scene{running, {}};
            operation_.attend(scene, before_);
            fault_.begin(disk_);
            const auto answer = operation_.act(scene);
            running.poll();
            met = fault_.was_met(disk_);
            fault_.end(disk_);
            if (met) ++tally_.met;
            judge_answer(scene, answer);
            go_on(scene, met);
            left_ = disk_.files();  // as kill -9 would leave them
            // Closing the session ends its leases: the last receive a message may have then moves it, refused or not.
            if (!broken_ && operation_.name != "dead-letter move") judge_memory(scene);
        }
        std::size_t which = 0;
        if (auto words = judge_files(left_, allowed_, &which); !words.empty()) wrong("after the process died: " + words);
        else if (allowed_.size() == 2 && which == 1) ++tally_.unknown_and_done;
        return met;
    }

private:
    void judge_answer(const Scene& scene, const std::optional<Error>& answer) {
        auto after = before_;
        if (!answer) {
            ++tally_.done;
            operation_.effect(scene, after);
            allowed_ = {after};
        } else if (answer->code == Errc::store_full) {
            ++tally_.full;
            allowed_ = {before_};
        } else if (answer->code == Errc::store_failed) {
            ++tally_.failed;
            broken_ = true;
            operation_.effect(scene, after);
            allowed_ = {before_, after};
        } else {
            wrong("an answer no fault explains: " + answer->text);
            allowed_ = {before_, after};
        }
    }

    /// The fault is over: a store that is not broken works, a broken one acknowledges nothing.
    void go_on(Scene& scene, bool met) {
        const auto probe = to("lasting", "afterwards");
        const auto published = scene.running.run(scene.running.session.publish(probe));
        if (published.has_value()) {
            // A page that cannot be read fails the receive that wanted it; what is written is another matter.
            if (broken_ && operation_.name != "receive") wrong("acknowledged after it had failed");
            if (met && fault_.ends_store) wrong("acknowledged after a sync had failed");
            for (auto& owed : allowed_) owed.put("lasting", {.label = label_of("afterwards", probe.message.properties->type)});
        } else if (published.error().code == Errc::store_failed) {
            if (!met) wrong("failed without a fault: " + published.error().text);
            broken_ = true;
        } else {
            wrong("does not go on when the fault is over: " + published.error().text);
        }
    }

    void judge_memory(Scene& scene) {
        scene.running.session.close();
        scene.running.poll();
        std::string problem;
        const auto text = [](Owed owed) {
            // A look at a message does not know of a first receive that this process has counted by the queue's mark.
            for (auto& [name, queue] : owed.queues) queue.strict = false;
            return text_of(owed);
        };
        const auto found = text(found_in(scene.running, problem)), expected = text(allowed_.front());
        if (!problem.empty() || found != expected)
            wrong("the broker that lives on has " + problem + "\n" + found + "instead of\n" + expected);
    }

    void wrong(const std::string& words) { tally_.wrong.push_back(std::string(operation_.name) + ": " + words); }

    const Operation& operation_;
    const Fault& fault_;
    Tally& tally_;
    RecordingVfs disk_;
    Owed before_;
    std::vector<Owed> allowed_;
    bool broken_ = false;
    test::FileImage left_;
};

}  // namespace

bool attempt(const Operation& operation, const PreparedStore& store, const Fault& fault, Tally& tally) {
    return Attempt(operation, store, fault, tally).run();
}

}  // namespace rowmq::torture
