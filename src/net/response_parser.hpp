#pragma once
// Bytes to one ClientResponse, no socket: Beast's parser filling our value. Internal to the client.

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>

#include "net/http_client.hpp"

namespace rowmq::net {

class ResponseParser final : public boost::beast::http::basic_parser<false> {
public:
    /// `head_only`: the answer to HEAD, which has no body whatever its fields say.
    ResponseParser(std::uint32_t header_bytes, std::uint64_t body_bytes, bool head_only);

    /// Takes what it can of `bytes` and says how much; the rest must come again, with more behind it. Look at failed() and
    /// is_done() afterwards.
    std::size_t feed(std::string_view bytes);
    /// No more bytes come; where no length was given that ends the body, else it is a failure.
    void end();
    const boost::beast::error_code& failed() const noexcept { return failed_; }
    bool started() const noexcept { return got_some(); }
    /// One of those that come before the answer: "100 Continue".
    bool interim() const noexcept { return response.status / 100 == 1; }

    ClientResponse response;

private:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

    void on_request_impl(boost::beast::http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int status, string_view reason, int version, error_code&) override;
    void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code&) override;
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override;
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override;
    void on_finish_impl(error_code&) override {}

    std::uint32_t header_bytes_;
    error_code failed_;
};

}  // namespace rowmq::net
