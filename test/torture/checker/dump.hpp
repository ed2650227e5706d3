#pragma once
// What a store held when the history was over, as told by dump.py (README.md has the format).

#include "test/torture/checker/ledger.hpp"

namespace rowmq::torture {

struct StoredQueue {
    std::uint32_t queue = none;
    std::int64_t sent = 0, done = 0, dead_lettered = 0, expired = 0, purged = 0, overflowed = 0, redriven = 0, delayed = 0;
    std::int64_t found = 0, found_delayed = 0;  ///< rows that are there
};

struct StoredMessage {
    std::uint32_t queue = none, message = none;  ///< message none: no line of the ledger names it
    std::string_view name;
    std::int64_t receives = 0;
};

struct Dump {
    std::vector<StoredQueue> queues;
    std::vector<StoredMessage> messages;
};

/// What is wrong with the text, or empty. Names point into the text.
std::string parse_dump(std::string_view text, Ledger& ledger, Dump& dump);

}  // namespace rowmq::torture
