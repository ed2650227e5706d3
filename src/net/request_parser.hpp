#pragma once
// Bytes to one Request, no socket: Beast's parser filling our value.

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>

#include "net/http.hpp"

namespace rowmq::net {

class RequestParser final : public boost::beast::http::basic_parser<true> {
public:
    RequestParser(std::uint32_t header_bytes, std::uint64_t body_bytes);

    /// Takes what it can of `bytes` and says how much; the rest must come again, with more behind it. Look at failed()
    /// and is_done() afterwards.
    std::size_t feed(std::string_view bytes);
    /// 0, or the status that tells the client what was wrong with its request.
    unsigned failed() const noexcept { return failed_; }
    bool started() const noexcept { return got_some(); }
    /// The client waits for "100 Continue" before it sends the body.
    bool expects_continue() const noexcept { return expects_continue_; }

    Request request;

private:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;
    void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int, error_code&) override;
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code&) override;
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override;
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override;
    void on_finish_impl(error_code&) override {}

    std::uint32_t header_bytes_;
    unsigned failed_ = 0;
    bool expects_continue_ = false;
};

}  // namespace rowmq::net
