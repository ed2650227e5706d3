#pragma once
// The description of the admin API, doc/protocols/admin-openapi.json, as it was when the program was built.

#include <string_view>

namespace rowmq::admin {

std::string_view openapi_json();

}  // namespace rowmq::admin
