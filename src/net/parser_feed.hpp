#pragma once
// Gives bytes to one of Beast's parsers, and keeps both from what strangers send. Internal to the parsers.

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <string_view>

namespace rowmq::net {

/// Takes what it can of `bytes` and says how much; the rest must come again, with more behind it. `rest_bytes` limits that rest
/// where Beast has no limit of its own: a chunk's extensions and trailers (then error is header_limit).
template <bool is_request>
std::size_t feed_parser(boost::beast::http::basic_parser<is_request>& parser, std::string_view bytes, std::size_t rest_bytes,
                        boost::beast::error_code& error) {
    namespace http = boost::beast::http;
    std::size_t used = 0;
    error = {};
    while (used < bytes.size() && !parser.is_done()) {
        // Beast 1.81 asserts that a last chunk it has begun to read is there whole; no chunked body ends in less.
        constexpr std::size_t last_chunk = std::string_view("0\r\n\r\n").size();
        if (parser.is_header_done() && parser.chunked() && bytes.size() - used < last_chunk) break;
        const std::size_t taken = parser.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
        used += taken;
        if (error || taken == 0) break;
    }
    if (error == http::error::need_more) error = {};
    if (!error && !parser.is_done() && bytes.size() - used > rest_bytes) error = http::error::header_limit;
    return used;
}

}  // namespace rowmq::net
