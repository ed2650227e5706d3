#pragma once
// What a store owes: every queue's messages and counts, bindings and deduplication ids. Values, kept by hand beside each step
// of a history; equal texts are equal states.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rowmq::torture {

struct OwedMessage {
    std::string label;  ///< of body and properties (label_of)
    std::string group;
    bool delayed = false;
    std::uint32_t receives = 0;  ///< only where the queue counts strictly
};

struct OwedQueue {
    bool fifo = false;    ///< order within a group is part of the state
    bool strict = false;  ///< receives are part of the state
    std::string options;
    std::vector<OwedMessage> messages;
    std::int64_t sent = 0, done = 0, dead_lettered = 0, expired = 0, purged = 0;
};

struct Owed {
    std::map<std::string, OwedQueue> queues;
    std::set<std::string> bindings;
    std::set<std::string> remembered;  ///< deduplication ids of the queue "fifo"; not in the text, asked for one by one

    void put(const std::string& queue, OwedMessage message);
    /// Ends the first message with this label and counts it, or does nothing.
    void end(const std::string& queue, const std::string& label, std::int64_t OwedQueue::*counted);
    void purge(const std::string& queue);
    OwedMessage* find(const std::string& queue, const std::string& label);
};

/// Short, and different for different bodies and types.
std::string label_of(std::string_view body, std::string_view type = {});
std::string text_of(const Owed& owed);
/// Queue and label of every message.
std::multiset<std::string> messages_of(const Owed& owed);

}  // namespace rowmq::torture
