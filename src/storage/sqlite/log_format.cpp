#include "storage/sqlite/log_format.hpp"

#include <algorithm>
#include <bit>
#include <string_view>

#include "base/crc32c.hpp"

namespace rowmq::storage::sqlite {
namespace {

constexpr std::uint32_t magic = 0x377f0682;  // its last bit: the checksum's words are big-endian
constexpr std::string_view seal_magic = "RowMQ log seal 1";

/// What is summed: words of 4 bytes in pairs, in the byte order the log's header names.
class Words final {
public:
    Words(bool big, std::initializer_list<std::span<char>> parts) : big_(big), parts_(parts) {}

    template <typename Each>  // Each(first word of a pair, its place, the second's)
    void each_pair(Each each) const {
        for (const auto part : parts_)
            for (std::size_t i = 0; i + 8 <= part.size(); i += 8) each(part.data() + i, part.data() + i + 4);
    }
    Sums sum(Sums from) const {
        each_pair([&](const char* a, const char* b) { from.take(word(a), word(b)); });
        return from;
    }
    /// The bits that would make the sums `wanted` if one of them were turned: at most `most` are looked for.
    struct Bit {
        char* word;
        int number;
    };
    std::vector<Bit> bits(Sums from, Sums wanted, std::size_t most) const {
        const auto now = sum(from);
        const Sums missing{wanted.first - now.first, wanted.second - now.second};
        std::vector<char*> words;
        each_pair([&](char* a, char* b) { words.push_back(a), words.push_back(b); });
        // How a difference of 1 in either word of the pair looked at grows until the end.
        Sums by_first{1, 1}, by_second{0, 1};
        std::vector<Bit> found;
        for (auto pair = words.size() / 2; pair-- > 0 && found.size() < most;) {
            for (const bool second : {false, true})
                if (const auto bit = bit_for(word(words[2 * pair + second]), second ? by_second : by_first, missing))
                    found.push_back({words[2 * pair + second], *bit});
            by_first = {by_first.first + by_first.second, by_first.first + 2 * by_first.second};
            by_second = {by_second.first + by_second.second, by_second.first + 2 * by_second.second};
        }
        return found;
    }
    void turn(Bit bit) const {
        std::uint32_t value = word(bit.word) ^ std::uint32_t{1} << bit.number;
        if (big_) value = __builtin_bswap32(value);
        std::memcpy(bit.word, &value, sizeof value);
    }

private:
    std::uint32_t word(const char* at) const {
        std::uint32_t value;
        std::memcpy(&value, at, sizeof value);
        return big_ ? __builtin_bswap32(value) : value;
    }
    static std::optional<int> bit_for(std::uint32_t word, Sums growth, Sums missing) {
        for (int bit = 0; bit < 32; ++bit) {
            const std::uint32_t one = std::uint32_t{1} << bit;
            const std::uint32_t by = word & one ? 0u - one : one;
            if (by * growth.first == missing.first && by * growth.second == missing.second) return bit;
        }
        return std::nullopt;
    }

    bool big_;
    std::vector<std::span<char>> parts_;
};

Words words_of(const LogHeader& log, std::span<char> frame) {
    return {log.big_endian_sums, {frame.subspan(0, 8), frame.subspan(frame_header_bytes)}};
}

}  // namespace

std::uint32_t big_endian(const char* at) {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return __builtin_bswap32(word);
}

void put_big_endian(char* at, std::uint32_t word) {
    word = __builtin_bswap32(word);
    std::memcpy(at, &word, sizeof word);
}

std::optional<LogHeader> LogHeader::of(std::span<char> bytes) {
    const auto first = big_endian(bytes.data()), page = big_endian(bytes.data() + 8);
    if ((first & ~1u) != magic || page < 512 || page > 65'536 || !std::has_single_bit(page)) return std::nullopt;
    const bool big = first & 1;
    const auto sums = Sums::at(bytes.data() + 24);
    if (Words(big, {bytes.subspan(0, 24)}).sum({}) != sums) return std::nullopt;
    return LogHeader{.big_endian_sums = big, .page_bytes = page, .salts = Sums::at(bytes.data() + 16), .sums = sums};
}

Sums Frame::sums_after(Sums before) const {
    auto& self = const_cast<Frame&>(*this);  // the words are only read
    return words_of(*log_, self.bytes_).sum(before);
}

bool Frame::turn_the_bit(Sums before) {
    const auto words = words_of(*log_, bytes_);
    const auto found = words.bits(before, sums(), 2);
    if (found.size() != 1) return false;
    words.turn(found.front());
    return true;
}

bool Frame::repeats(const Frame& other) const {
    return ends_commit() && place() == other.place() && salts() == other.salts() && std::ranges::equal(content(), other.content());
}

bool Frame::repeat(const Frame& other, Sums before) {
    if (!ends_commit() || place() != other.place()) return false;
    std::ranges::copy(other.content(), bytes_.begin() + frame_header_bytes);
    return sums_after(before) == sums();
}

std::array<char, Seal::bytes> Seal::encoded() const {
    std::array<char, bytes> out{};
    std::copy(seal_magic.begin(), seal_magic.end(), out.begin());
    salts.put(out.data() + 16);
    put_big_endian(out.data() + 24, frames);
    sums.put(out.data() + 28);
    put_big_endian(out.data() + 36, crc32c(0, out.data(), 36));
    return out;
}

std::optional<Seal> Seal::of(std::span<const char> in) {
    if (in.size() < bytes || !std::equal(seal_magic.begin(), seal_magic.end(), in.begin())) return std::nullopt;
    if (big_endian(in.data() + 36) != crc32c(0, in.data(), 36)) return std::nullopt;
    return Seal{.salts = Sums::at(in.data() + 16), .frames = big_endian(in.data() + 24), .sums = Sums::at(in.data() + 28)};
}

}  // namespace rowmq::storage::sqlite
