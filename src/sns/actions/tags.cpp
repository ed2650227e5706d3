#include "sns/actions/actions.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

Answer<ExchangeInfo> resource(const Service& service, const Text& arn) {
    auto topic = service.topic(arn, "ResourceArn");
    if (!topic && topic.error().fault == Fault::not_found) return Refusal{Fault::resource_not_found, "Resource does not exist"};
    return topic;
}

awaitable<Answer<Empty>> alter(Service& service, ExchangeInfo topic) {
    const auto altered = co_await service.broker.alter_exchange(topic.name, topic.options);
    if (!altered) co_return refusal_of(altered.error());
    co_return Empty{};
}

}  // namespace

awaitable<Answer<Empty>> tag_resource(Service& service, Caller, TagResourceRequest request) {
    auto topic = resource(service, request.arn);
    if (!topic) co_return topic.error();
    if (request.tags.empty()) co_return invalid("Tags");
    if (auto wrong = set_tags(topic->options, request.tags)) co_return *std::move(wrong);
    co_return co_await alter(service, *std::move(topic));
}

awaitable<Answer<Empty>> untag_resource(Service& service, Caller, UntagResourceRequest request) {
    auto topic = resource(service, request.arn);
    if (!topic) co_return topic.error();
    for (const auto& key : request.keys) topic->options.attributes.erase(std::string(tag_key) + key);
    co_return co_await alter(service, *std::move(topic));
}

awaitable<Answer<TagsResult>> list_tags_for_resource(Service& service, Caller, ResourceRequest request) {
    const auto topic = resource(service, request.arn);
    if (!topic) co_return topic.error();
    co_return TagsResult{.tags = tags_of(topic->options)};
}

}  // namespace rowmq::sns
