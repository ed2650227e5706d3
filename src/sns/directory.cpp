#include "sns/directory.hpp"

#include <algorithm>

namespace rowmq::sns {

void Directory::put(const Subscription& s) {
    remove(s);
    if (!s.ended) {
        ids_[{s.topic, s.protocol, s.endpoint}] = s.id;
        if (ids_.size() >= sweep_at_) sweep();
        return;
    }
    const Name name{.topic = s.topic, .id = s.id};
    ended_at_[name] = *s.ended;
    ended_.emplace(*s.ended, name);
}

void Directory::remove(const Subscription& s) {
    const auto known = ids_.find({s.topic, s.protocol, s.endpoint});
    if (known != ids_.end() && known->second == s.id) ids_.erase(known);
    const Name name{.topic = s.topic, .id = s.id};
    const auto ended = ended_at_.find(name);
    if (ended == ended_at_.end()) return;
    ended_.erase({ended->second, name});
    ended_at_.erase(ended);
}

void Directory::forget(const std::string& topic) {
    for (auto at = ids_.lower_bound({topic, "", ""}); at != ids_.end() && std::get<0>(at->first) == topic;) at = ids_.erase(at);
    for (auto at = ended_at_.lower_bound({topic, ""}); at != ended_at_.end() && at->first.topic == topic;) {
        ended_.erase({at->second, at->first});
        at = ended_at_.erase(at);
    }
}

void Directory::sweep() {
    std::erase_if(ids_, [&](const auto& one) {
        bool there = false;
        see_bindings(broker_, std::get<0>(one.first), one.second, [&](const BindingView& binding) {
            there = binding.routing_key == one.second;
            return false;
        });
        return !there;
    });
    sweep_at_ = std::max(sweep_at_, ids_.size() * 2);
}

std::optional<Subscription> Directory::find(const std::string& topic, const std::string& protocol, const std::string& endpoint) const {
    const auto known = ids_.find({topic, protocol, endpoint});
    if (known == ids_.end()) return std::nullopt;
    auto found = find_subscription(broker_, topic, known->second);
    if (!found || found->ended || found->protocol != protocol || found->endpoint != endpoint) return std::nullopt;
    return found;
}

std::vector<Directory::Name> Directory::ended_before(WallTime time, std::size_t max) const {
    std::vector<Name> names;
    for (const auto& [at, name] : ended_) {
        if (at >= time || names.size() == max) break;
        names.push_back(name);
    }
    return names;
}

}  // namespace rowmq::sns
