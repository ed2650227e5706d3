// A program as users write it: blocking calls, one store, one message. Includes nothing else of RowMQ.
#include <rowmq/blocking.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    auto broker = rowmq::blocking::Broker::open(argv[1]).value();
    broker.declare_queue("orders").value();
    auto session = broker.open_session().value();
    session.publish(rowmq::Publish{.routing_key = "orders", .message = rowmq::Message("two teapots")}).value();
    for (const auto& order : session.receive("orders", {.wait = std::chrono::seconds(5)}).value()) {
        session.settle(order.lease).value();
        std::printf("%s\n", std::string(order.message.text()).c_str());
    }
    return broker.queue("orders").value().counts.done == 1 ? 0 : 1;
}
