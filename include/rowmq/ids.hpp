#pragma once
// The identifiers of RowMQ: integers that do not mix.
// Ids and sequences come from one growing counter per store, reserved ahead in blocks and never reused.

#include <compare>
#include <cstdint>
#include <type_traits>

namespace rowmq {

enum class NamespaceId : std::int64_t {};
enum class QueueId : std::int64_t {};
enum class ExchangeId : std::int64_t {};
enum class MessageId : std::int64_t {};

/// Place of an entry in its queue's lane. Strictly growing; a message that moves or becomes due gets a new one.
enum class Sequence : std::int64_t {};

/// A commit number: what a publisher's confirm waits for. Grows by one per batch handed to the engine.
enum class Ticket : std::uint64_t {};

template <typename Id>
requires std::is_enum_v<Id>
constexpr auto value_of(Id id) noexcept { return static_cast<std::underlying_type_t<Id>>(id); }

}  // namespace rowmq
