#pragma once
// A topic: a fanout exchange. Its attributes of SNS are kept in the exchange's as "sns:Name", its tags as "sns-tag:Key".

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/place.hpp"
#include "rowmq/look.hpp"
#include "sns/errors.hpp"
#include "sns/messages.hpp"

namespace rowmq::sns {

inline constexpr std::string_view attribute_key = "sns:";
inline constexpr std::string_view tag_key = "sns-tag:";

/// A fanout exchange whose name a topic may have, whoever made it.
bool is_topic(const ExchangeInfo& exchange) noexcept;
bool is_fifo(const ExchangeInfo& topic) noexcept;
/// Shows the topics in name order, those after `after`, until `see` answers false.
void see_topics(const Broker& broker, std::string_view after, const std::function<bool(std::string_view topic)>& see);

/// "" where there is none.
std::string attribute(const ExchangeOptions& options, std::string_view name);
/// Sets one attribute, checked as AWS checks it. `creating`: also those that are decided once. Errors: invalid_parameter.
std::optional<Refusal> set_attribute(ExchangeOptions& options, std::string_view topic, const std::string& name, const std::string& value,
                                     bool creating);

/// At most 50, keys of 1 to 128 characters, values of at most 256. Errors: invalid_parameter, tag_limit_exceeded.
std::optional<Refusal> set_tags(ExchangeOptions& options, const std::vector<Tag>& tags);
std::vector<Tag> tags_of(const ExchangeOptions& options);

/// What GetTopicAttributes says, but for the counts of subscriptions.
Map<std::string> attributes_of(const ExchangeInfo& topic, const aws::Place& place);

}  // namespace rowmq::sns
