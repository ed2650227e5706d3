#pragma once
// Amazon SNS over HTTP: Query, on any path, beside SQS on its port.
//
// Threads: the broker's executor. Errors: every request gets an answer in its own protocol.

#include <memory>

#include "aws/access.hpp"
#include "aws/notification.hpp"
#include "aws/place.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "net/http.hpp"
#include "net/http_client.hpp"
#include "rowmq/broker.hpp"
#include "sns/deliveries.hpp"

namespace rowmq::sns {

class Protocol final {
public:
    /// All must outlive this; `signer` may be null.
    Protocol(Broker& broker, Clock& clock, Random& random, aws::Place place, aws::Notifications& notifications, aws::Signer* signer,
             net::HttpClientOptions outbound = {}, aws::Access access = aws::Access());
    ~Protocol();
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;

    /// Whether a request that came to the port of SQS means SNS: by its API version, its action, or the certificate's path.
    static bool is_for(const net::Request& request);

    /// Takes up what an earlier process left: sends to confirmed endpoints, removes what nobody owns.
    awaitable<void> start();
    /// What net::HttpServer calls. Must not outlive this.
    awaitable<net::Response> handle(net::Request request);
    /// Attempts and messages to HTTP endpoints since the start.
    Deliveries::Counts deliveries() const;
    /// Ends deliveries. After the HTTP server has stopped.
    void close();

private:
    aws::Access access_;  ///< who may call
    std::unique_ptr<struct Service> service_;
};

}  // namespace rowmq::sns
