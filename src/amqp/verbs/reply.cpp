// Direct reply-to: answers that go from channel to channel, through no queue (RabbitMQ's amq.rabbitmq.reply-to).

#include <fmt/format.h>

#include "amqp/channel_say.hpp"

namespace rowmq::amqp {
namespace {

const std::string place_of_replies = "amq.rabbitmq.reply-to", address_of_a_reply = place_of_replies + ".";

}  // namespace

void Channel::consume_replies(const BasicConsume& method) {
    if (!method.no_ack) return fail(Refusal(Code::precondition_failed, "reply consumer cannot acknowledge"), method.id);
    if (!reply_token_.empty()) return fail(Refusal(Code::precondition_failed, "reply consumer already set"), method.id);
    reply_tag_ = method.consumer_tag;
    reply_token_ = Service::generated("");
    unaddressed_.reset();
    service_.replies[reply_token_] = weak_from_this();
    if (!method.no_wait) say(BasicConsumeOk{{reply_tag_}});
}

bool Channel::cancel_replies(const std::string& tag) {
    if (reply_token_.empty() || tag != reply_tag_) return false;
    service_.replies.erase(reply_token_);
    reply_token_.clear();
    return true;
}

/// A request says where its answer is awaited: nobody else can name that place.
std::optional<Refusal> Channel::give_reply_address(Published& request) {
    const auto& reply_to = request.properties->reply_to;
    if (!reply_to || *reply_to != place_of_replies) return std::nullopt;
    if (reply_token_.empty()) return Refusal(Code::precondition_failed, "fast reply consumer does not exist");
    if (request.properties != unaddressed_) {
        BasicProperties addressed = *request.properties;
        *addressed.reply_to += "." + reply_token_;
        unaddressed_ = request.properties;
        addressed_ = std::make_shared<const BasicProperties>(std::move(addressed));
    }
    request.properties = addressed_;
    return std::nullopt;
}

bool Channel::is_reply(const Published& published) {
    return published.method.exchange.empty() && published.method.routing_key.starts_with(address_of_a_reply);
}

bool Channel::hand_over(const Published& reply) {
    const auto found = service_.replies.find(std::string_view(reply.method.routing_key).substr(address_of_a_reply.size()));
    const auto to = found == service_.replies.end() ? nullptr : found->second.lock();
    return to && to->take_reply(reply);
}

bool Channel::take_reply(const Published& answer) {
    if (stopped_ || closing_ || connection_.unsent() > service_.settings.unsent_bytes) return false;
    connection_.say(number_,
                    BasicDeliver{.consumer_tag = reply_tag_,
                                 .delivery_tag = unsettled_.next_tag(),
                                 .redelivered = false,
                                 .exchange = {},
                                 .routing_key = answer.method.routing_key},
                    *answer.properties, answer.body);
    return true;
}

}  // namespace rowmq::amqp
