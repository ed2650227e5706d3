#pragma once
// Rows for tests, in few words, and as text, so that a difference can be read.

#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include "storage/engine.hpp"

namespace rowmq::conformance {

using storage::Page;  // not rowmq::Page

inline constexpr QueueId orders{1}, letters{2}, third{3};

inline WallTime at(std::int64_t milliseconds_after) {
    constexpr std::int64_t start = 1'700'000'000'000, last = std::numeric_limits<std::int64_t>::max();
    return WallTime{std::chrono::milliseconds(milliseconds_after > last - start ? last : start + milliseconds_after)};
}

struct Put {
    QueueId queue = orders;
    std::uint8_t lane = 0;
    std::string body = "body";
    std::string group;
    std::int32_t copies = 1;
    storage::Unit unit = storage::Unit::always;
};

storage::MessageRow message(std::int64_t id, std::string body = "body", storage::Unit unit = storage::Unit::always);
/// An entry of message `id`; `bytes` is the length of the body.
storage::EntryRow entry(std::int64_t sequence, std::int64_t id, Put put = {});
storage::DelayedRow delayed(std::int64_t due, std::int64_t sequence, std::int64_t id, Put put = {});
storage::Removal removal(const storage::EntryRow& row, storage::Unit unit = storage::Unit::always, bool keep_message = false);
storage::DelayedRemoval removal(const storage::DelayedRow& row, storage::Unit unit = storage::Unit::always, bool keep_message = false);
storage::QueueRow queue(QueueId id, std::string name);

/// One published message: its row, its entry, its count.
void publish(storage::Batch& batch, std::int64_t sequence, std::int64_t id, Put put = {});

std::string text_of(const storage::MessageRow& row);
std::string text_of(const storage::EntryRow& row);
std::string text_of(const storage::DelayedRow& row);
std::string text_of(const storage::Page& page);          ///< without its snapshot
std::string text_of(const storage::Outcome& outcome);    ///< without its times
std::string text_of(const storage::Snapshot& snapshot);  ///< without its epoch

/// "4 5 7": the sequences of a page, entries or delayed.
std::string sequences_of(const storage::Page& page);
/// "1=body 2=other": the messages of a page.
std::string bodies_of(const storage::Page& page);

}  // namespace rowmq::conformance
