#pragma once
// Appends to a string, big-endian. Lengths that are only known afterwards are reserved and filled in.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowmq::wire {

class Writer final {
public:
    explicit Writer(std::string& out) noexcept : out_(out) {}

    template <typename Unsigned>
    void number(Unsigned value) {
        char bytes[sizeof(Unsigned)];
        put(bytes, value);
        out_.append(bytes, sizeof bytes);
    }
    void u8(std::uint8_t value) { out_ += static_cast<char>(value); }
    void u16(std::uint16_t value) { number(value); }
    void u32(std::uint32_t value) { number(value); }
    void u64(std::uint64_t value) { number(value); }
    void f32(float value) { u32(std::bit_cast<std::uint32_t>(value)); }
    void f64(double value) { u64(std::bit_cast<std::uint64_t>(value)); }
    void bytes(std::string_view some) { out_.append(some); }
    /// At most 255 bytes of it; whoever writes text that may be longer has cut or refused it before.
    void text8(std::string_view text) {
        text = text.substr(0, 255);
        u8(static_cast<std::uint8_t>(text.size()));
        bytes(text);
    }
    void text32(std::string_view text) {
        u32(static_cast<std::uint32_t>(text.size()));
        bytes(text);
    }

    /// Room for a length of four bytes; fill() counts what was written since.
    std::size_t reserve32() {
        u32(0);
        return out_.size();
    }
    void fill32(std::size_t reserved) { put(out_.data() + reserved - 4, static_cast<std::uint32_t>(out_.size() - reserved)); }
    std::string& out() noexcept { return out_; }

private:
    template <typename Unsigned>
    static void put(char* at, Unsigned value) noexcept {
        for (std::size_t i = 0; i < sizeof value; ++i)
            at[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> 8u * (sizeof value - 1 - i));
    }
    std::string& out_;
};

}  // namespace rowmq::wire
