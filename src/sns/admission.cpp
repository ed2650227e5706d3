#include "sns/admission.hpp"

#include <string>

#include "aws/notification.hpp"
#include "aws/query.hpp"
#include "aws/request_id.hpp"
#include "aws/xml.hpp"
#include "sns/messages.hpp"

namespace rowmq::sns {
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

Admission admit(const net::Request& request, const aws::Access& access, WallTime now, Random& random) {
    const auto verified = access.verify(request, "sns", now);
    if (verified) return {};
    if (is_handed_out(request)) return {.denied = std::nullopt, .known = false};
    const aws::DenialCode code = aws::code_of(verified.error().reason);
    const std::string id = aws::new_request_id(random);
    net::Response denied{.status = code.status, .content_type = "text/xml"};
    denied.fields.emplace_back("x-amzn-RequestId", id);
    denied.body = aws::write_xml_error(xml_namespace, {.code = code.query, .text = verified.error().text}, id);
    return {.denied = std::move(denied), .known = false};
}

}  // namespace rowmq::sns
