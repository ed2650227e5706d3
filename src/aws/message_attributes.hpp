#pragma once
// Message attributes as SQS and SNS have them: a type, and a text or bytes; and the characters their messages may hold.

#include <string_view>

#include "aws/wire.hpp"

namespace rowmq::aws {

/// The attribute that says that a body stands in Base64, because it is no text: "base64".
inline constexpr std::string_view body_encoding = "RowMQ.BodyEncoding";

/// "String", "Number" or "Binary", perhaps with ".something" behind it.
bool is_data_type(std::string_view type) noexcept;

/// 1 to 256 bytes of letters (of ASCII, and U+00C0 to U+017F), digits, hyphens, underscores and periods; no period first, last or twice
/// in a row; not AWS. or Amazon.
bool is_attribute_name(std::string_view name) noexcept;

/// Only characters SQS and XML allow: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.
bool is_message_text(std::string_view text) noexcept;

/// A number as an attribute of type Number may hold one.
bool is_number(std::string_view text) noexcept;

/// A batch entry's id: 1 to 80 letters, digits, hyphens, underscores.
bool is_batch_id(std::string_view id) noexcept;
/// A message group or deduplication id: 1 to 128 letters, digits and ASCII punctuation.
bool is_group_id(std::string_view id) noexcept;

}  // namespace rowmq::aws
