#pragma once
// One batch, applied. Throws Failure when the batch does what no correct batch does: puts a key twice, removes an entry under
// another message's name, takes more shares than there are.

#include "storage/engine.hpp"
#include "storage/memory/content.hpp"

namespace rowmq::storage::memory {

Outcome apply(Content& content, const Batch& batch);

}  // namespace rowmq::storage::memory
