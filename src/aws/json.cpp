#include "aws/json.hpp"

#include "base/word_scan.hpp"

namespace rowmq::aws {

void append_json_text(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    for (;;) {
        const std::size_t plain = json_plain_bytes(text);
        out.append(text, 0, plain);
        if (plain == text.size()) break;
        const auto c = static_cast<unsigned char>(text[plain]);
        text.remove_prefix(plain + 1);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                out += "\\u00";
                out += hex[c >> 4u];
                out += hex[c & 15u];
        }
    }
    out += '"';
}

}  // namespace rowmq::aws
