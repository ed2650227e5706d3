#pragma once
// The whole engine in ordered maps: the `memory:` store, and what every other engine is compared with.
// Threads: the strand; it has none of its own. Every call answers from a posted handler, in the order of the calls, so a caller
// sees the same asynchrony as with a disk.

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "storage/engine.hpp"
#include "storage/memory/content.hpp"

namespace rowmq::storage::memory {

/// With `content`, goes on with what another engine left there: a restart. One engine at a time uses a content.
std::unique_ptr<Engine> make_engine(boost::asio::any_io_executor strand, std::shared_ptr<Content> content = std::make_shared<Content>());

}  // namespace rowmq::storage::memory
