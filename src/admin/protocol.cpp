#include "admin/protocol.hpp"

namespace rowmq::admin {
namespace {

net::Response as_http(Response answer) {
    net::Response response;
    response.status = static_cast<unsigned>(answer.status);
    response.content_type = std::move(answer.content_type);
    response.body = std::move(answer.body);
    response.unsent = std::move(answer.unsent);
    if (!answer.allow.empty()) response.fields.emplace_back("Allow", std::move(answer.allow));
    response.fields.emplace_back("Cache-Control", "no-store");
    return response;
}

}  // namespace

awaitable<net::Response> Protocol::answer(net::Request request) {
    auto question = parse_target(request.method, request.target);
    if (question.has_error()) co_return as_http(error_response(question.error()));
    question->content_type = std::string(request.fields.get("Content-Type"));
    question->origin = std::string(request.fields.get("Origin"));
    question->host = std::string(request.fields.get("Host"));
    question->body = std::move(request.body);
    if (request.peer) question->on_end = [peer = request.peer](std::function<void()> then) { peer->on_end(std::move(then)); };
    auto answer = co_await admin_.handle(std::move(*question));
    co_return as_http(std::move(answer));
}

}  // namespace rowmq::admin
