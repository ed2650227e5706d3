#pragma once
// Messages looked at, as LocalStack's developer endpoint writes them in JSON: its XML answer turned into objects, where one element
// is an object, several are a list, none are null. Values.

#include <string>
#include <string_view>

#include "sqs/messages.hpp"

namespace rowmq::sqs {

std::string write_peek_json(const ReceiveMessageResult& result, std::string_view request_id);

}  // namespace rowmq::sqs
