#include "test/torture/checker/dump.hpp"

#include <algorithm>
#include <array>

#include "test/torture/checker/fields.hpp"

namespace rowmq::torture {
namespace {

constexpr std::string_view heading = "# rowmq dump 1";

struct Column {
    std::string_view name;
    std::int64_t StoredQueue::*value;
};
constexpr std::array<Column, 8> columns = {{{"sent", &StoredQueue::sent},
                                            {"done", &StoredQueue::done},
                                            {"dead_lettered", &StoredQueue::dead_lettered},
                                            {"expired", &StoredQueue::expired},
                                            {"purged", &StoredQueue::purged},
                                            {"overflowed", &StoredQueue::overflowed},
                                            {"redriven", &StoredQueue::redriven},
                                            {"delayed", &StoredQueue::delayed}}};

bool read_queue(std::string_view line, Ledger& ledger, Dump& dump) {
    StoredQueue stored;
    stored.queue = ledger.queue_named(take_word(line));
    while (!line.empty()) {
        const auto word = take_word(line);
        const auto equals = word.find('=');
        const auto column = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == word.substr(0, equals); });
        if (equals == std::string_view::npos || column == columns.end() || !to_number(word.substr(equals + 1), stored.*column->value))
            return false;
    }
    dump.queues.push_back(stored);
    return true;
}

/// "message QUEUE NAME ready|delayed RECEIVES", after the queue's own line.
bool read_message(std::string_view line, Ledger& ledger, Dump& dump) {
    StoredMessage stored;
    stored.queue = ledger.queue_named(take_word(line));
    stored.name = take_word(line);
    stored.message = ledger.message_named(stored.name);
    const auto state = take_word(line);
    const auto queue = std::find_if(dump.queues.begin(), dump.queues.end(), [&](const StoredQueue& q) { return q.queue == stored.queue; });
    if (queue == dump.queues.end() || (state != "ready" && state != "delayed") || !to_number(take_word(line), stored.receives))
        return false;
    ++(state == "ready" ? queue->found : queue->found_delayed);
    dump.messages.push_back(stored);
    return true;
}

}  // namespace

std::string parse_dump(std::string_view text, Ledger& ledger, Dump& dump) {
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return "line " + std::to_string(number) + " of the dump is cut off";
        auto line = text.substr(0, end);
        text.remove_prefix(end + 1);
        const auto wrong = "line " + std::to_string(number) + " of the dump cannot be read: " + std::string(line);
        if (number == 1) {
            if (line != heading) return wrong;
            continue;
        }
        const auto what = take_word(line);
        if (what == "queue" ? !read_queue(line, ledger, dump) : what == "message" ? !read_message(line, ledger, dump) : true) return wrong;
    }
    return number == 0 ? "the dump is empty" : "";
}

}  // namespace rowmq::torture
