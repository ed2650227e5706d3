#include "sqs/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "aws/json.hpp"
#include "aws/query.hpp"
#include "aws/request_id.hpp"
#include "aws/xml.hpp"
#include "sqs/actions/actions.hpp"
#include "sqs/peek_json.hpp"
#include "sqs/service.hpp"

namespace rowmq::sqs {
namespace {

constexpr std::string_view json_type = "application/x-amz-json-1.0";
constexpr std::string_view xml_namespace = "http://queue.amazonaws.com/doc/2012-11-05/";
constexpr std::string_view target_prefix = "AmazonSQS.";
/// LocalStack's endpoint to look at messages without receiving them.
constexpr std::string_view peek_path = "/_aws/sqs/messages";

/// One request on its way through.
struct Call {
    Service& service;
    Caller caller;
    std::string action;
    std::string request_id;
    bool query = false;
    aws::Parameters parameters;  ///< of a Query request
    std::string body;            ///< of a JSON request
    std::string path;            ///< names the queue, where no QueueUrl does
    bool wants_json = false;     ///< of a look at messages
    std::function<awaitable<void>()> unsent;
};

net::Response response(Call& call, unsigned status, std::string body) {
    net::Response r;
    r.status = status;
    r.content_type = call.query ? "text/xml" : std::string(json_type);
    r.fields.emplace_back("x-amzn-RequestId", call.request_id);
    r.body = std::move(body);
    return r;
}

net::Response refuse(Call& call, Refusal refusal) {
    const Code code = code_of(refusal.fault);
    if (call.query) {
        if (refusal == no_such_queue()) refusal.text = "The specified queue does not exist for this wsdl version.";
        const aws::XmlError error{.code = code.query, .text = std::move(refusal.text), .sender = code.sender, .detail = true};
        return response(call, code.status, aws::write_xml_error(xml_namespace, error, call.request_id));
    }
    std::string body = fmt::format("{{\"__type\":\"com.amazonaws.sqs#{}\",\"message\":", code.json);
    aws::append_json_text(body, refusal.text);
    body += '}';
    net::Response r = response(call, code.status, std::move(body));
    r.fields.emplace_back("x-amzn-query-error", fmt::format("{};{}", code.query, code.sender ? "Sender" : "Receiver"));
    return r;
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
    auto malformed = call.query ? aws::read_query(call.parameters, request) : aws::read_json(call.body, request);
    if (malformed) co_return refuse(call, {Fault::malformed_request, *std::move(malformed)});
    call.body = {};
    if constexpr (requires { request.queue_url; }) {
        if (!request.queue_url && call.path.size() > 1) request.queue_url = call.path;
    }
    const auto answer = co_await action(call.service, call.caller, std::move(request));
    if (!answer) co_return refuse(call, answer.error());
    net::Response r =
        response(call, 200, call.query ? aws::write_xml(xml_namespace, call.action, *answer, call.request_id) : aws::write_json(*answer));
    r.unsent = std::move(call.unsent);
    co_return r;
}

/// Only ReceiveMessage, or no action at all, may be asked of the endpoint that looks. It names the queue by QueueUrl or in its path,
/// behind the region.
awaitable<net::Response> run_peek(Call& call) {
    if (!call.action.empty() && call.action != "ReceiveMessage")
        co_return refuse(call, {Fault::invalid_action, "This endpoint only accepts ReceiveMessage calls."});
    PeekMessagesRequest request;
    auto malformed = call.query ? aws::read_query(call.parameters, request) : aws::read_json(call.body, request);
    if (malformed) co_return refuse(call, {Fault::malformed_request, *std::move(malformed)});
    if (!request.queue_url && call.path.size() > peek_path.size() + 1) request.queue_url = call.path.substr(peek_path.size());
    const auto answer = co_await peek_messages(call.service, call.caller, std::move(request));
    if (!answer) co_return refuse(call, answer.error());
    if (!call.query) co_return response(call, 200, aws::write_json(*answer));
    if (!call.wants_json) co_return response(call, 200, aws::write_xml(xml_namespace, "ReceiveMessage", *answer, call.request_id));
    net::Response r = response(call, 200, write_peek_json(*answer, call.request_id));
    r.content_type = "application/json";
    co_return r;
}

bool is_peek(std::string_view path) { return path == peek_path || (path.starts_with(peek_path) && path[peek_path.size()] == '/'); }

struct Served {
    std::string_view name;
    awaitable<net::Response> (*run)(Call&);
};
constexpr Served served[] = {
    {"AddPermission", &run<&add_permission>},
    {"CancelMessageMoveTask", &run<&cancel_message_move_task>},
    {"ChangeMessageVisibility", &run<&change_message_visibility>},
    {"ChangeMessageVisibilityBatch", &run<&change_message_visibility_batch>},
    {"CreateQueue", &run<&create_queue>},
    {"DeleteMessage", &run<&delete_message>},
    {"DeleteMessageBatch", &run<&delete_message_batch>},
    {"DeleteQueue", &run<&delete_queue>},
    {"GetQueueAttributes", &run<&get_queue_attributes>},
    {"GetQueueUrl", &run<&get_queue_url>},
    {"ListDeadLetterSourceQueues", &run<&list_dead_letter_source_queues>},
    {"ListMessageMoveTasks", &run<&list_message_move_tasks>},
    {"ListQueueTags", &run<&list_queue_tags>},
    {"ListQueues", &run<&list_queues>},
    {"PurgeQueue", &run<&purge_queue>},
    {"ReceiveMessage", &run<&receive_message>},
    {"RemovePermission", &run<&remove_permission>},
    {"SendMessage", &run<&send_message>},
    {"SendMessageBatch", &run<&send_message_batch>},
    {"SetQueueAttributes", &run<&set_queue_attributes>},
    {"StartMessageMoveTask", &run<&start_message_move_task>},
    {"TagQueue", &run<&tag_queue>},
    {"UntagQueue", &run<&untag_queue>},
};
static_assert(std::is_sorted(std::begin(served), std::end(served), [](const Served& a, const Served& b) { return a.name < b.name; }));

const Served* find_served(std::string_view name) {
    const auto found =
        std::lower_bound(std::begin(served), std::end(served), name, [](const Served& s, std::string_view n) { return s.name < n; });
    return found != std::end(served) && found->name == name ? found : nullptr;
}

/// Which action a request asks for, in which protocol; its parameters.
std::optional<Refusal> recognise(net::Request& request, Call& call) {
    call.path = request.path();
    const std::string_view target = request.fields.get("X-Amz-Target");
    if (!target.empty()) {
        if (!target.starts_with(target_prefix))
            return Refusal{Fault::invalid_action, fmt::format("{} is not an action of AmazonSQS.", target)};
        call.action = target.substr(target_prefix.size());
        call.body = std::move(request.body);
        return std::nullopt;
    }
    call.query = true;
    std::string text(request.query());
    if (request.method == "POST" && !request.body.empty()) {
        if (text.empty()) {
            text = std::move(request.body);
        } else {
            text.append("&").append(request.body);
        }
    }
    std::string malformed;
    auto parameters = aws::Parameters::parse(std::move(text), malformed);
    if (!parameters) return Refusal{Fault::malformed_request, std::move(malformed)};
    call.parameters = *std::move(parameters);
    const auto action = call.parameters.get("Action");
    call.wants_json = request.fields.get("Accept").find("json") != std::string_view::npos;
    if (!action && is_peek(call.path)) return std::nullopt;
    if (!action) return Refusal{Fault::missing_action, "The request must contain the parameter Action."};
    call.action = *action;
    return std::nullopt;
}

}  // namespace

Protocol::Protocol(Broker& broker, Clock& clock, Random& random, Settings settings, aws::Notifications* notifications)
    : service_(std::make_unique<Service>(broker, clock, random, std::move(settings), notifications)) {}

Protocol::~Protocol() = default;

void Protocol::close() {
    for (Session& session : service_->sessions) session.close();
}

awaitable<net::Response> Protocol::handle(net::Request request) {
    Call call{.service = *service_};
    const std::string_view host = request.fields.get("Host");
    call.caller.origin =
        fmt::format("{}://{}", request.secure ? "https" : "http", host.empty() ? std::string_view(service_->settings.host) : host);
    call.caller.peer = request.peer;
    call.caller.unsent = &call.unsent;
    call.request_id = aws::new_request_id(service_->random);

    call.query = request.fields.get("X-Amz-Target").empty();
    auto key_id = service_->settings.access.verify(request, "sqs", service_->clock.wall());
    if (!key_id) co_return refuse(call, refusal_of(key_id.error()));
    call.caller.key_id = *std::move(key_id);
    call.caller.trace = request.fields.get("X-Amzn-Trace-Id");
    if (auto refused = recognise(request, call)) co_return refuse(call, *std::move(refused));
    if (is_peek(call.path)) co_return co_await run_peek(call);
    const Served* action = find_served(call.action);
    if (!action) co_return refuse(call, {Fault::invalid_action, fmt::format("The action {} is not valid for this endpoint.", call.action)});
    co_return co_await action->run(call);
}

}  // namespace rowmq::sqs
