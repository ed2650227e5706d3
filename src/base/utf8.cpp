#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rowmq {

bool is_utf8(std::string_view text) noexcept {
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = p + text.size();
    while (p != end) {
        if (end - p >= 8) {  // eight ASCII bytes at once
            std::uint64_t word;
            std::memcpy(&word, p, 8);
            if ((word & 0x8080808080808080u) == 0) {
                p += 8;
                continue;
            }
        }
        const unsigned char lead = *p;
        if (lead < 0x80) {
            ++p;
            continue;
        }
        std::ptrdiff_t more;
        unsigned char low = 0x80, high = 0xbf;  // bounds of the second byte
        if (lead >= 0xc2 && lead <= 0xdf) {
            more = 1;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            more = 2;
            if (lead == 0xe0) low = 0xa0;
            if (lead == 0xed) high = 0x9f;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            more = 3;
            if (lead == 0xf0) low = 0x90;
            if (lead == 0xf4) high = 0x8f;
        } else {
            return false;
        }
        if (end - p <= more || p[1] < low || p[1] > high) return false;
        for (std::ptrdiff_t k = 2; k <= more; ++k)
            if (p[k] < 0x80 || p[k] > 0xbf) return false;
        p += more + 1;
    }
    return true;
}

}  // namespace rowmq
