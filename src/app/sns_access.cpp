#include "app/sns_access.hpp"

#include <string>

#include "aws/notification.hpp"
#include "aws/query.hpp"
#include "aws/request_id.hpp"
#include "aws/xml.hpp"

namespace rowmq::app {
namespace {

bool is_handed_out(const net::Request& request) {
    if (request.path() == aws::certificate_path) return true;
    if (request.method != "GET" || !request.body.empty()) return false;
    std::string malformed;
    const auto parameters = aws::Parameters::parse(std::string(request.query()), malformed);
    if (!parameters) return false;
    const auto action = parameters->get("Action");
    return action == "ConfirmSubscription" || action == "Unsubscribe";
}

}  // namespace

std::optional<net::Response> sns_denial(const net::Request& request, const aws::Access& access, WallTime now, Random& random) {
    if (is_handed_out(request)) return std::nullopt;
    const auto verified = access.verify(request, "sns", now);
    if (verified) return std::nullopt;
    const aws::DenialCode code = aws::code_of(verified.error().reason);
    const std::string id = aws::new_request_id(random);
    net::Response denied{.status = code.status, .content_type = "text/xml"};
    denied.fields.emplace_back("x-amzn-RequestId", id);
    denied.body = aws::write_xml_error("http://sns.amazonaws.com/doc/2010-03-31/", {.code = code.query, .text = verified.error().text}, id);
    return denied;
}

}  // namespace rowmq::app
