#pragma once
// Reads a page of a memory store.

#include "storage/engine.hpp"
#include "storage/memory/content.hpp"

namespace rowmq::storage::memory {

Page read(const Content& content, const PageRequest& request);

}  // namespace rowmq::storage::memory
