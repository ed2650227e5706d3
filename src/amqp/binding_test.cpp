// Bindings with arguments: one of the broker's for all of a key.
#include "amqp/binding.hpp"

#include <gtest/gtest.h>

#include "amqp/kept_arguments.hpp"
#include "broker/bed.hpp"

namespace rowmq::amqp {
namespace {

using test::run_in;

HeaderTable one(std::int64_t number) { return {{"n", {number, "I"}}}; }

class BindingTest : public test::Bed {
protected:
    BindingTest() {
        EXPECT_TRUE(run_in(io, broker->declare_queue("q")));
        ExchangeOptions topic;
        topic.kind = ExchangeKind::topic;
        EXPECT_TRUE(run_in(io, broker->declare_exchange("x", topic)));
    }
    Binding to_q() const {
        Binding binding = binding_of(*broker, ns, "x", "k", {});
        binding.queue = "q";
        return binding;
    }
    void bind(const HeaderTable& arguments) { ASSERT_TRUE(run_in(io, bind_with(*broker, ns, to_q(), arguments))); }
    bool unbind(const HeaderTable& arguments) { return run_in(io, unbind_with(*broker, ns, to_q(), arguments)).has_value(); }
    std::vector<HeaderTable> bound() const {
        std::vector<HeaderTable> all;
        const auto see = [&](const BindingView& view) {
            for (HeaderTable& table : arguments_of(view)) all.push_back(std::move(table));
            return true;
        };
        see_bindings(*broker, "x", "", see, ns);
        return all;
    }
    const std::string ns{default_namespace};
};

TEST_F(BindingTest, there_are_as_many_as_tables_of_arguments) {
    bind({});
    bind(one(1));
    bind(one(2));
    bind(one(1));

    EXPECT_EQ(bound(), (std::vector<HeaderTable>{{}, one(1), one(2)}));
    EXPECT_FALSE(unbind(one(3)));
    EXPECT_TRUE(unbind({}));
    EXPECT_FALSE(unbind({}));
    EXPECT_EQ(bound(), (std::vector<HeaderTable>{one(1), one(2)}));
    EXPECT_TRUE(unbind(one(1)));
    EXPECT_TRUE(unbind(one(2)));
    EXPECT_TRUE(bound().empty());
}

TEST_F(BindingTest, arguments_that_are_none_need_no_options) {
    bind({});
    EXPECT_EQ(broker->bindings(ns, "x").at(0).options, BindingOptions());
    bind(one(1));
    EXPECT_TRUE(unbind(one(1)));
    EXPECT_EQ(broker->bindings(ns, "x").at(0).options, BindingOptions());
}

TEST_F(BindingTest, the_order_of_arguments_does_not_matter) {
    bind({{"a", {std::int64_t{1}, {}}}, {"b", {true, {}}}});
    bind({{"b", {true, {}}}, {"a", {std::int64_t{1}, {}}}});

    EXPECT_EQ(bound().size(), 1u);
}

TEST(KeptArguments, come_back_as_they_were) {
    const std::vector<HeaderTable> tables{
        {},
        {{"text", {std::string("t"), {}}}, {"list", {HeaderList{{true, {}}, {HeaderTable{{"n", {std::int64_t{-1}, "b"}}}, {}}}, {}}}},
        one(5)};

    EXPECT_EQ(tables_kept_in(kept_tables(tables)), tables);
    EXPECT_TRUE(tables_kept_in("no Base64").empty());
    EXPECT_TRUE(tables_kept_in("").empty());
}

}  // namespace
}  // namespace rowmq::amqp
