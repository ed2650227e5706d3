#pragma once
// The CRC-32C of stored rows, over the columns storage/rows.hpp names. Numbers as 8 bytes, little-endian; a text is
// preceded by its length where another follows.

#include <bit>
#include <cstring>

#include "base/crc32c.hpp"
#include "storage/rows.hpp"

namespace rowmq::storage::sqlite {

static_assert(std::endian::native == std::endian::little, "checksums are computed over little-endian numbers");

/// As stored: signed, because SQLite needs six bytes for an unsigned one.
inline std::int64_t stored(std::uint32_t crc) noexcept { return static_cast<std::int32_t>(crc); }

inline std::int64_t checksum_of_message(MessageId id, WallTime published_at, std::string_view properties, std::string_view body) noexcept {
    const std::int64_t numbers[3] = {value_of(id), published_at.time_since_epoch().count(), static_cast<std::int64_t>(properties.size())};
    auto crc = crc32c(0, numbers, sizeof numbers);
    if (!properties.empty()) crc = crc32c(crc, properties.data(), properties.size());
    return stored(crc32c(crc, body.data(), body.size()));
}

inline std::int64_t checksum_of_entry(const EntryKey& key, MessageId message, std::string_view group, std::int32_t copies,
                                      std::int32_t bytes) noexcept {
    const std::int64_t numbers[6] = {value_of(key.queue), key.lane, value_of(key.sequence), value_of(message), copies, bytes};
    auto crc = crc32c(0, numbers, sizeof numbers);
    if (!group.empty()) crc = crc32c(crc, group.data(), group.size());
    return stored(crc);
}

}  // namespace rowmq::storage::sqlite
