#pragma once
// Names that leave the store: message ids as UUIDs and leases as receipt handles, both keyed by the store's own id, so that
// two stores do not give the same message id and a handle that was not given here is told from one that was.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/broker.hpp"

namespace rowmq::aws {

/// What a receipt handle says: which lease, and when it was given.
struct Handle {
    Lease lease;
    std::uint32_t second = 0;  ///< since 1970, modulo 2^24 (194 days)
    friend bool operator==(const Handle&, const Handle&) = default;
};
inline constexpr std::uint32_t handle_seconds = 1u << 24u;

class Seal {
public:
    explicit Seal(std::string_view store_id);

    /// A UUID in text; different messages of a store have different ones.
    std::string message_id(MessageId id) const;
    /// Opaque text of URL-safe characters.
    std::string handle(const Handle& handle) const;
    /// None when the text is not a handle of this store.
    std::optional<Handle> open(std::string_view handle) const;

private:
    std::uint64_t key_[2];
};

/// SipHash-2-4 (Aumasson, Bernstein 2012).
std::uint64_t siphash(const std::uint64_t (&key)[2], std::string_view bytes) noexcept;

}  // namespace rowmq::aws
