#pragma once
// Finds subscriptions by other things than their ARN: by their endpoint, and the ended ones by their age. It gives ids only;
// the bindings say what is true of them, also when somebody else has removed one.
// Threads: the broker's executor.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "rowmq/broker.hpp"
#include "sns/subscription.hpp"

namespace rowmq::sns {

class Directory {
public:
    explicit Directory(const Broker& broker) : broker_(broker) {}
    /// Or takes it up anew, as it is by now.
    void put(const Subscription& subscription);
    void remove(const Subscription& subscription);
    /// All of a topic.
    void forget(const std::string& topic);

    /// The subscription of this endpoint, pending or confirmed.
    std::optional<Subscription> find(const std::string& topic, const std::string& protocol, const std::string& endpoint) const;
    struct Name {
        std::string topic, id;
        friend auto operator<=>(const Name&, const Name&) = default;
    };
    std::size_t size() const noexcept { return ids_.size(); }
    /// At most `max` of those that ended before.
    std::vector<Name> ended_before(WallTime time, std::size_t max) const;

private:
    /// Forgets those whose binding somebody else has removed, as with its queue.
    void sweep();

    const Broker& broker_;
    std::size_t sweep_at_ = 1'024;
    std::map<std::tuple<std::string, std::string, std::string>, std::string> ids_;  ///< by topic, protocol, endpoint
    std::map<Name, WallTime> ended_at_;
    std::set<std::pair<WallTime, Name>> ended_;
};

}  // namespace rowmq::sns
