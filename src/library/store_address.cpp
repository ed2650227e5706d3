#include "library/store_address.hpp"

#include <fmt/format.h>

namespace rowmq::library {
namespace {

constexpr std::string_view sqlite_prefix = "sqlite:";

Error refused(std::string text) { return Error{Errc::invalid_argument, std::move(text)}; }

}  // namespace

Result<StoreAddress> parse_store_address(std::string_view address) {
    if (address == "memory:") return StoreAddress{.kind = StoreAddress::Kind::memory, .path = ""};
    if (address.starts_with("postgresql:") || address.starts_with("postgres:")) {
        return refused("this version opens stores of the forms sqlite:PATH and memory: only, not PostgreSQL");
    }
    if (!address.starts_with(sqlite_prefix)) {
        return refused(fmt::format("the store \"{}\" is not of the form sqlite:PATH or memory:", address));
    }
    const auto path = address.substr(sqlite_prefix.size());
    if (path.empty()) return refused("the store \"sqlite:\" names no file; write sqlite:PATH");
    if (path == ":memory:") return refused("for a store in memory write memory:, not sqlite::memory:");
    if (path.find('\0') != std::string_view::npos) return refused("the store's path contains a zero byte");
    return StoreAddress{.kind = StoreAddress::Kind::sqlite, .path = std::string(path)};
}

}  // namespace rowmq::library
