#include "sqs/refusals.hpp"

#include <fmt/format.h>

#include "aws/json.hpp"
#include "aws/request_id.hpp"
#include "aws/xml.hpp"
#include "sqs/errors.hpp"

namespace rowmq::sqs {
namespace {

struct Words {
    Code code;
    std::string text;
};

Words words_for(unsigned status, const net::HttpLimits& limits) {
    switch (status) {
        case 413:
            return {{"RequestEntityTooLarge", "RequestEntityTooLarge", 413},
                    fmt::format("The body of the request is larger than {} bytes.", limits.body_bytes)};
        case 431:
            return {{"RequestHeaderSectionTooLarge", "RequestHeaderSectionTooLarge", 431},
                    fmt::format("The header of the request is larger than {} bytes.", limits.header_bytes)};
        case 503:
            return {code_of(Fault::service_unavailable), "The server is starting, or has no room for another request. Please try again."};
        default: {
            Code code = code_of(Fault::malformed_request);
            code.status = status;
            return {code, "The request is not HTTP/1.1."};
        }
    }
}

}  // namespace

net::Response refusal_before_reading(unsigned status, const net::Request* so_far, const net::HttpLimits& limits, Random& random) {
    const auto [code, text] = words_for(status, limits);
    net::Response response;
    response.status = code.status;
    const std::string id = aws::new_request_id(random);
    response.fields.emplace_back("x-amzn-RequestId", id);

    const bool known = so_far && !so_far->method.empty();
    if (!known && status >= 500) return response;
    const bool json =
        known && (!so_far->fields.get("X-Amz-Target").empty() || so_far->fields.get("Content-Type").find("json") != std::string_view::npos);
    if (!json) {
        response.content_type = "text/xml";
        const aws::XmlError error{.code = code.query, .text = text, .sender = code.sender, .detail = true};
        response.body = aws::write_xml_error("http://queue.amazonaws.com/doc/2012-11-05/", error, id);
        return response;
    }
    response.content_type = "application/x-amz-json-1.0";
    response.fields.emplace_back("x-amzn-query-error", fmt::format("{};{}", code.query, code.sender ? "Sender" : "Receiver"));
    response.body = fmt::format("{{\"__type\":\"com.amazonaws.sqs#{}\",\"message\":", code.json);
    aws::append_json_text(response.body, text);
    response.body += '}';
    return response;
}

}  // namespace rowmq::sqs
