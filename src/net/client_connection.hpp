#pragma once
// One connection of the client: made to an address that was checked, asked one thing at a time. Internal to the client.
// Threads: one executor. Errors are those of HttpClient::send().

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "net/client_call.hpp"
#include "net/client_url.hpp"
#include "net/http_client.hpp"
#include "net/stream.hpp"

namespace rowmq::net {

class ClientConnection final {
public:
    struct Aims {
        const AddressRule& addresses;
        std::chrono::milliseconds connect_time;
        const TlsContext* tls;  ///< of an https URL
    };
    /// Looks the name up once, and connects to one of the addresses found that may be connected to.
    static awaitable<Result<std::unique_ptr<ClientConnection>>> open(boost::asio::any_io_executor executor, ClientCall& call,
                                                                     const ClientUrl& url, Aims aims);

    struct Answer {
        Result<ClientResponse> response;
        bool unheard = false;  ///< an error: the server closed the connection before a byte of the answer came
        bool keep = false;     ///< the connection is good for another request
    };
    awaitable<Answer> ask(ClientCall& call, const ClientUrl& url, const ClientRequest& request, const HttpClientOptions& limits);

    /// Nothing came on an idle connection, not even its end.
    bool silent();

    explicit ClientConnection(const boost::asio::any_io_executor& executor) : stream_(Stream::tcp::socket(executor)) {}

private:
    awaitable<Result<void>> secure(ClientCall& call, const ClientUrl& url, const TlsContext& tls);
    void cut();

    Stream stream_;
};

}  // namespace rowmq::net
