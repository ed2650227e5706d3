#pragma once
// An HTTP/1.1 client for requests this program makes on somebody's behalf: http and https, with a rule for which addresses it
// may reach and a limit on everything a stranger's server could make it wait for or keep.
//
// Threads: one executor (the broker's strand); send() is called and resumes there. Ownership: the client owns its connections;
// destroying it ends what is under way with Errc::closed, and those coroutines may outlive it. Every await has a deadline.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http.hpp"
#include "net/outbound_address.hpp"
#include "rowmq/error.hpp"

namespace rowmq::net {

struct ClientRequest {
    std::string method = "GET";
    std::string url;  ///< "https://host:port/path?query"; no user, no fragment is sent; at most 8 KiB
    /// In this order. Host, Connection, Content-Length, Transfer-Encoding and Expect are the client's own to write;
    /// User-Agent is written when it is not here.
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};

struct ClientResponse {
    unsigned status = 0;
    Fields fields;
    std::string body;
};

struct HttpClientOptions {
    std::chrono::milliseconds total_time = std::chrono::seconds(15);   ///< of one send(), redirects included
    std::chrono::milliseconds connect_time = std::chrono::seconds(5);  ///< per hop: name, connection and TLS
    std::uint32_t header_bytes = 16 * 1024;                            ///< of one answer, its first line included
    std::uint64_t body_bytes = 64 * 1024;                              ///< of one answer
    unsigned redirects = 0;                                            ///< followed at most; 0: a 3xx is the answer
    AddressRule addresses{};
    std::string ca_file;                                             ///< PEM; empty: the system's trust store
    std::size_t idle_connections = 16;                               ///< kept for later, in all
    std::size_t idle_per_origin = 2;                                 ///< of them with one scheme, host and port
    std::chrono::milliseconds idle_time = std::chrono::seconds(20);  ///< how long one is kept
};

class HttpClient final {
public:
    HttpClient(boost::asio::any_io_executor executor, HttpClientOptions options);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// The answer, whatever its status. The name is looked up once a hop, and the connection goes to an address of that
    /// look-up that options.addresses allows. A redirect is checked as a new request, never goes from https to http, and keeps
    /// method and body for 307 and 308; Authorization and Cookie do not go along to another origin.
    /// A request is sent again only when the server had closed a kept connection before a byte of the answer came.
    /// Errors:
    ///   invalid_argument  the URL (scheme, user, port, characters), the method or a field, or the target of a redirect
    ///   access_refused    the address, a redirect from https to http, a certificate that is not trusted for that host
    ///   limit_exceeded    time, header, body or redirects; the text names the limit
    ///   closed            no answer: the name is unknown, nobody listens, the connection ended, the answer is not HTTP, or
    ///                     the client was destroyed; the text says which
    awaitable<Result<ClientResponse>> send(ClientRequest request);

private:
    std::shared_ptr<struct HttpClientState> state_;
};

}  // namespace rowmq::net
