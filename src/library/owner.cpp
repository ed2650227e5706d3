#include "library/owner.hpp"

#include "storage/sqlite/owner.hpp"

namespace rowmq::library {

std::optional<Owner> owner_of(const StoreAddress& address) {
    if (address.kind != StoreAddress::Kind::sqlite) return std::nullopt;
    auto owner = storage::sqlite::owner_of(address.path);
    if (!owner) return std::nullopt;
    return Owner{.pid = owner->pid, .admin_address = std::move(owner->admin_address)};
}

}  // namespace rowmq::library
