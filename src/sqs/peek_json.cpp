#include "sqs/peek_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/base64.hpp"

namespace rowmq::sqs {
namespace {

namespace json = boost::json;

json::value one_or_list(json::array list) {
    if (list.empty()) return nullptr;
    if (list.size() == 1) return std::move(list.front());
    return list;
}

void add_list(json::object& out, std::string_view name, json::array list) {
    if (!list.empty()) out[name] = one_or_list(std::move(list));
}

json::object written(const MessageAttribute& attribute) {
    json::object value;
    if (attribute.text) value["StringValue"] = *attribute.text;
    if (attribute.bytes) value["BinaryValue"] = base64_encode(*attribute.bytes);
    value["DataType"] = attribute.type.value_or("String");
    return value;
}

json::object written(const ReceivedMessage& m) {
    json::object out{{"MessageId", m.message_id}, {"ReceiptHandle", m.receipt_handle}, {"MD5OfBody", m.body_md5}, {"Body", m.body}};
    json::array system, attributes;
    for (const auto& [name, value] : m.system_attributes) system.push_back(json::object{{"Name", name}, {"Value", value}});
    add_list(out, "Attribute", std::move(system));
    if (m.attributes_md5) out["MD5OfMessageAttributes"] = *m.attributes_md5;
    for (const auto& [name, value] : m.attributes) attributes.push_back(json::object{{"Name", name}, {"Value", written(value)}});
    add_list(out, "MessageAttribute", std::move(attributes));
    return out;
}

}  // namespace

std::string write_peek_json(const ReceiveMessageResult& result, std::string_view request_id) {
    json::value messages = nullptr;
    if (!result.messages.empty()) {
        json::array list;
        for (const auto& message : result.messages) list.push_back(written(message));
        messages = json::object{{"Message", one_or_list(std::move(list))}};
    }
    return json::serialize(
        json::object{{"ReceiveMessageResponse", json::object{{"ReceiveMessageResult", std::move(messages)},
                                                             {"ResponseMetadata", json::object{{"RequestId", request_id}}}}}});
}

}  // namespace rowmq::sqs
