#include "net/http.hpp"

namespace rowmq::net {
namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

}  // namespace

void Fields::add(std::string_view name, std::string_view value) {
    places_.push_back(
        {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())});
    text_.append(name).append(value);
}

std::pair<std::string_view, std::string_view> Fields::operator[](std::size_t i) const noexcept {
    const Place& p = places_[i];
    const std::string_view text = text_;
    return {text.substr(p.at, p.name), text.substr(p.at + p.name, p.value)};
}

std::string_view Fields::get(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const auto [found, value] = (*this)[i];
        if (equal_ignoring_case(found, name)) return value;
    }
    return {};
}

std::string_view reason_of(unsigned status) noexcept {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 413: return "Content Too Large";
        case 415: return "Unsupported Media Type";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 503: return "Service Unavailable";
        case 507: return "Insufficient Storage";
        default: return status < 400 ? "OK" : "Error";
    }
}

}  // namespace rowmq::net
