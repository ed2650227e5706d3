#pragma once
// The address of a store, as a user writes it.

#include <string>
#include <string_view>

#include "rowmq/error.hpp"

namespace rowmq::library {

struct StoreAddress {
    enum class Kind { sqlite, memory };
    Kind kind = Kind::memory;
    std::string path;  ///< of sqlite: the file
    friend bool operator==(const StoreAddress&, const StoreAddress&) = default;
};

/// "sqlite:PATH" or "memory:". Errors: invalid_argument.
Result<StoreAddress> parse_store_address(std::string_view address);

}  // namespace rowmq::library
