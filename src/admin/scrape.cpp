// GET /metrics, for Prometheus.

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "admin/routes.hpp"

namespace rowmq::admin {

awaitable<Response> Admin::scrape(Call) {
    const BrokerMetrics broker = broker_.metrics();
    std::vector<metrics::MetricFamily> families;
    metrics::add_broker(families, broker);
    metrics::add_store(families, broker.store);
    for (const auto& collector : collectors_) collector(families);
    metrics::add_process(families);
    const auto rabbitmq = rabbitmq_ ? rabbitmq_() : std::nullopt;
    if (rabbitmq) metrics::add_rabbitmq(families, broker, *rabbitmq);
    Response response{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics::to_text(families)};
    // A queue has many series, so others run between a number and the next.
    for (const auto names : {metrics::QueueSeries::Names::own, metrics::QueueSeries::Names::rabbitmq}) {
        if (names == metrics::QueueSeries::Names::rabbitmq && !rabbitmq) continue;
        metrics::QueueSeries queues(broker, names);
        for (std::size_t i = 0; i < queues.families(); ++i) {
            co_await boost::asio::post(broker_.executor(), boost::asio::use_awaitable);
            response.body += metrics::to_text(queues.family(i));
        }
    }
    co_return response;
}

}  // namespace rowmq::admin
