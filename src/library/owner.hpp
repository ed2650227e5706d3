#pragma once
// Which process holds a store now, and where it can be asked.

#include <cstdint>
#include <optional>
#include <string>

#include "library/store_address.hpp"

namespace rowmq::library {

struct Owner {
    std::int64_t pid = 0;
    std::string admin_address;  ///< "127.0.0.1:15672"; empty: it has none
};

/// None when nobody holds it, or the store is in memory.
std::optional<Owner> owner_of(const StoreAddress& address);

}  // namespace rowmq::library
