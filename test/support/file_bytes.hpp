#pragma once
// The contents of one file, in shared blocks: copying a file costs a pointer a block, so thousands of crash images stay small.
// Threads: none of its own; a copy may be used anywhere as long as nobody hashes the same blocks at the same time.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace rowmq::test {

class FileBytes {
public:
    std::int64_t size() const noexcept { return size_; }
    /// Fills `into` from `offset`; what lies beyond the end is zero. Returns how many bytes lay within the file.
    std::size_t read(std::int64_t offset, std::span<char> into) const;
    /// Grows the file as needed; a gap reads as zeros.
    void write(std::int64_t offset, std::string_view bytes);
    void resize(std::int64_t size);
    /// Of size and contents; equal files have equal hashes.
    std::uint64_t hash() const;

private:
    static constexpr std::int64_t block_bytes = 4096;
    struct Block {
        std::array<char, block_bytes> bytes{};
        mutable std::uint64_t hash = 0;  ///< 0: not computed yet
    };
    Block& writable(std::size_t index);

    std::vector<std::shared_ptr<const Block>> blocks_;  ///< null: all zeros
    std::int64_t size_ = 0;                             ///< bytes beyond it in the last block are zero
};

}  // namespace rowmq::test
