#include "aws/signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "base/sha256.hpp"

namespace rowmq::aws {
namespace {

bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Without space around it, and one where there were several.
void append_trimmed(std::string& out, std::string_view value) {
    bool space = false, first = true;
    for (const char c : value) {
        if (c == ' ' || c == '\t') {
            space = true;
            continue;
        }
        if (space && !first) out += ' ';
        space = first = false;
        out += c;
    }
}

/// "name:value\n", the values of repeated fields in their order, behind commas.
void append_header(std::string& out, const net::Fields& fields, std::string_view name) {
    out.append(name).append(":");
    bool more = false;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto [field, value] = fields[i];
        if (!same_name(field, name)) continue;
        if (more) out += ',';
        more = true;
        append_trimmed(out, value);
    }
    out += '\n';
}

std::string hmac(std::string_view key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest.data(), &size);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

std::optional<int> digits(std::string_view text) {
    int n = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        n = n * 10 + (c - '0');
    }
    return n;
}

struct Parts {
    std::optional<int> year, month, day, hour, minute, second;
};

std::optional<WallTime> time_of_parts(const Parts& p) {
    if (!p.year || !p.month || !p.day || !p.hour || !p.minute || !p.second) return std::nullopt;
    const auto date = std::chrono::year(*p.year) / *p.month / *p.day;
    if (!date.ok() || *p.hour > 23 || *p.minute > 59 || *p.second > 60) return std::nullopt;
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*p.hour) + std::chrono::minutes(*p.minute) +
           std::chrono::seconds(*p.second);
}

std::optional<int> month_of(std::string_view name) {
    static constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto at = names.find(name);
    if (name.size() != 3 || at == std::string_view::npos || at % 3 != 0) return std::nullopt;
    return static_cast<int>(at / 3) + 1;
}

/// Of a name with other characters than these the list of signed headers could not be read again.
bool is_signed_by_us(std::string_view lower_case_name) noexcept {
    if (lower_case_name == "host" || lower_case_name == "content-type") return true;
    return lower_case_name.starts_with("x-amz-") &&
           lower_case_name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

std::string timestamp_of(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<WallTime> time_of(std::string_view t) {
    if (t.size() == 16 && t[8] == 'T' && t[15] == 'Z')
        return time_of_parts({digits(t.substr(0, 4)), digits(t.substr(4, 2)), digits(t.substr(6, 2)), digits(t.substr(9, 2)),
                              digits(t.substr(11, 2)), digits(t.substr(13, 2))});
    // Sun, 30 Aug 2015 12:36:00 GMT
    if (t.size() == 29 && t.substr(3, 2) == ", " && t[19] == ':' && t[22] == ':' && t.ends_with(" GMT"))
        return time_of_parts({digits(t.substr(12, 4)), month_of(t.substr(8, 3)), digits(t.substr(5, 2)), digits(t.substr(17, 2)),
                              digits(t.substr(20, 2)), digits(t.substr(23, 2))});
    return std::nullopt;
}

std::string Scope::text() const { return fmt::format("{}/{}/{}/{}", date, region, service, scope_terminator); }

std::optional<std::string> canonical_request(const net::Request& request, std::string_view signed_headers, std::string_view body_hash) {
    std::vector<std::string_view> names;
    for (std::string_view rest = signed_headers; !rest.empty();) {
        const std::string_view name = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        if (names.size() == max_signed_headers || std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
        names.push_back(name);
    }
    const std::string path = canonical_path(request.path());
    const auto query = canonical_query(request.query());
    if (!query) return std::nullopt;
    std::size_t header_bytes = 0;
    for (std::size_t i = 0; i < request.fields.size(); ++i) header_bytes += request.fields[i].second.size() + 1;
    std::string out;
    out.reserve(request.method.size() + path.size() + query->size() + header_bytes + 2 * signed_headers.size() + 2 * names.size() +
                body_hash.size() + 8);
    out.append(request.method).append("\n").append(path).append("\n").append(*query).append("\n");
    for (const std::string_view name : names) append_header(out, request.fields, name);
    out.append("\n").append(signed_headers).append("\n").append(body_hash);
    return out;
}

std::string string_to_sign(std::string_view timestamp, const Scope& scope, std::string_view canonical_request) {
    return fmt::format("{}\n{}\n{}\n{}", signing_algorithm, timestamp, scope.text(), sha256_hex(canonical_request));
}

std::string signature_of(std::string_view secret, const Scope& scope, std::string_view string_to_sign) {
    std::string key = hmac("AWS4" + std::string(secret), scope.date);
    for (const std::string_view part : {std::string_view(scope.region), std::string_view(scope.service), scope_terminator})
        key = hmac(key, part);
    static constexpr char hex[] = "0123456789abcdef";
    std::string text;
    for (const char c : hmac(key, string_to_sign)) {
        text += hex[static_cast<unsigned char>(c) >> 4u];
        text += hex[static_cast<unsigned char>(c) & 15u];
    }
    return text;
}

bool sign(net::Request& request, const SigningKey& key, std::string_view region, std::string_view service, WallTime now) {
    if (request.fields.get("Host").empty()) return false;
    std::vector<std::string> names{"x-amz-date"};
    for (std::size_t i = 0; i < request.fields.size(); ++i) {
        std::string name(request.fields[i].first);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
        if (name == "authorization" || name == "x-amz-date") return false;
        if (is_signed_by_us(name)) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const std::string signed_headers = fmt::format("{}", fmt::join(names, ";"));
    const std::string timestamp = timestamp_of(now);

    net::Request dated;
    dated.method = request.method;
    dated.target = request.target;
    dated.fields = request.fields;
    dated.fields.add("X-Amz-Date", timestamp);
    const auto canonical = canonical_request(dated, signed_headers, sha256_hex(request.body));
    if (!canonical) return false;
    const Scope scope{.date = timestamp.substr(0, 8), .region = std::string(region), .service = std::string(service)};
    const std::string signature = signature_of(key.secret, scope, string_to_sign(timestamp, scope, *canonical));
    dated.fields.add("Authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", signing_algorithm, key.id,
                                                  scope.text(), signed_headers, signature));
    request.fields = std::move(dated.fields);
    return true;
}

}  // namespace rowmq::aws
