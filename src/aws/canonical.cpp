// Escaping and ordering: the same request is the same text, however its client wrote it.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "aws/hex.hpp"
#include "aws/signature.hpp"

namespace rowmq::aws {
namespace {

bool is_unreserved(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

void append_escaped(std::string& out, std::string_view text, bool keep_slashes) {
    static constexpr char hex[] = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_unreserved(c) || (keep_slashes && c == '/')) {
            out += c;
            continue;
        }
        out += '%';
        out += hex[static_cast<unsigned char>(c) >> 4u];
        out += hex[static_cast<unsigned char>(c) & 15u];
    }
}

std::size_t escaped_size(std::string_view text) noexcept {
    std::size_t size = text.size();
    for (const char c : text)
        if (!is_unreserved(c)) size += 2;
    return size;
}

/// Where a parameter stands in the decoded text.
struct Parameter {
    std::uint32_t name, name_size, value, value_size;
};

/// The order of the escaped texts, told from the decoded ones: '%' comes before every unreserved character, and escapes are in
/// the order of what they stand for.
bool escaped_before(std::string_view a, std::string_view b) noexcept {
    const auto rank = [](char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)) + (is_unreserved(c) ? 256u : 0u); };
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return rank(x) < rank(y); });
}

/// Decodes text[in...] where it stands, to text[out...], up to `stop` or '&'. A broken escape stands for itself.
void decode_until(char stop, std::string& text, std::size_t& in, std::size_t& out) {
    while (in < text.size() && text[in] != stop && text[in] != '&') {
        char c = text[in++];
        if (c == '+') c = ' ';
        if (c == '%' && text.size() - in >= 2) {
            const int high = hex_digit(text[in]), low = hex_digit(text[in + 1]);
            if (high >= 0 && low >= 0) {
                c = static_cast<char>(high * 16 + low);
                in += 2;
            }
        }
        text[out++] = c;
    }
}

}  // namespace

std::string canonical_path(std::string_view path) {
    std::string resolved;
    resolved.reserve(path.size() + 1);
    std::string_view rest = path;
    while (!rest.empty()) {
        const std::string_view segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
        if (segment.empty() || segment == ".") continue;
        if (segment == "..") {
            resolved.resize(resolved.empty() ? 0 : resolved.rfind('/'));
            continue;
        }
        resolved.append("/").append(segment);
    }
    if (resolved.empty() || path.ends_with('/')) resolved += '/';
    std::string out;
    out.reserve(escaped_size(resolved));
    append_escaped(out, resolved, true);
    return out;
}

std::optional<std::string> canonical_query(std::string_view query) {
    std::string text(query);
    std::vector<Parameter> places;
    for (std::size_t in = 0, out = 0; in < text.size(); ++in) {
        if (text[in] == '&') continue;
        Parameter place{};
        place.name = static_cast<std::uint32_t>(out);
        decode_until('=', text, in, out);
        place.name_size = static_cast<std::uint32_t>(out) - place.name;
        place.value = static_cast<std::uint32_t>(out);
        if (in < text.size() && text[in] == '=') decode_until('&', text, ++in, out);
        place.value_size = static_cast<std::uint32_t>(out) - place.value;
        if (text.compare(place.name, place.name_size, "X-Amz-Signature") == 0) continue;
        if (places.size() == max_signed_parameters) return std::nullopt;
        places.push_back(place);
    }
    const auto name = [&](const Parameter& p) { return std::string_view(text).substr(p.name, p.name_size); };
    const auto value = [&](const Parameter& p) { return std::string_view(text).substr(p.value, p.value_size); };
    std::sort(places.begin(), places.end(), [&](const Parameter& a, const Parameter& b) {
        if (name(a) != name(b)) return escaped_before(name(a), name(b));
        return escaped_before(value(a), value(b));
    });
    std::size_t size = 0;
    for (const Parameter& p : places) size += escaped_size(name(p)) + escaped_size(value(p)) + 2;
    std::string out;
    out.reserve(size);
    for (const Parameter& p : places) {
        if (!out.empty()) out += '&';
        append_escaped(out, name(p), false);
        out += '=';
        append_escaped(out, value(p), false);
    }
    return out;
}

}  // namespace rowmq::aws
