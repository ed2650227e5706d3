#pragma once
// To which queues a publish goes.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/catalog/catalog.hpp"
#include "rowmq/error.hpp"
#include "rowmq/message.hpp"

namespace rowmq {

/// A queue a message goes to, and what its copy there is told.
struct Reached {
    Queue* queue = nullptr;
    std::shared_ptr<const std::string> notes;  ///< null: nothing
};

/// Appends each queue once; of several bindings that lead to it the first that takes the message counts. The default
/// exchange ("") takes the key for a queue's name: no_such_queue when there is none, as its publisher named one.
/// Hash exchanges look at `hashed_key`: a message goes by one key there, also where it is routed by several.
/// Errors: no_such_exchange, no_such_queue.
Result<void> route(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key, std::string_view hashed_key,
                   const Message& message, std::vector<Reached>& reached);

/// The same for what was published before. Filters on bodies let it pass.
Result<void> route_dead_letter(const Catalog& catalog, NamespaceId ns, std::string_view exchange, std::string_view key,
                               const Message& message, std::vector<Reached>& reached);

}  // namespace rowmq
