#include "sqs/names.hpp"

#include <gtest/gtest.h>

namespace rowmq::sqs {
namespace {

const Settings settings;

TEST(QueueName, is_80_letters_digits_hyphens_and_underscores) {
    for (const std::string& name :
         {std::string("a"), std::string("Orders-2_b"), std::string(80, 'x'), std::string("a.fifo"), std::string(75, 'x') + ".fifo"})
        EXPECT_TRUE(is_queue_name(name)) << name;
    for (const std::string& name : {std::string(), std::string(81, 'x'), std::string("a.b"), std::string(".fifo"), std::string("a b"),
                                    std::string(76, 'x') + ".fifo", std::string("\xc3\xbc")})
        EXPECT_FALSE(is_queue_name(name)) << name;
}

TEST(QueueUrl, names_its_queue_in_every_form_clients_use) {
    for (const std::string_view url : {"http://localhost:9324/000000000000/orders", "https://sqs.eu-west-1.example.com/000000000000/orders",
                                       "/000000000000/orders", "http://localhost/queue/us-east-1/000000000000/orders",
                                       "http://localhost:9324/queue/orders", "/orders/", "orders", "/000000000000/orders?Action=x"})
        EXPECT_EQ(queue_of_url(url, settings), "orders") << url;
}

TEST(QueueUrl, names_nothing_without_a_name_or_with_another_account) {
    for (const std::string_view url :
         {"http://localhost:9324", "http://localhost:9324/", "/", "", "/111111111111/orders", "/000000000000/a%2"})
        EXPECT_EQ(queue_of_url(url, settings), std::nullopt) << url;
}

TEST(QueueUrl, carries_any_name_there_and_back) {
    for (const std::string name : {"orders.fifo", "a b/c?d#e%f", "\xc3\xbc", "x:y"}) {
        const std::string url = url_of(name, "http://h", settings);
        EXPECT_EQ(queue_of_url(url, settings), name) << url;
    }
}

TEST(Arn, carries_a_name_there_and_back) {
    EXPECT_EQ(arn_of("orders", settings), "arn:aws:sqs:us-east-1:000000000000:orders");
    EXPECT_EQ(queue_of_arn("arn:aws:sqs:eu-west-1:000000000000:or:ders", settings), "or:ders");
    for (const std::string_view arn : {"", "arn", "arn:aws:sns:us-east-1:000000000000:orders", "arn:aws:sqs:us-east-1:1:orders",
                                       "arn:aws:sqs:us-east-1:000000000000:", "arn:aws:sqs:us-east-1:000000000000"})
        EXPECT_EQ(queue_of_arn(arn, settings), std::nullopt) << arn;
}

}  // namespace
}  // namespace rowmq::sqs
