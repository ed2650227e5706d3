#include "test/torture/faults/allocations.hpp"

#include <sqlite3.h>

#include <cstdlib>
#include <new>

namespace rowmq::torture {
namespace {

sqlite3_mem_methods usual;
FailingAllocations which_fail;
std::uint64_t allocated = 0;

bool fails() {
    ++allocated;
    return which_fail.number != 0 && (allocated == which_fail.number || (which_fail.sticky && allocated > which_fail.number));
}

std::uint64_t fail_new_at = 0, newed = 0;

void* allocate(std::size_t size, std::size_t alignment) {
    ++newed;
    for (;;) {
        const bool refused = fail_new_at != 0 && newed >= fail_new_at;
        void* at = nullptr;
        if (!refused && alignment == 0) at = std::malloc(size ? size : 1);
        else if (!refused) at = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
        if (at) return at;
        const auto handler = std::get_new_handler();
        if (!handler) throw std::bad_alloc();
        handler();
    }
}

}  // namespace

void let_sqlite_allocations_fail() {
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual);
    static sqlite3_mem_methods failing = usual;
    failing.xMalloc = [](int size) { return fails() ? nullptr : usual.xMalloc(size); };
    failing.xRealloc = [](void* at, int size) { return fails() ? nullptr : usual.xRealloc(at, size); };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
    // Every allocation is one that may fail.
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
}

void fail_sqlite_allocations(FailingAllocations which) {
    which_fail = which;
    allocated = 0;
}

std::uint64_t sqlite_allocations() { return allocated; }

void fail_new(std::uint64_t number) {
    newed = 0;
    fail_new_at = number;
}

std::uint64_t news() { return newed; }

}  // namespace rowmq::torture

void* operator new(std::size_t size) { return rowmq::torture::allocate(size, 0); }
void* operator new[](std::size_t size) { return rowmq::torture::allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return rowmq::torture::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return rowmq::torture::allocate(size, static_cast<std::size_t>(alignment));
}
// Who asks without an exception does without: std::stable_sort, for one.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* at, const std::nothrow_t&) noexcept { std::free(at); }
void operator delete[](void* at, const std::nothrow_t&) noexcept { std::free(at); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete[](void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete[](void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete[](void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }
void operator delete[](void* at, std::size_t, std::align_val_t) noexcept { std::free(at); }
