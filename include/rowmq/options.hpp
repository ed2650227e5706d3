#pragma once
// What a queue, an exchange and a broker can be told. Values with the defaults of the field; ranges are checked by
// Broker::declare_* and named in its errors (limits: src/base/limits.hpp).

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "rowmq/message.hpp"

namespace rowmq {

enum class QueueKind : std::uint8_t { standard, fifo };
enum class Overflow : std::uint8_t {
    drop_oldest,
    reject,              ///< what does not fit is refused
    reject_dead_letter,  ///< it is refused, and goes where the queue's dead letters go
};

/// Delay before attempt n+1 (n = receives so far): min(max, initial * multiplier^(n-1)), plus or minus jitter * that.
struct Backoff {
    milliseconds initial{0};  ///< 0: no backoff, a release is ready at once
    double multiplier = 2.0;  ///< 1 to 10
    milliseconds max = std::chrono::hours(1);
    double jitter = 0.1;     ///< 0 to 1, the share of the delay drawn at random
    bool on_expiry = false;  ///< also when a lease runs out
    friend bool operator==(const Backoff&, const Backoff&) = default;
};

/// Dead-lettering is routing: an exchange and a key. With the default exchange ("") the key is a queue's name.
struct DeadLetter {
    std::string exchange;
    std::optional<std::string> routing_key;  ///< none: the message's own
    bool expired = true;                     ///< what expires goes there as well; else it is dropped
    bool or_drop = false;                    ///< what reaches no queue is dropped; else it stays where it is
    friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};

struct Deduplication {
    enum class Scope : std::uint8_t { queue, group };
    bool enabled = false;
    bool content_based = false;  ///< SHA-256 of the body where a publish carries no id
    Scope scope = Scope::queue;
    milliseconds window = std::chrono::minutes(5);
    friend bool operator==(const Deduplication&, const Deduplication&) = default;
};

struct QueueOptions {
    QueueKind kind = QueueKind::standard;
    milliseconds lease = std::chrono::seconds(30);  ///< how long a receive holds a message (SQS: visibility timeout)
    milliseconds delay{0};                          ///< before a published message becomes ready
    std::optional<milliseconds> ttl;                ///< from publishing (or becoming due) to expiry; none: kept until consumed
    milliseconds wait{0};                           ///< long poll where a receive names no wait
    std::int64_t max_message_bytes = 1'048'576;
    std::optional<std::int64_t> max_length;  ///< ready messages
    std::optional<std::int64_t> max_bytes;   ///< of ready messages
    Overflow overflow = Overflow::drop_oldest;
    std::uint8_t max_priority = 0;            ///< 0: no priorities
    std::optional<milliseconds> idle_expiry;  ///< deleted when unused (no consumer, receive, declare) for so long
    std::uint32_t max_receives = 0;           ///< 0: unlimited; else dead-lettered (dropped without a target) after
    std::optional<DeadLetter> dead_letter;
    Backoff backoff;
    Deduplication deduplication;
    std::optional<bool> strict_counting;  ///< none: on with max_receives, else the broker's default
    bool paused = false;                  ///< nothing is delivered; publishing goes on
    std::map<std::string, std::string> tags;
    std::map<std::string, std::string> attributes;  ///< a protocol's own ("sqs.Policy"), kept as they are

    friend bool operator==(const QueueOptions&, const QueueOptions&) = default;
};

enum class ExchangeKind : std::uint8_t {
    direct,   ///< to what is bound by the same key
    fanout,   ///< to all that is bound
    topic,    ///< to what is bound by a pattern of the key's words: * is one, # any number of them (AMQP 0-9-1)
    headers,  ///< to what is bound by headers the message has (BindingOptions::headers)
    hash,     ///< to one of what is bound, the same for the same HashOn; a binding's key is its weight, a number from 1
};

/// What of a message an exchange of kind hash looks at; what a message lacks is the same for all that lack it.
struct HashOn {
    enum class What : std::uint8_t { routing_key, header, message_id, correlation_id, timestamp };
    What what = What::routing_key;
    std::string header{};  ///< its name
    friend bool operator==(const HashOn&, const HashOn&) = default;
};

struct ExchangeOptions {
    ExchangeKind kind = ExchangeKind::direct;
    std::string alternate;  ///< the exchange that gets what reaches no queue; empty: nobody does
    std::map<std::string, std::string> attributes;
    HashOn hash_on{};  ///< of kind hash only
    friend bool operator==(const ExchangeOptions&, const ExchangeOptions&) = default;
};

/// Numbers since the queue was created (totals) and now (gauges). In every committed state
/// sent = ready + delayed + leased + done + dead_lettered + expired + purged + overflowed + redriven.
/// `sent` counts what was put into this queue, by publishing as well as by dead-lettering or redrive into it.
struct QueueCounts {
    std::int64_t ready = 0, delayed = 0, leased = 0;
    std::int64_t sent = 0, done = 0, dead_lettered = 0, expired = 0, purged = 0, overflowed = 0, redriven = 0;
    std::int64_t bytes = 0;                       ///< of bodies and properties waiting, delayed or leased
    std::int64_t delivered = 0, redelivered = 0;  ///< since this process started
    friend bool operator==(const QueueCounts&, const QueueCounts&) = default;
};

}  // namespace rowmq
