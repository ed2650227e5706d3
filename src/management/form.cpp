#include "management/form.hpp"

#include <algorithm>

namespace rowmq::management {
namespace {

constexpr std::string_view form_type = "multipart/form-data", line_end = "\r\n", blank_line = "\r\n\r\n";

bool same_letter(char a, char b) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return small(a) == small(b);
}

bool starts_with(std::string_view text, std::string_view word) {
    return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), same_letter);
}

/// The value of `name` among what stands behind semicolons: `; name="file"; filename=d.json`. Empty: it is not there.
std::string_view parameter(std::string_view field, std::string_view name) {
    for (auto at = field.find(';'); at != std::string_view::npos; at = field.find(';')) {
        field.remove_prefix(at + 1);
        field.remove_prefix(std::min(field.find_first_not_of(" \t"), field.size()));
        const bool wanted = starts_with(field, name) && field.substr(name.size()).starts_with('=');
        field.remove_prefix(std::min(field.find_first_of("=;"), field.size()));
        if (!field.starts_with('=')) continue;
        const bool quoted = field.substr(1).starts_with('"');
        field.remove_prefix(quoted ? 2 : 1);
        const std::string_view value = field.substr(0, field.find_first_of(quoted ? "\"" : "; \t"));
        if (wanted) return value;
        field.remove_prefix(value.size());
    }
    return {};
}

bool names_file(std::string_view fields) {
    constexpr std::string_view wanted = "content-disposition:";
    while (!fields.empty()) {
        const auto end = fields.find(line_end);
        const std::string_view field = fields.substr(0, end);
        if (starts_with(field, wanted)) return parameter(field, "name") == "file";
        fields.remove_prefix(end == std::string_view::npos ? fields.size() : end + line_end.size());
    }
    return false;
}

}  // namespace

bool is_form(std::string_view content_type) { return starts_with(content_type, form_type); }

std::optional<std::string> file_in_form(std::string_view content_type, std::string_view body) {
    const std::string_view boundary = parameter(content_type, "boundary");
    if (boundary.empty()) return std::nullopt;
    const std::string first = "--" + std::string(boundary), next = std::string(line_end) + first;
    auto at = body.starts_with(first) ? first.size() : body.find(next);
    if (at == std::string_view::npos) return std::nullopt;
    if (!body.starts_with(first)) at += next.size();
    for (;;) {
        body.remove_prefix(at);
        if (body.starts_with("--")) return std::nullopt;  // it was the last
        const auto line = body.find(line_end), begin = body.find(blank_line), end = body.find(next);
        if (begin == std::string_view::npos || end == std::string_view::npos || begin > end) return std::nullopt;
        const auto fields = line + line_end.size(), content = begin + blank_line.size();
        if (fields < begin && names_file(body.substr(fields, begin - fields)))
            return std::string(body.substr(content, end > content ? end - content : 0));
        at = end + next.size();
    }
}

}  // namespace rowmq::management
