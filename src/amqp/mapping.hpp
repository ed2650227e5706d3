#pragma once
// A message of AMQP to and from the neutral one. A round trip through AMQP loses nothing: what the neutral message has no
// place for stays in its opaque part.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amqp/content.hpp"
#include "amqp/errors.hpp"
#include "amqp/messages.hpp"
#include "rowmq/message.hpp"
#include "rowmq/values.hpp"

namespace rowmq::amqp {

/// What a client published, ready for the broker. Errors: an expiration that is none, CC or BCC that are no lists (406).
boost::system::result<Publish, Refusal> publish_of(std::string exchange, std::string routing_key, BasicProperties properties,
                                                   std::string body);

/// What publish_of makes, made once for messages in a row that say the same: most publishers say the same for ever.
class Ready final {
public:
    /// The one of this method and properties. Errors: those of publish_of.
    boost::system::result<Publish, Refusal> publish(BasicPublish& method, const std::shared_ptr<const BasicProperties>& properties,
                                                    std::string body);

private:
    std::shared_ptr<const BasicProperties> properties_;  ///< of the last one; null: there is none
    Publish publish_;                                    ///< but for its body
};

/// Whether deliveries tell how often their message was delivered before.
enum class Counts : bool { untold, told };
/// The properties of a delivery, with x-death and, when told, x-delivery-count.
BasicProperties properties_of(const Delivery& delivery, Counts counts = Counts::untold);

/// Whether properties_of says the same for each delivery of the same message properties.
bool says_only_properties(const Delivery& delivery, Counts counts);

/// Views into the delivery, or the queue's name.
struct Origin {
    std::string_view exchange, routing_key;
    friend bool operator==(const Origin&, const Origin&) = default;
};
/// Where it was published to, or dead-lettered to, as a delivery says: not where its queue was bound.
Origin origin_of(const Delivery& delivery, std::string_view queue);

/// A whole number, also where it is written as text. None: it is none, or not there.
std::optional<std::int64_t> number_of(const HeaderValue* value);

}  // namespace rowmq::amqp
