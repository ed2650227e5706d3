#include "aws/seal.hpp"

#include "aws/uuid.hpp"

#include <bit>

#include "base/base64.hpp"

namespace rowmq::aws {
namespace {

constexpr std::size_t lease_bytes = 28, check_bytes = 8;
constexpr std::size_t handle_characters = (lease_bytes + check_bytes) / 3 * 4;
static_assert((lease_bytes + check_bytes) % 3 == 0, "a handle needs no padding");

void put(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> static_cast<unsigned>(shift));
}

std::uint64_t get(std::string_view& in, std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : in.substr(0, bytes)) value = value << 8u | static_cast<unsigned char>(c);
    in.remove_prefix(bytes);
    return value;
}

std::uint64_t little(const char* at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value |= std::uint64_t{static_cast<unsigned char>(at[i])} << 8 * i;
    return value;
}

struct SipState {
    std::uint64_t a, b, c, d;
    void rounds(int n) {
        while (n-- > 0) {
            a += b;
            b = std::rotl(b, 13);
            b ^= a;
            a = std::rotl(a, 32);
            c += d;
            d = std::rotl(d, 16);
            d ^= c;
            a += d;
            d = std::rotl(d, 21);
            d ^= a;
            c += b;
            b = std::rotl(b, 17);
            b ^= c;
            c = std::rotl(c, 32);
        }
    }
};

}  // namespace

std::uint64_t siphash(const std::uint64_t (&key)[2], std::string_view bytes) noexcept {
    SipState s{key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) {
        const std::uint64_t word = little(bytes.data() + i, 8);
        s.d ^= word;
        s.rounds(2);
        s.a ^= word;
    }
    const std::uint64_t last = little(bytes.data() + whole, bytes.size() - whole) | std::uint64_t{bytes.size() & 255u} << 56u;
    s.d ^= last;
    s.rounds(2);
    s.a ^= last;
    s.c ^= 0xff;
    s.rounds(4);
    return s.a ^ s.b ^ s.c ^ s.d;
}

Seal::Seal(std::string_view store_id) {
    const std::uint64_t fixed[2] = {0x526f774d5120686fu, 0x6c64732061206b65u};
    key_[0] = siphash(fixed, store_id);
    key_[1] = siphash({fixed[1], key_[0]}, store_id);
}

std::string Seal::message_id(MessageId id) const {
    // 64 bits are the id through a keyed permutation (a Feistel network of four rounds), which keeps ids apart; the other
    // 58 are a keyed hash of it; the six that RFC 9562 fixes say "version 4".
    auto left = static_cast<std::uint32_t>(static_cast<std::uint64_t>(value_of(id)) >> 32u);
    auto right = static_cast<std::uint32_t>(value_of(id));
    std::string block;
    for (char round = 0; round < 4; ++round) {
        block.assign(1, round);
        put(block, right, 4);
        left ^= static_cast<std::uint32_t>(siphash(key_, block));
        std::swap(left, right);
    }
    const std::uint64_t own = std::uint64_t{left} << 32u | right;
    block.assign("id");
    put(block, own, 8);
    const std::uint64_t rest = siphash(key_, block);

    return uuid_text((own & ~0xffffull) | (rest >> 48u & 0x0fffu),
                     (rest & 0x3fffull << 32u) << 16u | (own & 0xffffu) << 32u | (rest & 0xffffffffu));
}

std::string Seal::handle(const Handle& handle) const {
    const Lease& lease = handle.lease;
    std::string bytes;
    bytes.reserve(lease_bytes + check_bytes);
    put(bytes, static_cast<std::uint64_t>(value_of(lease.queue)), 8);
    put(bytes, static_cast<std::uint64_t>(value_of(lease.sequence)), 8);
    put(bytes, lease.number, 4);
    put(bytes, lease.epoch, 4);
    put(bytes, lease.lane, 1);
    put(bytes, handle.second % handle_seconds, 3);
    put(bytes, siphash(key_, bytes), check_bytes);
    std::string text = base64_encode(bytes);
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

std::optional<Handle> Seal::open(std::string_view handle) const {
    if (handle.size() != handle_characters) return std::nullopt;
    std::string text(handle);
    for (char& c : text) {
        if (c == '+' || c == '/') return std::nullopt;
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    const auto bytes = base64_decode(text);
    if (!bytes || bytes->size() != lease_bytes + check_bytes) return std::nullopt;
    std::string_view rest = *bytes;
    const std::uint64_t expected = siphash(key_, rest.substr(0, lease_bytes));
    Handle opened;
    Lease& lease = opened.lease;
    lease.queue = QueueId{static_cast<std::int64_t>(get(rest, 8))};
    lease.sequence = Sequence{static_cast<std::int64_t>(get(rest, 8))};
    lease.number = static_cast<std::uint32_t>(get(rest, 4));
    lease.epoch = static_cast<std::uint32_t>(get(rest, 4));
    lease.lane = static_cast<std::uint8_t>(get(rest, 1));
    opened.second = static_cast<std::uint32_t>(get(rest, 3));
    if (get(rest, check_bytes) != expected) return std::nullopt;
    return opened;
}

}  // namespace rowmq::aws
