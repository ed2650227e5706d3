#include "test/support/file_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace rowmq::test {

std::size_t FileBytes::read(std::int64_t offset, std::span<char> into) const {
    std::memset(into.data(), 0, into.size());
    if (offset >= size_) return 0;
    const auto within = static_cast<std::size_t>(std::min<std::int64_t>(size_ - offset, static_cast<std::int64_t>(into.size())));
    for (std::size_t done = 0; done < within;) {
        const auto at = offset + static_cast<std::int64_t>(done);
        const auto start = static_cast<std::size_t>(at % block_bytes);
        const auto length = std::min(within - done, static_cast<std::size_t>(block_bytes) - start);
        if (const auto& block = blocks_[static_cast<std::size_t>(at / block_bytes)])
            std::memcpy(into.data() + done, block->bytes.data() + start, length);
        done += length;
    }
    return within;
}

void FileBytes::write(std::int64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    const auto end = offset + static_cast<std::int64_t>(bytes.size());
    if (end > size_) resize(end);
    for (std::size_t done = 0; done < bytes.size();) {
        const auto at = offset + static_cast<std::int64_t>(done);
        const auto start = static_cast<std::size_t>(at % block_bytes);
        const auto length = std::min(bytes.size() - done, static_cast<std::size_t>(block_bytes) - start);
        std::memcpy(writable(static_cast<std::size_t>(at / block_bytes)).bytes.data() + start, bytes.data() + done, length);
        done += length;
    }
}

void FileBytes::resize(std::int64_t size) {
    if (size < size_ && size % block_bytes != 0) {
        const auto index = static_cast<std::size_t>(size / block_bytes);
        if (blocks_[index]) {
            const auto start = static_cast<std::size_t>(size % block_bytes);
            std::memset(writable(index).bytes.data() + start, 0, static_cast<std::size_t>(block_bytes) - start);
        }
    }
    blocks_.resize(static_cast<std::size_t>((size + block_bytes - 1) / block_bytes));
    size_ = size;
}

std::uint64_t FileBytes::hash() const {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
    auto mix = [](std::uint64_t h, std::uint64_t word) {
        h = (h ^ word) * odd;
        return h ^ (h >> 29);
    };
    auto all = mix(odd, static_cast<std::uint64_t>(size_));
    static const Block zeros;
    for (const auto& shared : blocks_) {
        const auto& block = shared ? *shared : zeros;
        if (block.hash == 0) {
            std::uint64_t h = odd;
            for (std::size_t i = 0; i < block.bytes.size(); i += sizeof(std::uint64_t)) {
                std::uint64_t word;
                std::memcpy(&word, block.bytes.data() + i, sizeof word);
                h = mix(h, word);
            }
            block.hash = h | 1;
        }
        all = mix(all, block.hash);
    }
    return all;
}

FileBytes::Block& FileBytes::writable(std::size_t index) {
    auto& shared = blocks_[index];
    if (!shared || shared.use_count() > 1) shared = shared ? std::make_shared<Block>(*shared) : std::make_shared<Block>();
    auto& block = const_cast<Block&>(*shared);  // made here as a Block, owned by nobody else
    block.hash = 0;
    return block;
}

}  // namespace rowmq::test
