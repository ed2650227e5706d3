#pragma once
// A cursor over received bytes, big-endian. Once something was missing it has failed: every later read gives zeros, so that
// a decoder reads to its end and looks once. Nothing is allocated here.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowmq::wire {

class Reader final {
public:
    explicit Reader(std::string_view bytes) noexcept : bytes_(bytes) {}

    template <typename Unsigned>
    Unsigned number() noexcept {
        const std::string_view at = take(sizeof(Unsigned));
        Unsigned value = 0;
        for (const char byte : at)
            value = static_cast<Unsigned>(static_cast<std::uint64_t>(value) << 8u | static_cast<unsigned char>(byte));
        return value;
    }
    std::uint8_t u8() noexcept { return number<std::uint8_t>(); }
    std::uint16_t u16() noexcept { return number<std::uint16_t>(); }
    std::uint32_t u32() noexcept { return number<std::uint32_t>(); }
    std::uint64_t u64() noexcept { return number<std::uint64_t>(); }
    float f32() noexcept { return std::bit_cast<float>(u32()); }
    double f64() noexcept { return std::bit_cast<double>(u64()); }

    /// Views into what was received; empty when there are not so many bytes left.
    std::string_view take(std::size_t count) noexcept {
        if (count > left()) {
            fail();
            return {};
        }
        const std::string_view some = bytes_.substr(at_, count);
        at_ += count;
        return some;
    }
    std::string_view text8() noexcept { return take(u8()); }
    std::string_view text32() noexcept { return take(u32()); }
    std::string_view rest() noexcept { return take(left()); }

    std::size_t left() const noexcept { return bytes_.size() - at_; }
    void fail() noexcept {
        failed_ = true;
        at_ = bytes_.size();
    }
    bool failed() const noexcept { return failed_; }
    /// Everything was there, and nothing more.
    bool ended() const noexcept { return !failed_ && left() == 0; }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace rowmq::wire
