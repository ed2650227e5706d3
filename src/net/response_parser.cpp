#include "net/response_parser.hpp"

#include "net/parser_feed.hpp"

namespace rowmq::net {
namespace http = boost::beast::http;

ResponseParser::ResponseParser(std::uint32_t header_bytes, std::uint64_t body_bytes, bool head_only) : header_bytes_(header_bytes) {
    eager(true);
    header_limit(header_bytes);
    body_limit(body_bytes);
    skip(head_only);
}

std::size_t ResponseParser::feed(std::string_view bytes) { return feed_parser(*this, bytes, header_bytes_, failed_); }

void ResponseParser::end() {
    if (is_done() || failed_) return;
    if (!got_some() || !is_header_done()) {
        failed_ = http::error::partial_message;
        return;
    }
    put_eof(failed_);
}

void ResponseParser::on_response_impl(int status, string_view, int, error_code&) { response.status = static_cast<unsigned>(status); }

void ResponseParser::on_field_impl(http::field, string_view name, string_view value, error_code&) {
    response.fields.add({name.data(), name.size()}, {value.data(), value.size()});
}

std::size_t ResponseParser::on_body_impl(string_view body, error_code&) {
    response.body.append(body.data(), body.size());
    return body.size();
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, string_view body, error_code&) {
    response.body.append(body.data(), body.size());
    return body.size();
}

}  // namespace rowmq::net
