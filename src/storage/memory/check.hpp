#pragma once
// Do the tables of a memory store agree with each other?

#include "storage/engine.hpp"
#include "storage/memory/content.hpp"

namespace rowmq::storage::memory {

/// References both ways, shares and counters against a scan.
CheckReport check(const Content& content);

}  // namespace rowmq::storage::memory
