#pragma once
// Forms with a file (multipart/form-data, RFC 7578), as pages for people and `curl --form` send definitions.

#include <optional>
#include <string>
#include <string_view>

namespace rowmq::management {

bool is_form(std::string_view content_type);
/// What the part named "file" holds. None: there is none, or that is no form.
std::optional<std::string> file_in_form(std::string_view content_type, std::string_view body);

}  // namespace rowmq::management
