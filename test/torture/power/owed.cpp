#include "test/torture/power/owed.hpp"

#include <algorithm>

#include "base/crc32c.hpp"

namespace rowmq::torture {

void Owed::put(const std::string& queue, OwedMessage message) {
    auto& q = queues[queue];
    q.messages.push_back(std::move(message));
    ++q.sent;
}

OwedMessage* Owed::find(const std::string& queue, const std::string& label) {
    auto& messages = queues[queue].messages;
    const auto found = std::find_if(messages.begin(), messages.end(), [&](const auto& m) { return m.label == label; });
    return found == messages.end() ? nullptr : &*found;
}

void Owed::end(const std::string& queue, const std::string& label, std::int64_t OwedQueue::*counted) {
    auto& q = queues[queue];
    const auto found = std::find_if(q.messages.begin(), q.messages.end(), [&](const auto& m) { return m.label == label; });
    if (found == q.messages.end()) return;
    q.messages.erase(found);
    ++(q.*counted);
}

void Owed::purge(const std::string& queue) {
    auto& q = queues[queue];
    q.purged += static_cast<std::int64_t>(q.messages.size());
    q.messages.clear();
}

std::string label_of(std::string_view body, std::string_view type) {
    auto crc = crc32c(0, body.data(), body.size());
    if (!type.empty()) crc = crc32c(crc, type.data(), type.size());
    return std::string(body.substr(0, 16)) + "/" + std::to_string(body.size()) + "/" + std::to_string(crc);
}

namespace {

std::string text_of(const OwedQueue& q) {
    std::string text = " sent=" + std::to_string(q.sent) + " done=" + std::to_string(q.done) + " dead=" + std::to_string(q.dead_lettered) +
                       " expired=" + std::to_string(q.expired) + " purged=" + std::to_string(q.purged) + " " + q.options + ":";
    std::map<std::string, std::vector<std::string>> groups;
    for (const auto& m : q.messages)
        groups[q.fifo ? m.group : ""].push_back(m.label + (m.delayed ? "~" : "") + (q.strict ? "#" + std::to_string(m.receives) : ""));
    for (auto& [group, labels] : groups) {
        if (!q.fifo) std::sort(labels.begin(), labels.end());
        text += " [" + group;
        for (const auto& label : labels) text += " " + label;
        text += "]";
    }
    return text;
}

}  // namespace

std::string text_of(const Owed& owed) {
    std::string text;
    for (const auto& [name, q] : owed.queues) text += name + text_of(q) + "\n";
    for (const auto& binding : owed.bindings) text += "binding " + binding + "\n";
    return text;
}

std::multiset<std::string> messages_of(const Owed& owed) {
    std::multiset<std::string> all;
    for (const auto& [name, q] : owed.queues)
        for (const auto& m : q.messages) all.insert(name + " " + m.label);
    return all;
}

}  // namespace rowmq::torture
