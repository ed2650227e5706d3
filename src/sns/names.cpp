#include "sns/names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rowmq::sns {
namespace {

constexpr std::size_t name_characters = 255;  // one less than SNS: what an exchange may be called
constexpr std::string_view fifo_suffix = ".fifo";

bool is_name_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

bool is_fifo_name(std::string_view name) noexcept { return name.ends_with(fifo_suffix); }

bool is_topic_name(std::string_view name) noexcept {
    if (name.size() > name_characters) return false;
    if (is_fifo_name(name)) name.remove_suffix(fifo_suffix.size());
    return !name.empty() && std::all_of(name.begin(), name.end(), is_name_character);
}

std::string topic_arn(std::string_view topic, const aws::Place& place) {
    return fmt::format("arn:aws:sns:{}:{}:{}", place.region, place.account, topic);
}

std::string subscription_arn(std::string_view topic, std::string_view id, const aws::Place& place) {
    return fmt::format("{}:{}", topic_arn(topic, place), id);
}

std::string queue_arn(std::string_view queue, const aws::Place& place) {
    return fmt::format("arn:aws:sqs:{}:{}:{}", place.region, place.account, queue);
}

std::optional<Arn> parse_arn(std::string_view text) noexcept {
    std::string_view parts[5];
    for (auto& part : parts) {
        const auto colon = text.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        part = text.substr(0, colon);
        text.remove_prefix(colon + 1);
    }
    if (parts[0] != "arn" || text.empty()) return std::nullopt;
    return Arn{.service = parts[2], .region = parts[3], .account = parts[4], .resource = text};
}

std::optional<std::string> topic_of_arn(std::string_view text, const aws::Place& place) {
    const auto arn = parse_arn(text);
    if (!arn || arn->service != "sns" || arn->account != place.account || !is_topic_name(arn->resource)) return std::nullopt;
    return std::string(arn->resource);
}

std::optional<std::string> queue_of_arn(std::string_view text, const aws::Place& place) {
    const auto arn = parse_arn(text);
    if (!arn || arn->service != "sqs" || arn->account != place.account) return std::nullopt;
    return std::string(arn->resource);
}

std::optional<SubscriptionName> subscription_of_arn(std::string_view text, const aws::Place& place) {
    const auto arn = parse_arn(text);
    if (!arn || arn->service != "sns" || arn->account != place.account) return std::nullopt;
    const auto colon = arn->resource.find(':');
    if (colon == std::string_view::npos || !is_topic_name(arn->resource.substr(0, colon))) return std::nullopt;
    return SubscriptionName{.topic = std::string(arn->resource.substr(0, colon)), .id = std::string(arn->resource.substr(colon + 1))};
}

}  // namespace rowmq::sns
