#pragma once
// The write-ahead log as bytes: the header and the frames SQLite writes (sqlite.org/fileformat2.html, section 4), and the seal of
// RowMQ behind the last of them (log_seal.hpp).

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace rowmq::storage::sqlite {

constexpr std::size_t log_header_bytes = 32, frame_header_bytes = 24;

std::uint32_t big_endian(const char* at);
void put_big_endian(char* at, std::uint32_t word);

/// The two sums of the log's checksum, or of a difference between two; and two words that stand side by side.
struct Sums {
    std::uint32_t first = 0, second = 0;
    friend bool operator==(const Sums&, const Sums&) = default;
    void take(std::uint32_t a, std::uint32_t b) {
        first += a + second;
        second += b + first;
    }
    static Sums at(const char* bytes) { return {big_endian(bytes), big_endian(bytes + 4)}; }
    void put(char* bytes) const { put_big_endian(bytes, first), put_big_endian(bytes + 4, second); }
};

struct LogHeader {
    bool big_endian_sums = false;
    std::size_t page_bytes = 0;
    Sums salts, sums;

    static std::optional<LogHeader> of(std::span<char> bytes);
    std::size_t frame_bytes() const { return frame_header_bytes + page_bytes; }
    /// Where frame `number` begins; the first is 1.
    std::int64_t offset_of(std::int64_t number) const {
        return static_cast<std::int64_t>(log_header_bytes) + (number - 1) * static_cast<std::int64_t>(frame_bytes());
    }
};

/// A frame in memory: page number, size of the database (0: not the last frame of a commit), salts, sums, page.
class Frame final {
public:
    explicit Frame(const LogHeader& log) : log_(&log), bytes_(log.frame_bytes()) {}

    std::span<char> bytes() { return bytes_; }
    std::uint32_t page() const { return big_endian(bytes_.data()); }
    bool ends_commit() const { return big_endian(bytes_.data() + 4) != 0; }
    /// Equal for a frame and its copies, which may follow it up to the end of a sector.
    Sums place() const { return Sums::at(bytes_.data()); }
    Sums salts() const { return Sums::at(bytes_.data() + 8); }
    Sums sums() const { return Sums::at(bytes_.data() + 16); }
    void put_salts(Sums salts) { salts.put(bytes_.data() + 8); }
    void put_sums(Sums sums) { sums.put(bytes_.data() + 16); }

    /// What its sums have to be after a frame with the sums `before`.
    Sums sums_after(Sums before) const;
    bool is_right_after(Sums before) const { return salts() == log_->salts && page() != 0 && sums_after(before) == sums(); }
    /// Turns the one bit that makes sums() right; false when none does, or when more than one would: the sums are linear and weak.
    bool turn_the_bit(Sums before);
    /// Whether it is a commit's last frame once more.
    bool repeats(const Frame& other) const;
    /// Becomes what it was as a repetition of `other`; false where it was none.
    bool repeat(const Frame& other, Sums before);

private:
    std::span<const char> content() const { return std::span(bytes_).subspan(frame_header_bytes); }

    const LogHeader* log_;
    std::vector<char> bytes_;
};

/// Says that the log was synced up to a frame. It lies where the next frame will be and is written over by it.
struct Seal {
    Sums salts;
    std::uint32_t frames = 0;
    Sums sums;  ///< of the last of them

    static constexpr std::size_t bytes = 40;
    std::array<char, bytes> encoded() const;
    static std::optional<Seal> of(std::span<const char> bytes);
};

}  // namespace rowmq::storage::sqlite
