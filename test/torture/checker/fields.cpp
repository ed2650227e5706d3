#include "test/torture/checker/fields.hpp"

#include <charconv>
#include <cstring>

namespace rowmq::torture {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

bool to_number(std::string_view word, std::int64_t& value) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() && !word.empty();
}

std::uint64_t hash_of(std::string_view text) {
    // Eight bytes a step, each step a multiplication whose halves are folded.
    const auto fold = [](std::uint64_t a, std::uint64_t b) {
        const auto product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    std::uint64_t hash = 0x9e3779b97f4a7c15ull ^ text.size();
    while (!text.empty()) {
        std::uint64_t piece = 0;
        const auto size = std::min<std::size_t>(text.size(), 8);
        std::memcpy(&piece, text.data(), size);
        hash = fold(hash ^ piece, 0xd6e8feb86659fd93ull);
        text.remove_prefix(size);
    }
    hash = fold(hash ^ 0xa0761d6478bd642full, 0xe7037ed1a0b428dbull);
    return hash ? hash : 1;
}

}  // namespace rowmq::torture
