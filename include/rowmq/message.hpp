#pragma once
// The neutral message: rich when it enters, made specific by the protocol it leaves through.
// Values; a Message is cheap to copy (body and properties are shared and immutable).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rowmq/ids.hpp"

namespace rowmq {

using milliseconds = std::chrono::milliseconds;

/// Milliseconds since 1970-01-01 UTC, as stored. Never runs backwards within one store.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Bytes that are not text.
struct Binary {
    std::string bytes;
    friend auto operator<=>(const Binary&, const Binary&) = default;
};

struct HeaderValue;
using HeaderList = std::vector<HeaderValue>;
struct Header;
using HeaderTable = std::vector<Header>;

/// A typed value. `tag` keeps what a protocol would otherwise lose (AMQP's one-letter field type, SQS's DataType);
/// empty when the alternative says it all.
struct HeaderValue {
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Binary, WallTime, HeaderList, HeaderTable> value;
    std::string tag;
    friend bool operator==(const HeaderValue&, const HeaderValue&);
};

struct Header {
    std::string name;
    HeaderValue value;
    friend bool operator==(const Header&, const Header&);
};

inline bool operator==(const HeaderValue& a, const HeaderValue& b) { return a.tag == b.tag && a.value == b.value; }
inline bool operator==(const Header& a, const Header& b) { return a.name == b.name && a.value == b.value; }

/// Everything about a message but its body. All optional; strings are UTF-8 unless a protocol says otherwise.
struct Properties {
    std::string content_type;
    std::string content_encoding;
    std::string key;    ///< partition or routing key of the producer's protocol
    std::string group;  ///< ordered group (FIFO)
    std::string deduplication_id;
    std::string correlation_id;
    std::string reply_to;
    std::string message_id;  ///< the application's own; the broker's is Delivery::message_id
    std::string user_id;
    std::string app_id;
    std::string type;
    std::string exchange;                ///< as published to
    std::string routing_key;             ///< as published with, when not through the default exchange alone
    std::vector<std::string> more_keys;  ///< those it was published with besides
    std::optional<std::uint8_t> priority;
    std::optional<std::uint8_t> delivery_mode;
    std::optional<WallTime> timestamp;
    std::optional<milliseconds> expiration;
    HeaderTable headers;
    std::map<std::string, std::string> opaque;  ///< per protocol ("sqs", "amqp", ...): what only that one understands

    friend bool operator==(const Properties&, const Properties&) = default;
};

using SharedBytes = std::shared_ptr<const std::string>;

struct Message {
    SharedBytes body;                              ///< never null in a delivered message
    std::shared_ptr<const Properties> properties;  ///< null means all defaults

    Message() = default;
    explicit Message(std::string bytes) : body(std::make_shared<const std::string>(std::move(bytes))) {}
    Message(std::string bytes, Properties p)
        : body(std::make_shared<const std::string>(std::move(bytes))), properties(std::make_shared<const Properties>(std::move(p))) {}

    std::string_view text() const noexcept { return body ? std::string_view(*body) : std::string_view(); }
};

/// One thing to publish.
struct Publish {
    std::string exchange;  ///< empty: the default exchange, whose routing key is a queue's name
    std::string routing_key;
    Message message;
    std::string group;                   ///< required by FIFO queues, remembered by others
    std::string deduplication_id;        ///< used by queues with deduplication
    std::uint8_t priority = 0;           ///< clamped to the queue's max_priority
    std::optional<milliseconds> delay;   ///< instead of the queue's own; any length
    std::optional<WallTime> deliver_at;  ///< instead of `delay`
    std::optional<milliseconds> ttl;     ///< from publishing (or becoming due) to expiry; the queue's ttl also applies
    bool transient = false;  ///< need not outlive the process: may be given to a no_lease subscription unstored (PublishRequest::early)
    std::vector<std::string> more_keys{};  ///< it is routed by each of these as well; a queue gets it once
};

/// An exchange and the key a message came with.
struct Route {
    std::string exchange, routing_key;
    friend bool operator==(const Route&, const Route&) = default;
};

/// Why and from where a message was dead-lettered; the newest first.
struct DeadLetterRecord {
    enum class Reason : std::uint8_t { max_receives, rejected, expired, max_length };
    Reason reason;
    std::string queue;       ///< its name when it happened
    std::uint32_t count;     ///< how many times for this (queue, reason)
    std::uint32_t receives;  ///< how often it had been received there
    WallTime first;
    WallTime last;
    Route came_by{};  ///< to that queue, the first time; empty: as it was published
    friend bool operator==(const DeadLetterRecord&, const DeadLetterRecord&) = default;
};

std::string_view name_of(DeadLetterRecord::Reason) noexcept;

}  // namespace rowmq
