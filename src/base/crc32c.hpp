#pragma once
// CRC-32C (Castagnoli; RFC 3720 B.4): the checksum of stored rows and of Kafka's record batches.
// Threads: any. Uses the processor's instruction where there is one, else tables.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowmq {

/// Continues `crc` (0 to begin) over `size` bytes.
std::uint32_t crc32c(std::uint32_t crc, const void* bytes, std::size_t size) noexcept;

inline std::uint32_t crc32c(std::string_view bytes) noexcept { return crc32c(0, bytes.data(), bytes.size()); }

/// The same by tables alone: what the instruction is tested against.
std::uint32_t crc32c_by_tables(std::uint32_t crc, const void* bytes, std::size_t size) noexcept;

}  // namespace rowmq
