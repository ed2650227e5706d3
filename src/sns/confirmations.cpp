#include "sns/confirmations.hpp"

#include <fmt/format.h>

#include "sns/names.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

aws::Notification linked(const Subscription& s, Saying saying) {
    aws::Notification n;
    n.message_id = std::move(saying.message_id);
    n.topic_arn = topic_arn(s.topic, saying.place);
    n.token = s.token;
    n.subscribe_url = fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", saying.origin, n.topic_arn, s.token);
    n.timestamp = aws::iso_time(saying.at);
    const auto topic = saying.broker.exchange(s.topic);
    if (topic && attribute(topic->options, "SignatureVersion") == "2") n.signature_version = aws::SignatureVersion::sha256;
    return n;
}

}  // namespace

aws::Notification subscription_confirmation(const Subscription& s, Saying saying) {
    aws::Notification n = linked(s, std::move(saying));
    n.type = aws::Notification::Type::subscription_confirmation;
    n.message = fmt::format(
        "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
        n.topic_arn);
    return n;
}

aws::Notification unsubscribe_confirmation(const Subscription& s, Saying saying) {
    const std::string arn = subscription_arn(s.topic, s.id, saying.place);
    aws::Notification n = linked(s, std::move(saying));
    n.type = aws::Notification::Type::unsubscribe_confirmation;
    n.message = fmt::format(
        "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL "
        "included in this message.",
        arn);
    return n;
}

}  // namespace rowmq::sns
