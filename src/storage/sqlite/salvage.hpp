#pragma once
// Saves what a damaged store still has into a new one: `rowmq check --salvage`.
// Threads: one of its own.

#include <string>
#include <vector>

#include "rowmq/error.hpp"

namespace rowmq::storage::sqlite {

struct Salvaged {
    std::int64_t queues = 0, entries = 0, delayed = 0, messages = 0;
    std::int64_t bodiless = 0;           ///< entries whose message is lost, and so they are
    std::int64_t nameless = 0;           ///< queues whose row is lost: they are called "salvaged-ID" and have the default options
    std::vector<std::uint32_t> damaged;  ///< pages whose checksum does not match
    std::vector<std::string> notes;      ///< what else there is to say, in sentences
};

/// Reads every page of the file at `from` by itself, whatever leads to it, and writes the messages whose checksums match, with
/// their queues, exchanges, bindings and deduplication ids, into a new store at `to`. Counters begin anew with what is there;
/// redrive tasks are not taken along. The file at `from` is written to only as opening it does (its log is written back).
/// Errors: store_busy, already_exists (`to`), store_full, store_failed.
Result<Salvaged> salvage(const std::string& from, const std::string& to, const std::string& vfs = "");

}  // namespace rowmq::storage::sqlite
