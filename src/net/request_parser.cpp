#include "net/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace rowmq::net {
namespace http = boost::beast::http;

RequestParser::RequestParser(std::uint32_t header_bytes, std::uint64_t body_bytes) {
    eager(true);
    header_limit(header_bytes);
    body_limit(body_bytes);
}

std::size_t RequestParser::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !is_done()) {
        // Beast 1.81 asserts that a last chunk it has begun to read is there whole; no chunked body ends in less.
        constexpr std::size_t last_chunk = std::string_view("0\r\n\r\n").size();
        if (is_header_done() && chunked() && bytes.size() - used < last_chunk) break;
        error_code error;
        const std::size_t taken = put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
        used += taken;
        if (error == http::error::need_more) break;
        if (error) {
            failed_ = error == http::error::header_limit ? 431 : error == http::error::body_limit ? 413 : 400;
            break;
        }
        if (taken == 0) break;
    }
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
