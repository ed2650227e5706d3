#pragma once
// The content header of class basic: how long a body is, and the fourteen properties of a message.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/message.hpp"

namespace rowmq::amqp {

/// As on the wire; what is absent is none.
struct BasicProperties {
    using Text = std::optional<std::string>;
    Text content_type, content_encoding;
    std::optional<HeaderTable> headers;
    std::optional<std::uint8_t> delivery_mode, priority;
    Text correlation_id, reply_to, expiration, message_id;
    std::optional<std::uint64_t> timestamp;  ///< seconds since 1970
    Text type, user_id, app_id, cluster_id;

    friend bool operator==(const BasicProperties&, const BasicProperties&) = default;
};

struct ContentHeader {
    std::uint16_t klass = 60;
    std::uint64_t body_bytes = 0;
    BasicProperties properties;
};

/// Decodes the payload of a header frame. None: it is malformed.
std::optional<ContentHeader> read_content_header(std::string_view payload);
/// Appends the payload of a header frame.
void write_content_header(std::string& out, const ContentHeader& header);

}  // namespace rowmq::amqp
