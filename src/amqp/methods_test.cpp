#include "amqp/methods.hpp"

#include <gtest/gtest.h>

namespace rowmq::amqp {
namespace {

using namespace std::string_view_literals;

template <typename Method>
std::string written(const Method& method) {
    std::string out;
    write_method(out, method);
    return out;
}

template <typename Method>
Method read(std::string_view payload) {
    const DecodedMethod decoded = read_method(payload);
    EXPECT_FALSE(decoded.fault);
    EXPECT_TRUE(std::holds_alternative<Method>(decoded.method));
    return std::get<Method>(decoded.method);
}

TEST(Methods, have_the_numbers_fields_and_bits_of_the_specification) {
    // queue.declare: ticket, queue "q", passive durable exclusive auto-delete no-wait, an empty table.
    const auto declare = read<QueueDeclare>("\0\x32\0\x0a\0\0\x01q\x12\0\0\0\0"sv);
    EXPECT_EQ(declare.queue, "q");
    EXPECT_FALSE(declare.passive);
    EXPECT_TRUE(declare.durable);
    EXPECT_FALSE(declare.exclusive);
    EXPECT_FALSE(declare.auto_delete);
    EXPECT_TRUE(declare.no_wait);

    EXPECT_EQ(written(ConnectionTune{{.channel_max = 2047, .frame_max = 131'072, .heartbeat = 60}}),
              "\0\x0a\0\x1e\x07\xff\0\x02\0\0\0\x3c"sv);
    EXPECT_EQ(written(BasicDeliver{"c", 258, true, "x", "k"}),
              "\0\x3c\0\x3c\x01"
              "c\0\0\0\0\0\0\x01\x02\x01\x01x\x01k"sv);
    EXPECT_EQ(written(ExchangeUnbindOk{}), "\0\x28\0\x33"sv);
    EXPECT_EQ(read<BasicNack>("\0\x3c\0\x78\0\0\0\0\0\0\0\x05\x03"sv).requeue, true);
    EXPECT_EQ(read<BasicNack>("\0\x3c\0\x78\0\0\0\0\0\0\0\x05\x01"sv).requeue, false);
}

TEST(Methods, keep_what_a_client_wrote) {
    QueueBind bind{"queue", "exchange", "a.b.#", true, {{"x-match", {std::string("any"), {}}}}};
    const auto read_back = read<QueueBind>(written(bind));
    EXPECT_EQ(read_back.queue, bind.queue);
    EXPECT_EQ(read_back.exchange, bind.exchange);
    EXPECT_EQ(read_back.routing_key, bind.routing_key);
    EXPECT_EQ(read_back.no_wait, bind.no_wait);
    EXPECT_EQ(read_back.arguments, bind.arguments);
}

TEST(Methods, that_no_client_may_send_are_unknown_and_named) {
    for (const std::string& payload : {written(ConnectionStart{}), written(QueueDeclareOk{}), std::string("\0\x3c\0\x29", 4)}) {
        const auto decoded = read_method(payload);
        EXPECT_EQ(decoded.fault, MethodFault::unknown);
    }
    EXPECT_EQ(read_method("\0\x3c\0\x29"sv).id, (MethodId{60, 41}));
}

TEST(Methods, that_end_early_or_late_are_malformed) {
    const std::string whole =
        written(BasicConsume{.queue = "q", .consumer_tag = "t", .arguments = {{"x-priority", {std::int64_t{5}, "I"}}}});
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        const auto decoded = read_method(std::string_view(whole).substr(0, cut));
        EXPECT_EQ(decoded.fault, MethodFault::malformed) << cut;
    }
    EXPECT_FALSE(read_method(whole).fault);
    EXPECT_EQ(read_method(whole + "x").fault, MethodFault::malformed);
}

}  // namespace
}  // namespace rowmq::amqp
