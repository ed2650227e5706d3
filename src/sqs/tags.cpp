#include "sqs/tags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>

namespace rowmq::sqs {
namespace {

constexpr std::size_t max_tags = 50;
constexpr std::size_t max_key = 128;
constexpr std::size_t max_value = 256;

/// Characters of a text that is UTF-8.
std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

}  // namespace

std::optional<Refusal> check_tags(const std::map<std::string, std::string>& there, const Map<std::string>& added, std::string_view queue) {
    const auto refuse = [](std::string text) { return Refusal{Fault::invalid_parameter_value, std::move(text)}; };
    std::set<std::string_view> keys;
    for (const auto& [key, value] : there) keys.insert(key);
    for (const auto& [key, value] : added) {
        if (key.empty() || characters(key) > max_key) return refuse("Tag keys must be between 1 and 128 characters in length.");
        if (key.starts_with("aws:")) return refuse("Tag keys cannot start with aws: which is reserved.");
        if (characters(value) > max_value) return refuse("Tag values must be between 0 and 256 characters in length.");
        keys.insert(key);
    }
    if (keys.size() > max_tags) return refuse(fmt::format("Too many tags added for queue {}.", queue));
    return std::nullopt;
}

}  // namespace rowmq::sqs
