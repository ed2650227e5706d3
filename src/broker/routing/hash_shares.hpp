#pragma once
// Who gets a message of a hash exchange: each of those bound has a share of all hashes, as large as its weight says
// (weighted rendezvous hashing: Thaler and Ravishankar, 1998). Of a hash the same one gets it always, whatever the order of
// binding and also after a restart; who comes or goes moves its own share and no other.
// Threads: the strand.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/routing/terms.hpp"
#include "rowmq/ids.hpp"
#include "rowmq/options.hpp"

namespace rowmq {

/// Where a binding leads.
using Destination = std::variant<QueueId, ExchangeId>;

/// A key of a binding as a weight: a whole number from 1 to this.
inline constexpr std::uint32_t highest_weight = 1'000'000'000;
std::optional<std::uint32_t> weight_of(std::string_view key) noexcept;

/// The hash of what `on` names. Part of what users rely on, like a format: it never changes.
std::uint64_t hash_of(const HashOn& on, std::string_view key, const Properties* properties);

class HashShares final {
public:
    struct Share {
        std::uint64_t seed;  ///< of its name
        Destination to;
        double weight;
        std::shared_ptr<const Terms> terms;  ///< of its binding
    };

    /// Puts a share, or replaces the terms of the one that is there.
    void put(Destination to, std::string_view name, std::uint32_t weight, std::shared_ptr<const Terms> terms);
    void remove(Destination to);
    /// Null when there is none. Each that is bound draws a number.
    const Share* pick(std::uint64_t hash) const noexcept;

private:
    std::vector<Share> shares_;  ///< by seed, so that the order of binding does not matter
};

}  // namespace rowmq
