#pragma once
// Amazon SQS over HTTP: AWS JSON 1.0 and Query, on any path.
//
// Threads: the broker's executor. Errors: every request gets an answer in its own protocol.

#include <memory>

#include "aws/notification.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "net/http.hpp"
#include "rowmq/broker.hpp"
#include "sqs/names.hpp"

namespace rowmq::sqs {

class Protocol final {
public:
    /// All must outlive this. `clock` is only read. `notifications` renders what came through SNS; null: nothing does.
    Protocol(Broker& broker, Clock& clock, Random& random, Settings settings = {}, aws::Notifications* notifications = nullptr);
    ~Protocol();
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;

    /// What net::HttpServer calls. Must not outlive this.
    awaitable<net::Response> handle(net::Request request);

    /// Releases every lease given through SQS. After the HTTP server has stopped.
    void close();

private:
    std::unique_ptr<struct Service> service_;
};

}  // namespace rowmq::sqs
