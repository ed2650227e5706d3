#pragma once
// What the batches have in common.

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sqs/errors.hpp"
#include "sqs/messages.hpp"
#include "sqs/names.hpp"

namespace rowmq::sqs {

inline constexpr std::size_t batch_entries = 10;
inline constexpr std::size_t batch_bytes = 1'048'576;

/// What is wrong with a batch as a whole, in the order AWS looks.
template <typename Entry>
std::optional<Refusal> check_batch(const std::vector<Entry>& entries, std::string_view entry_name) {
    if (entries.empty())
        return Refusal{Fault::empty_batch_request, fmt::format("There should be at least one {} in the request.", entry_name)};
    if (entries.size() > batch_entries)
        return Refusal{Fault::too_many_entries_in_batch_request,
                       fmt::format("Maximum number of entries per request are {}. You have sent {}.", batch_entries, entries.size())};
    std::set<std::string_view> ids;
    for (const Entry& entry : entries) {
        if (!entry.id) return missing(fmt::format("{}.Id", entry_name));
        if (!ids.insert(*entry.id).second) return Refusal{Fault::batch_entry_ids_not_distinct, fmt::format("Id {} repeated.", *entry.id)};
    }
    for (const Entry& entry : entries)
        if (!is_batch_id(*entry.id))
            return Refusal{
                Fault::invalid_batch_entry_id,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."};
    return std::nullopt;
}

inline BatchError batch_error(const std::string& id, const Refusal& refusal) {
    const Code code = code_of(refusal.fault);
    return {.id = id, .code = std::string(code.query), .text = refusal.text, .sender = code.sender};
}

}  // namespace rowmq::sqs
