// The text that Prometheus reads.

#include <gtest/gtest.h>

#include "admin/metrics/families.hpp"

namespace rowmq::admin::metrics {
namespace {

bool contains(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

QueueMetrics queue(std::string name, std::int64_t ready, milliseconds oldest) {
    QueueMetrics out{.ns = "/", .name = std::move(name)};
    out.counts.ready = ready;
    out.oldest = oldest;
    return out;
}

std::string all_of(const BrokerMetrics& broker) {
    std::vector<MetricFamily> families;
    add_broker(families, broker);
    add_store(families, broker.store);
    add_http(families, {});
    add_process(families);
    std::string text = to_text(families);
    QueueSeries queues(broker);
    for (std::size_t i = 0; i < queues.families(); ++i) text += to_text(queues.family(i));
    return text;
}

TEST(MetricsText, names_each_queue_in_its_series) {
    BrokerMetrics broker;
    broker.queues = {queue("orders", 3, milliseconds(1'500)), queue("a \"b\"\\\n", 1, milliseconds(0))};

    const std::string text = all_of(broker);

    EXPECT_TRUE(contains(text, R"(rowmq_queue_messages_ready{namespace="/",queue="orders"} 3)")) << text;
    EXPECT_TRUE(contains(text, R"(rowmq_queue_oldest_message_age_seconds{namespace="/",queue="orders"} 1.5)")) << text;
    EXPECT_TRUE(contains(text, R"(rowmq_queue_messages_ready{namespace="/",queue="a \"b\"\\\n"} 1)")) << text;
    EXPECT_EQ(text.find(R"(queue="")"), std::string::npos) << "nothing was left out";
}

TEST(MetricsText, has_the_names_of_rabbitmqs_dashboards) {
    BrokerMetrics broker;
    broker.queues = {queue("orders", 3, milliseconds(0))};
    broker.queues[0].counts.leased = 2;
    std::vector<MetricFamily> families;
    RabbitmqFacts facts{.node = "rowmq@h", .cluster = "c", .version = "3.13.7", .connections = 1, .connections_opened = 4};
    broker.alarms.memory = Error{Errc::memory_short, "too much"};
    facts.traffic.push_back({.name = "rabbitmq_x_total", .help = "Things", .labels = {{"protocol", "amqp091"}}, .value = 7});
    add_rabbitmq(families, broker, facts);
    std::string text = to_text(families);
    QueueSeries queues(broker, QueueSeries::Names::rabbitmq);
    for (std::size_t i = 0; i < queues.families(); ++i) text += to_text(queues.family(i));

    for (const char* line :
         {R"(rabbitmq_queue_messages_ready{vhost="/",queue="orders"} 3)", R"(rabbitmq_queue_messages_unacked{vhost="/",queue="orders"} 2)",
          R"(rabbitmq_queue_messages{vhost="/",queue="orders"} 5)", "rabbitmq_connections 1", "rabbitmq_connections_closed_total 3",
          R"(rabbitmq_identity_info{rabbitmq_node="rowmq@h",rabbitmq_cluster="c",rabbitmq_cluster_permanent_id=""} 1)",
          R"(rabbitmq_build_info{rabbitmq_version="3.13.7"} 1)", "rabbitmq_alarms_memory_used_watermark 1",
          "rabbitmq_alarms_free_disk_space_watermark 0", R"(rabbitmq_x_total{protocol="amqp091"} 7)"})
        EXPECT_TRUE(contains(text, line)) << line << "\n" << text;
}

TEST(MetricsText, sums_the_queues_left_out_in_one_without_a_name) {
    BrokerMetrics broker;
    broker.others = queue("", 7, milliseconds(0));
    broker.left_out = 2;

    const std::string text = all_of(broker);

    EXPECT_TRUE(contains(text, R"(rowmq_queue_messages_ready{namespace="",queue=""} 7)")) << text;
    EXPECT_TRUE(contains(text, "rowmq_queues_left_out 2")) << text;
}

TEST(MetricsText, has_cumulative_buckets_up_to_infinity) {
    HistogramValue value{.bounds = {0.5, 1}, .counts = {2, 0, 1}, .sum = 9.25};

    const std::string text = to_text({histogram("rowmq_x_seconds", "Some time.", value)});

    EXPECT_EQ(text,
              "# HELP rowmq_x_seconds Some time.\n# TYPE rowmq_x_seconds histogram\n"
              "rowmq_x_seconds_count 3\nrowmq_x_seconds_sum 9.25\n"
              "rowmq_x_seconds_bucket{le=\"0.5\"} 2\nrowmq_x_seconds_bucket{le=\"1\"} 2\nrowmq_x_seconds_bucket{le=\"+Inf\"} 3\n");
}

TEST(MetricsText, leaves_out_what_an_engine_does_not_measure) {
    BrokerMetrics broker;
    EXPECT_EQ(all_of(broker).find("rowmq_store_"), std::string::npos);

    broker.store.page_bytes = 8'192;
    broker.store.pages = 100;
    broker.store.free_pages = 25;

    EXPECT_TRUE(contains(all_of(broker), "rowmq_store_size_bytes 819200"));
    EXPECT_TRUE(contains(all_of(broker), "rowmq_store_free_bytes 204800"));
}

TEST(MetricsText, tells_of_each_listener) {
    net::HttpCounts counts;
    counts.accepted = 5;
    counts.refused = 1;
    counts.answers = {0, 0, 40, 0, 2, 1};
    counts.connections = 4;
    std::vector<MetricFamily> families;

    add_http(families, {{"sqs", counts}});

    const std::string text = to_text(families);
    EXPECT_TRUE(contains(text, R"(rowmq_http_connections{listener="sqs"} 4)")) << text;
    EXPECT_TRUE(contains(text, R"(rowmq_http_refused_connections_total{listener="sqs"} 1)")) << text;
    EXPECT_TRUE(contains(text, R"(rowmq_http_requests_total{listener="sqs",code="2xx"} 40)")) << text;
    EXPECT_TRUE(contains(text, R"(rowmq_http_requests_total{listener="sqs",code="5xx"} 1)")) << text;
}

TEST(MetricsText, tells_of_this_process) {
    std::vector<MetricFamily> families;
    add_process(families);

    const auto value = [&](const std::string& name) {
        for (const auto& family : families)
            if (family.name == name) return std::max(family.metric.at(0).gauge.value, family.metric.at(0).counter.value);
        return -1.0;
    };
    const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_GT(value("process_resident_memory_bytes"), 1e6);
    EXPECT_GE(value("process_open_fds"), 3);
    EXPECT_GE(value("process_max_fds"), value("process_open_fds"));
    EXPECT_GE(value("process_cpu_seconds_total"), 0);
    EXPECT_NEAR(value("process_start_time_seconds"), now, 600);
}

}  // namespace
}  // namespace rowmq::admin::metrics
