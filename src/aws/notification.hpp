#pragma once
// What SNS sends: a notification as the JSON envelope that SQS subscriptions and HTTP endpoints get, and what of it is signed
// (Amazon SNS Developer Guide, "Parsing message formats" and "Verifying the signatures of messages").

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/place.hpp"
#include "aws/seal.hpp"
#include "aws/signer.hpp"
#include "aws/wire.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::aws {

struct Notification {
    enum class Type { notification, subscription_confirmation, unsubscribe_confirmation };
    struct Attribute {
        std::string type, value;  ///< bytes in Base64
    };
    Type type = Type::notification;
    std::string message_id, topic_arn, message, timestamp;
    Text sequence_number;  ///< of FIFO topics, whose notifications are not signed
    Text subject;
    Text token, subscribe_url;  ///< of confirmations
    std::string unsubscribe_url;
    Map<Attribute> attributes;
    SignatureVersion signature_version = SignatureVersion::sha1;
};
std::string_view name_of(Notification::Type type) noexcept;

/// ISO 8601 in UTC with milliseconds: "2026-11-26T01:02:03.004Z".
std::string iso_time(WallTime time);

/// The lines that are signed.
std::string text_to_sign(const Notification& notification);
/// The JSON document. Without a signature it has none of the members about it.
std::string envelope(const Notification& notification, std::string_view signature, std::string_view certificate_url);

// ---------------------------------------------------------------------------------------------- from the queue

/// A subscription: its topic, which need not be what the message was published to (another exchange may feed it), and its id.
struct Subscribed {
    std::string topic, id;
};
/// What marks its deliveries in Delivery::note: "sns:ID:TOPIC".
std::string note_of(const Subscribed& subscribed);
/// The subscription a delivery came by; none: another way. Notes of earlier versions have no topic: it is what was published to.
std::optional<Subscribed> subscribed_of(const Delivery& delivery);

// Names in Properties::opaque, Properties::exchange and ExchangeOptions::attributes of what SNS published.
inline constexpr std::string_view opaque_subject = "sns.subject";
inline constexpr std::string_view opaque_http = "sns.http";    ///< the message for http endpoints, where it differs
inline constexpr std::string_view opaque_https = "sns.https";  ///< the same for https
inline constexpr std::string_view attribute_signature = "sns:SignatureVersion";

/// Where the path of the certificate's URL is served.
inline constexpr std::string_view certificate_path = "/SimpleNotificationService.pem";

/// Turns deliveries into envelopes. Threads: the broker's executor; signs on the signer's.
class Notifications final {
public:
    /// All must outlive this. Without a signer envelopes are not signed.
    Notifications(Broker& broker, const Place& place, Signer* signer);

    /// The envelope of a delivery that came `by` a subscription. `origin`: of the URLs in it ("http://localhost:9324").
    /// `message`: instead of the delivery's body.
    awaitable<std::string> render(Delivery delivery, Subscribed by, std::string origin, Text message = std::nullopt);
    /// Signed, where there is a signer and it can.
    awaitable<std::string> render(Notification notification, std::string origin);

private:
    Broker& broker_;
    const Place& place_;
    Signer* signer_;
    Seal seal_;
};

}  // namespace rowmq::aws
