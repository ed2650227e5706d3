#include "net/request_parser.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include "net/parser_feed.hpp"

namespace rowmq::net {
namespace http = boost::beast::http;

RequestParser::RequestParser(std::uint32_t header_bytes, std::uint64_t body_bytes) : header_bytes_(header_bytes) {
    eager(true);
    header_limit(header_bytes);
    body_limit(body_bytes);
}

std::size_t RequestParser::feed(std::string_view bytes) {
    error_code error;
    const std::size_t used = feed_parser(*this, bytes, header_bytes_, error);
    if (error) failed_ = error == http::error::header_limit ? 431 : error == http::error::body_limit ? 413 : 400;
    return used;
}

void RequestParser::on_request_impl(http::verb, string_view method, string_view target, int, error_code&) {
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
}

void RequestParser::on_field_impl(http::field field, string_view name, string_view value, error_code&) {
    if (field == http::field::expect && boost::beast::iequals(value, "100-continue")) expects_continue_ = true;
    request.fields.add({name.data(), name.size()}, {value.data(), value.size()});
}

std::size_t RequestParser::on_body_impl(string_view body, error_code&) {
    request.body.append(body.data(), body.size());
    return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view body, error_code&) {
    request.body.append(body.data(), body.size());
    return body.size();
}

}  // namespace rowmq::net
