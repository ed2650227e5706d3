#pragma once
// A message of AMQP to and from the neutral one. A round trip through AMQP loses nothing: what the neutral message has no
// place for stays in its opaque part.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amqp/content.hpp"
#include "amqp/errors.hpp"
#include "rowmq/message.hpp"
#include "rowmq/values.hpp"

namespace rowmq::amqp {

/// What a client published, ready for the broker. Errors: an expiration that is none, CC or BCC that are no lists (406).
boost::system::result<Publish, Refusal> publish_of(std::string exchange, std::string routing_key, BasicProperties properties,
                                                   std::string body);

/// Whether deliveries tell how often their message was delivered before.
enum class Counts : bool { untold, told };
/// The properties of a delivery, with x-death and, when told, x-delivery-count.
BasicProperties properties_of(const Delivery& delivery, Counts counts = Counts::untold);

/// Where it was published to, or dead-lettered to, as a delivery says: not where its queue was bound.
Route origin_of(const Delivery& delivery, std::string_view queue);

/// A whole number, also where it is written as text. None: it is none, or not there.
std::optional<std::int64_t> number_of(const HeaderValue* value);

}  // namespace rowmq::amqp
