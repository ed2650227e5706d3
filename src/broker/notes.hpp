#pragma once
// Notes: what is true of one copy of a message only, as the JSON text of the column queue_messages.notes.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowmq/message.hpp"

namespace rowmq {

struct Notes {
    std::vector<DeadLetterRecord> dead_letters;  ///< newest first
    std::optional<Route> came_by;                ///< to its queue, when that was dead-lettering through an exchange
    std::string note;                            ///< of the binding that brought the copy
};

std::shared_ptr<const std::string> encode(const Notes& notes);
Notes decode_notes(const std::string* json);

/// Adds one dead-lettering: a record of the same queue and reason is counted up and comes first.
void add(Notes& notes, DeadLetterRecord record, std::size_t limit);

}  // namespace rowmq
