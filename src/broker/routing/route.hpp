#pragma once
// To which queues a publish goes.

#include <string_view>
#include <vector>

#include "broker/catalog/catalog.hpp"
#include "rowmq/error.hpp"

namespace rowmq {

/// Appends each queue once. The default exchange ("") takes the key for a queue's name: no_such_queue when there is none,
/// as its publisher named one. Errors: no_such_exchange, no_such_queue.
Result<void> route(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key, std::vector<Queue*>& queues);

}  // namespace rowmq
