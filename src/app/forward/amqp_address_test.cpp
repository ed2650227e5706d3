#include "app/forward/amqp_address.hpp"

#include <gtest/gtest.h>

namespace rowmq::app {
namespace {

TEST(AmqpAddress, takes_what_is_said_and_the_usual_for_the_rest) {
    const auto bare = amqp_address("amqp://broker");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->host, "broker");
    EXPECT_EQ(bare->port, 5672);
    EXPECT_EQ(bare->user + ":" + bare->password + " " + bare->vhost, "guest:guest /");
    EXPECT_FALSE(bare->tls);

    const auto full = amqp_address("amqps://me:p%40ss@[::1]:7000/my%2Fhost");
    ASSERT_TRUE(full);
    EXPECT_TRUE(full->tls);
    EXPECT_EQ(full->host, "::1");
    EXPECT_EQ(full->port, 7000);
    EXPECT_EQ(full->user + ":" + full->password + " " + full->vhost, "me:p@ss my/host");
    EXPECT_EQ(amqp_address("amqps://h")->port, 5671);
}

TEST(AmqpAddress, knows_every_way_to_say_the_virtual_host_slash) {
    for (const char* url : {"amqp://h", "amqp://h/", "amqp://h//", "amqp://h/%2f", "amqp://h/%2F"})
        EXPECT_EQ(amqp_address(url)->vhost, "/") << url;
}

TEST(AmqpAddress, is_refused_when_it_is_none_and_its_password_is_not_repeated) {
    for (const char* url :
         {"", "amqp:", "http://h", "amqp://", "amqp://me:secret@h:0/", "amqp://me:secret@h:70000/", "amqp://me:sec ret@h"}) {
        const auto address = amqp_address(url);
        ASSERT_FALSE(address) << url;
        EXPECT_EQ(address.error().text.find("secret"), std::string::npos) << url;
    }
}

TEST(AmqpAddress, is_shown_without_its_password) {
    EXPECT_EQ(amqp_address("amqp://me:secret@h/orders")->text(), "amqp://h:5672/orders");
    EXPECT_EQ(amqp_address("amqp://h")->text(), "amqp://h:5672/");
}

}  // namespace
}  // namespace rowmq::app
