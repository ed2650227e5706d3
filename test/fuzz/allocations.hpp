#pragma once
// The law of parsers: what one holds at any time stays under 4 x the bytes it was given + 64 KiB, whatever lengths they
// declare. Counted by the address sanitizer's own hooks, so that it goes on checking.
// Threads: one.

#include <sanitizer/allocator_interface.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace rowmq::fuzz {

/// Ends the program when what was allocated since, and not freed, ever exceeds the law.
class Allocations final {
public:
    explicit Allocations(std::size_t input, std::size_t extra = 64 * 1024) : input_(input), most_(4 * input + extra) {
        static const int installed = __sanitizer_install_malloc_and_free_hooks(&allocated, &freed);
        if (installed == 0) std::abort();
        current_ = this;
    }
    ~Allocations() {
        current_ = nullptr;
        if (highest_ <= static_cast<std::int64_t>(most_)) return;
        std::fprintf(stderr, "%zu bytes of input were read into %lld bytes: at most %zu are allowed\n", input_,
                     static_cast<long long>(highest_), most_);
        std::abort();
    }
    Allocations(const Allocations&) = delete;
    Allocations& operator=(const Allocations&) = delete;

private:
    static void allocated(const volatile void*, std::size_t size) {
        if (!current_) return;
        current_->now_ += static_cast<std::int64_t>(size);
        if (current_->now_ > current_->highest_) current_->highest_ = current_->now_;
    }
    static void freed(const volatile void* place) {
        if (current_ && place) current_->now_ -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(place));
    }

    inline static Allocations* current_ = nullptr;
    std::size_t input_, most_;
    std::int64_t now_ = 0, highest_ = 0;
};

}  // namespace rowmq::fuzz
