#include "sqs/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rowmq::sqs {
namespace {

constexpr std::size_t name_characters = 80;
constexpr std::size_t account_digits = 12;

bool is_letter_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_name_character(char c) noexcept { return is_letter_or_digit(c) || c == '-' || c == '_'; }

/// Queues of other protocols may have any name: what a URL reserves is escaped.
void append_escaped(std::string& out, std::string_view name) {
    static constexpr char hex[] = "0123456789ABCDEF";
    for (const char c : name) {
        if (is_name_character(c) || c == '.' || c == '~') {
            out += c;
            continue;
        }
        out += '%';
        out += hex[static_cast<unsigned char>(c) >> 4u];
        out += hex[static_cast<unsigned char>(c) & 15u];
    }
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned code = 0;
        for (int k = 0; k < 2; ++k) {
            if (++i == text.size()) return std::nullopt;
            const char c = text[i];
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return std::nullopt;
            code = code * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        out += static_cast<char>(code);
    }
    return out;
}

}  // namespace

bool is_fifo_name(std::string_view name) noexcept { return name.ends_with(".fifo"); }

bool is_queue_name(std::string_view name) noexcept {
    if (name.size() > name_characters) return false;
    if (is_fifo_name(name)) name.remove_suffix(5);
    return !name.empty() && std::all_of(name.begin(), name.end(), is_name_character);
}

std::string url_of(std::string_view queue, std::string_view origin, const Settings& settings) {
    std::string url = fmt::format("{}/{}/", origin, settings.account);
    append_escaped(url, queue);
    return url;
}

std::optional<std::string> queue_of_url(std::string_view url, const Settings& settings) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
        url.remove_prefix(scheme + 3);
        const auto path = url.find('/');
        if (path == std::string_view::npos) return std::nullopt;
        url.remove_prefix(path);
    }
    url = url.substr(0, url.find_first_of("?#"));
    while (url.ends_with('/')) url.remove_suffix(1);
    const auto slash = url.rfind('/');
    const std::string_view last = slash == std::string_view::npos ? url : url.substr(slash + 1);
    if (last.empty()) return std::nullopt;
    if (slash != std::string_view::npos) {
        const std::string_view before = url.substr(0, slash);
        const std::string_view account = before.substr(before.rfind('/') + 1);
        const bool is_account = account.size() == account_digits && account.find_first_not_of("0123456789") == std::string_view::npos;
        if (is_account && account != settings.account) return std::nullopt;
    }
    return unescaped(last);
}

std::string arn_of(std::string_view queue, const Settings& settings) {
    return fmt::format("arn:aws:sqs:{}:{}:{}", settings.region, settings.account, queue);
}

std::optional<std::string> queue_of_arn(std::string_view arn, const Settings& settings) {
    // arn:partition:sqs:region:account:name
    std::string_view parts[5];
    for (auto& part : parts) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        part = arn.substr(0, colon);
        arn.remove_prefix(colon + 1);
    }
    if (parts[0] != "arn" || parts[2] != "sqs" || parts[4] != settings.account || arn.empty()) return std::nullopt;
    return std::string(arn);
}

}  // namespace rowmq::sqs
