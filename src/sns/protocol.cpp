#include "sns/protocol.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "aws/query.hpp"
#include "aws/xml.hpp"
#include "sns/actions/actions.hpp"
#include "sns/admission.hpp"
#include "sns/service.hpp"
#include "sns/topic.hpp"

namespace rowmq::sns {
namespace {

constexpr std::string_view version = "Version=2010-03-31";

/// One request on its way through.
struct Call {
    Service& service;
    Caller caller;
    std::string action, request_id;
    aws::Parameters parameters;
};

net::Response response(const Call& call, unsigned status, std::string body) {
    net::Response r;
    r.status = status;
    r.content_type = "text/xml";
    r.fields.emplace_back("x-amzn-RequestId", call.request_id);
    r.body = std::move(body);
    return r;
}

net::Response refuse(const Call& call, const Refusal& refusal) {
    const Code code = code_of(refusal.fault);
    const aws::XmlError error{.code = code.name, .text = refusal.text, .sender = code.sender};
    return response(call, code.status, aws::write_xml_error(xml_namespace, error, call.request_id));
}

template <typename Action>
struct Types;
template <typename In, typename Out>
struct Types<awaitable<Answer<Out>> (*)(Service&, Caller, In)> {
    using Request = In;
};

/// Reads the request, runs the action, writes its result.
template <auto action>
awaitable<net::Response> run(Call& call) {
    typename Types<decltype(action)>::Request request;
    if (auto malformed = aws::read_query(call.parameters, request))
        co_return refuse(call, {Fault::malformed_request, *std::move(malformed)});
    const auto answer = co_await action(call.service, call.caller, std::move(request));
    if (!answer) co_return refuse(call, answer.error());
    co_return response(call, 200, aws::write_xml(xml_namespace, call.action, *answer, call.request_id));
}

/// Mobile push, SMS and its sandbox: SNS has them, here is nothing to send them with.
awaitable<net::Response> run_unserved(Call& call) {
    co_return refuse(call, invalid(call.action, "SMS and mobile push are not served: topics send to SQS queues and HTTP endpoints."));
}

/// A list of what there is none of: tools that list everything go on.
template <typename M>
awaitable<net::Response> run_none(Call& call) {
    co_return response(call, 200, aws::write_xml(xml_namespace, call.action, M{}, call.request_id));
}

struct Served {
    std::string_view name;
    awaitable<net::Response> (*run)(Call&);
};
constexpr Served served[] = {
    {"AddPermission", &run<&add_permission>},
    {"CheckIfPhoneNumberIsOptedOut", &run_unserved},
    {"ConfirmSubscription", &run<&confirm_subscription>},
    {"CreatePlatformApplication", &run_unserved},
    {"CreatePlatformEndpoint", &run_unserved},
    {"CreateSMSSandboxPhoneNumber", &run_unserved},
    {"CreateTopic", &run<&create_topic>},
    {"DeleteEndpoint", &run_unserved},
    {"DeletePlatformApplication", &run_unserved},
    {"DeleteSMSSandboxPhoneNumber", &run_unserved},
    {"DeleteTopic", &run<&delete_topic>},
    {"GetDataProtectionPolicy", &run<&get_data_protection_policy>},
    {"GetEndpointAttributes", &run_unserved},
    {"GetPlatformApplicationAttributes", &run_unserved},
    {"GetSMSAttributes", &run_none<NoSmsAttributes>},
    {"GetSMSSandboxAccountStatus", &run_unserved},
    {"GetSubscriptionAttributes", &run<&get_subscription_attributes>},
    {"GetTopicAttributes", &run<&get_topic_attributes>},
    {"ListEndpointsByPlatformApplication", &run_unserved},
    {"ListOriginationNumbers", &run_unserved},
    {"ListPhoneNumbersOptedOut", &run_none<NoPhoneNumbers>},
    {"ListPlatformApplications", &run_none<NoPlatformApplications>},
    {"ListSMSSandboxPhoneNumbers", &run_unserved},
    {"ListSubscriptions", &run<&list_subscriptions>},
    {"ListSubscriptionsByTopic", &run<&list_subscriptions_by_topic>},
    {"ListTagsForResource", &run<&list_tags_for_resource>},
    {"ListTopics", &run<&list_topics>},
    {"OptInPhoneNumber", &run_unserved},
    {"Publish", &run<&publish>},
    {"PublishBatch", &run<&publish_batch>},
    {"PutDataProtectionPolicy", &run<&put_data_protection_policy>},
    {"RemovePermission", &run<&remove_permission>},
    {"SetEndpointAttributes", &run_unserved},
    {"SetPlatformApplicationAttributes", &run_unserved},
    {"SetSMSAttributes", &run_unserved},
    {"SetSubscriptionAttributes", &run<&set_subscription_attributes>},
    {"SetTopicAttributes", &run<&set_topic_attributes>},
    {"Subscribe", &run<&subscribe>},
    {"TagResource", &run<&tag_resource>},
    {"Unsubscribe", &run<&unsubscribe>},
    {"UntagResource", &run<&untag_resource>},
    {"VerifySMSSandboxPhoneNumber", &run_unserved},
};
static_assert(std::is_sorted(std::begin(served), std::end(served), [](const Served& a, const Served& b) { return a.name < b.name; }));

const Served* find_served(std::string_view name) {
    const auto found =
        std::lower_bound(std::begin(served), std::end(served), name, [](const Served& s, std::string_view n) { return s.name < n; });
    return found != std::end(served) && found->name == name ? found : nullptr;
}

/// The parameters of a Query request, encoded.
std::string encoded_parameters(net::Request& request) {
    std::string text(request.query());
    if (request.method != "POST" || request.body.empty()) return text;
    if (text.empty()) return std::move(request.body);
    return text.append("&").append(request.body);
}

/// A parameter that stands in form-encoded text as it is; its value as it is there.
std::string_view raw_parameter(std::string_view text, std::string_view name) {
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string_view::npos; at += name.size()) {
        if (at != 0 && text[at - 1] != '&') continue;
        const auto value = text.substr(at + name.size());
        return value.substr(0, value.find('&'));
    }
    return {};
}

bool means_sns(std::string_view text) {
    const std::string_view said = raw_parameter(text, "Version=");
    if (!said.empty()) return said == version.substr(version.find('=') + 1);
    const std::string_view action = raw_parameter(text, "Action=");
    // Both services have these two; without a version SQS has them.
    return action != "AddPermission" && action != "RemovePermission" && find_served(action) != nullptr;
}

}  // namespace

Protocol::Protocol(Broker& broker, Clock& clock, Random& random, aws::Place place, aws::Notifications& notifications, aws::Signer* signer,
                   net::HttpClientOptions outbound, aws::Access access)
    : access_(std::move(access)),
      service_(std::make_unique<Service>(broker, clock, random, std::move(place), notifications, signer, std::move(outbound))) {}

Protocol::~Protocol() = default;

bool Protocol::is_for(const net::Request& request) {
    if (!request.fields.get("X-Amz-Target").empty()) return false;
    if (request.path() == aws::certificate_path) return true;
    return means_sns(request.query()) || means_sns(request.body);
}

awaitable<void> Protocol::start() {
    Service& service = *service_;
    std::vector<Subscription> sent_to;
    std::set<std::string> owned;
    see_topics(service.broker, "", [&](std::string_view topic) {
        see_subscriptions(service.broker, topic, "", [&](Subscription s) {
            service.directory.put(s);
            if (s.is_http()) owned.insert(s.queue);
            if (s.is_http() && !s.pending) sent_to.push_back(std::move(s));
            return true;
        });
        return true;
    });
    for (const Subscription& s : sent_to) {
        if (!s.ended) {
            service.deliveries.start(s);
            continue;
        }
        // Whether its farewell is in the queue a crash leaves open: all that is there is replaced by one.
        if (s.told) continue;
        const auto stored = co_await service.deliveries.farewell(s);
        if (!stored) spdlog::warn("sns: {} is not told that its subscription has ended: {}", s.endpoint, stored.error().text);
    }
    co_await forget_ended(service, std::size_t(-1));
    // A crash between the two commits of Subscribe leaves a queue without its binding.
    std::string after;
    for (;;) {
        const auto queues = service.broker.queues(delivery_queue_prefix, after);
        if (queues.empty()) co_return;
        for (const QueueInfo& queue : queues) {
            after = queue.name;
            if (owned.contains(queue.name)) continue;
            co_await service.broker.delete_queue(queue.name, {});
        }
    }
}

Deliveries::Counts Protocol::deliveries() const { return service_->deliveries.counts(); }

void Protocol::close() {
    service_->deliveries.close();
    service_->publisher.close();
}

awaitable<net::Response> Protocol::handle(net::Request request) {
    Admission admission = admit(request, access_, service_->clock.wall(), service_->random);
    if (admission.denied) co_return *std::move(admission.denied);
    Call call{.service = *service_, .caller = {}, .action = {}, .request_id = service_->new_id(), .parameters = {}};
    call.caller.known = admission.known;
    const std::string_view host = request.fields.get("Host");
    call.caller.origin =
        fmt::format("{}://{}", request.secure ? "https" : "http", host.empty() ? std::string_view(service_->place.host) : host);
    if (request.path() == aws::certificate_path) {
        net::Response answer{.status = 404, .content_type = "text/plain", .body = "nothing is signed here\n"};
        if (!service_->signer) co_return answer;
        const Result<std::string> certificate = co_await service_->signer->certificate();
        answer.body = certificate ? *certificate : certificate.error().text + "\n";
        if (certificate) {
            answer.status = 200;
            answer.content_type = "application/x-pem-file";
        }
        co_return answer;
    }
    std::string malformed;
    auto parameters = aws::Parameters::parse(encoded_parameters(request), malformed);
    if (!parameters) co_return refuse(call, {Fault::malformed_request, malformed});
    call.parameters = *std::move(parameters);
    const auto action = call.parameters.get("Action");
    if (!action) co_return refuse(call, {Fault::missing_action, "The request must contain the parameter Action."});
    call.action = *action;
    const Served* found = find_served(call.action);
    if (!found) co_return refuse(call, {Fault::invalid_action, fmt::format("The action {} is not valid for this endpoint.", call.action)});
    co_return co_await found->run(call);
}

}  // namespace rowmq::sns
