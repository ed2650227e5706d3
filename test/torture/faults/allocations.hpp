#pragma once
// Allocations that fail when told to: SQLite's own, and operator new.
// Threads: one.

#include <cstdint>

namespace rowmq::torture {

/// Before SQLite is used at all.
void let_sqlite_allocations_fail();

struct FailingAllocations {
    std::uint64_t number = 0;  ///< the how manyth from now fails; 0: none
    bool sticky = false;       ///< and all after it
};
void fail_sqlite_allocations(FailingAllocations which);
/// Since fail_sqlite_allocations().
std::uint64_t sqlite_allocations();

/// The how manyth operator new from now finds no memory; 0: none.
void fail_new(std::uint64_t number);
std::uint64_t news();

}  // namespace rowmq::torture
