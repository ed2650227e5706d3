#pragma once
// To which queues a publish goes.

#include <memory>
#include <span>
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

/// The keys a message is routed by: all of them at every exchange on its way, but for hash exchanges, which look at the first.
struct Keys {
    std::string_view first;
    std::span<const std::string> more{};
};

/// Appends each queue once; of several bindings that lead to it the first that takes the message counts. The default
/// exchange ("") takes the keys for names of queues: no_such_queue when there is none of them, as its publisher named one.
/// Errors: no_such_exchange, no_such_queue.
Result<void> route(const Catalog& catalog, NamespaceId ns, std::string_view exchange, Keys keys, const Message& message,
                   std::vector<Reached>& reached);

/// The same for what was published before. Filters on bodies let it pass.
Result<void> route_dead_letter(const Catalog& catalog, NamespaceId ns, std::string_view exchange, Keys keys, const Message& message,
                               std::vector<Reached>& reached);

}  // namespace rowmq
