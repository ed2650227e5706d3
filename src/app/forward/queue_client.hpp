#pragma once
// One queue of a server that speaks SQS, as `rowmq forward` needs it: AWS itself, ElasticMQ, LocalStack or RowMQ.
// Threads: one executor. Errors: closed (nobody answers), access_refused, no_such_queue, invalid_argument (what the server said).

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "aws/signature.hpp"
#include "net/http_client.hpp"
#include "rowmq/error.hpp"

namespace rowmq::app {

struct QueueEnd {
    std::string url;      ///< of the queue: "http://localhost:9324/000000000000/orders"
    std::string region;   ///< to sign for
    aws::SigningKey key;  ///< empty: sent unsigned
};

/// "us-west-2" of "https://sqs.us-west-2.amazonaws.com/..."; empty when the host does not say.
std::string region_of(const std::string& url);

class QueueClient final {
public:
    QueueClient(net::HttpClient& client, QueueEnd end) : client_(client), end_(std::move(end)) {}

    /// Messages as SQS's JSON has them; empty when none came within `wait`.
    boost::asio::awaitable<Result<boost::json::array>> receive(std::chrono::seconds wait);
    /// The places in `messages` of those the server has taken; the first reason why others were not is in `refused`.
    boost::asio::awaitable<Result<std::vector<std::size_t>>> send(boost::json::array messages, std::string& refused);
    /// How many were removed.
    boost::asio::awaitable<Result<std::size_t>> remove(std::vector<std::string> handles);

    struct Counts {
        std::int64_t visible = 0, not_visible = 0, delayed = 0;
    };
    boost::asio::awaitable<Result<Counts>> counts();

private:
    boost::asio::awaitable<Result<boost::json::object>> call(std::string action, boost::json::object body);

    net::HttpClient& client_;
    QueueEnd end_;
};

}  // namespace rowmq::app
