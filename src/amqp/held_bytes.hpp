#pragma once
// Bytes of memory that one holds of what all may hold together: given back when it goes.
// Threads: those of the sum.

#include <cstddef>
#include <utility>

namespace rowmq::amqp {

class HeldBytes final {
public:
    HeldBytes() = default;
    HeldBytes(HeldBytes&& other) noexcept : of_all_(std::exchange(other.of_all_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    HeldBytes& operator=(HeldBytes&& other) noexcept {
        std::swap(of_all_, other.of_all_);
        std::swap(bytes_, other.bytes_);
        other.give_back();
        return *this;
    }
    ~HeldBytes() { give_back(); }

    /// So many more of `of_all`, which is the same each time and outlives this. False: they hold `most` then, or this one more than
    /// twice what is left of that; so what is small goes on beside a few that are large.
    bool take(std::size_t bytes, std::size_t& of_all, std::size_t most) {
        const std::size_t left = of_all < most ? most - of_all : 0;
        if (bytes > left || bytes_ + bytes > 2 * left) return false;
        of_all_ = &of_all;
        of_all += bytes;
        bytes_ += bytes;
        return true;
    }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    void give_back() noexcept {
        if (of_all_) *of_all_ -= std::exchange(bytes_, 0);
    }

    std::size_t* of_all_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace rowmq::amqp
