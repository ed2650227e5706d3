#pragma once
// Does the steps of a history and writes each into the ledger: begun, done, answered.

#include <functional>

#include "base/random.hpp"
#include "test/torture/power/broker_on_disk.hpp"

namespace rowmq::torture {

/// States after so many steps; the first is that of an empty store.
struct Ledger {
    std::vector<Owed> states{Owed{}};
    std::vector<std::string> texts{""};
    void add(Owed owed);
};

class Author final {
public:
    Author(BrokerOnDisk& running, RecordingVfs& disk, Ledger& ledger, std::uint64_t seed)
        : running_(running), disk_(disk), ledger_(ledger), random_(seed) {}

    BrokerOnDisk& running() { return running_; }
    Ledger& ledger() { return ledger_; }
    /// From 0, below `bound`.
    std::uint64_t any(std::uint64_t bound) { return random_.next() % bound; }
    /// A body that starts with `name`, of any size a page holds several, one or part of.
    std::string body(const std::string& name);

    /// One thing promised: what it does, and what is owed afterwards. A step that is refused throws: the history is wrong.
    void step(
        const std::function<void()>& act, const std::function<void(Owed&)>& effect = [](Owed&) {});

    void declare(const std::string& queue, const QueueOptions& options = {});
    /// All in one call, so in one commit.
    void publish(const std::vector<Publish>& messages);
    /// Each in a call of its own at the same time; any first so many may be there after a cut.
    void publish_together(const std::vector<Publish>& messages);
    /// Behind messages for queue "busy" whose commits are under way, to a consumer that waits. Afterwards it is stored, or done.
    void publish_early(const Publish& message, Session& consumer, Subscription& waits, bool acknowledges);
    std::vector<Delivery> receive(const std::string& queue, std::size_t max);
    void done(const std::string& queue, const std::vector<Delivery>& deliveries);

private:
    static void owe(Owed& owed, const Publish& message);

    BrokerOnDisk& running_;
    RecordingVfs& disk_;
    Ledger& ledger_;
    SeededRandom random_;
};

/// To a queue, with a type that must come back, too.
Publish to(const std::string& queue, const std::string& body);
std::string label_of(const Delivery& delivery);
/// Throws what a history cannot go on without.
void expect(bool holds, const std::string& what);

}  // namespace rowmq::torture
