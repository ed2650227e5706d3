#include "sns/attribute_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aws/message_attributes.hpp"

namespace rowmq::sns {
namespace {

constexpr std::size_t max_name = 256;

Refusal refuse(std::string text) { return {Fault::invalid_parameter_value, std::move(text)}; }

bool is_name_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::optional<Refusal> check_name(const std::string& name) {
    if (name.size() > max_name) return refuse("Length of message attribute name must be less than 256 bytes.");
    const auto strange = std::ranges::find_if_not(name, is_name_character);
    if (strange != name.end())
        return refuse(
            fmt::format("Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include "
                        "alphanumeric characters, hyphens, underscores, or dots.",
                        static_cast<unsigned char>(*strange)));
    if (name.starts_with('.')) return refuse("Invalid message attribute name starting with character '.' was found.");
    if (name.ends_with('.')) return refuse("Invalid message attribute name ending with character '.' was found.");
    if (name.find("..") != std::string::npos) return refuse("Message attribute name can not have successive '.' character.");
    if (!aws::is_attribute_name(name))
        return refuse(fmt::format("The message attribute name '{}' must not be empty and not begin with AWS. or Amazon.", name));
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> check_attribute_is_whole(const std::string& name, const MessageAttribute& a, std::string_view member) {
    if (a.type) return std::nullopt;
    return Refusal{Fault::validation_error,
                   fmt::format("1 validation error detected: Value null at '{}messageAttributes.{}.member.dataType' "
                               "failed to satisfy constraint: Member must not be null",
                               member, name)};
}

std::optional<Refusal> check_attribute(const std::string& name, const MessageAttribute& a) {
    if (auto wrong = check_name(name)) return wrong;
    if (!a.type || a.type->empty())
        return refuse(fmt::format("The message attribute '{}' must contain non-empty message attribute type.", name));
    if (!aws::is_data_type(*a.type))
        return refuse(
            fmt::format("The message attribute '{}' has an invalid message attribute type, the set of supported type prefixes is "
                        "Binary, Number, and String.",
                        name));
    const bool binary = a.type->starts_with("Binary");
    if ((binary ? a.text : a.bytes).has_value())
        return refuse(
            fmt::format("The message attribute '{}' with type '{}' must use field '{}'.", name, *a.type, binary ? "Binary" : "String"));
    const Text& value = binary ? a.bytes : a.text;
    if (!value || value->empty())
        return refuse(fmt::format(
            "The message attribute '{}' must contain non-empty message attribute value for message attribute type '{}'.", name, *a.type));
    if (a.type->starts_with("Number") && !aws::is_number(*value))
        return refuse(fmt::format("Could not cast message attribute '{}' value to number.", name));
    if (!binary && !aws::is_message_text(*value))
        return refuse(fmt::format("Invalid non-XML characters in the message attribute '{}'", name));
    return std::nullopt;
}

}  // namespace rowmq::sns
