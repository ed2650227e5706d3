// Filters: which messages they take, by headers and by body, and what is no filter.
#include <gtest/gtest.h>

#include "broker/routing/filter.hpp"

namespace rowmq {
namespace {

using On = BindingOptions::FilterOn;

std::shared_ptr<const Filter> compile(std::string_view json, On on = On::headers) {
    auto filter = Filter::compile(json, on, Limits{});
    EXPECT_TRUE(filter) << json << ": " << (filter ? "" : filter.error().text);
    return filter ? *filter : nullptr;
}

Properties with(std::string name, std::string text, std::string tag = "String") {
    Properties p;
    p.headers.push_back({std::move(name), {std::move(text), std::move(tag)}});
    return p;
}

bool takes(std::string_view json, const Properties& properties) { return compile(json)->matches(&properties, ""); }
bool takes_body(std::string_view json, std::string_view body) { return compile(json, On::body)->matches(nullptr, body); }

TEST(FilterOnHeaders, compares_text_and_its_parts) {
    const auto store = with("store", "example_corp");
    EXPECT_TRUE(takes(R"({"store":["other","example_corp"]})", store));
    EXPECT_FALSE(takes(R"({"store":["other"]})", store));
    EXPECT_FALSE(takes(R"({"shop":["example_corp"]})", store));
    EXPECT_TRUE(takes(R"({"store":[{"prefix":"exam"}]})", store));
    EXPECT_FALSE(takes(R"({"store":[{"prefix":"corp"}]})", store));
    EXPECT_TRUE(takes(R"({"store":[{"suffix":"corp"}]})", store));
    EXPECT_FALSE(takes(R"({"store":[{"suffix":"exam"}]})", store));
    EXPECT_TRUE(takes(R"({"store":[{"equals-ignore-case":"EXAMPLE_corp"}]})", store));
    EXPECT_FALSE(takes(R"({"store":[{"equals-ignore-case":"EXAMPLE"}]})", store));
    EXPECT_FALSE(takes(R"({"store":[5]})", with("store", "5")));
}

TEST(FilterOnHeaders, knows_wildcards) {
    const auto file = with("file", "a/b/c.png");
    EXPECT_TRUE(takes(R"({"file":[{"wildcard":"a/*.png"}]})", file));
    EXPECT_TRUE(takes(R"({"file":[{"wildcard":"*b*"}]})", file));
    EXPECT_TRUE(takes(R"({"file":[{"wildcard":"*"}]})", file));
    EXPECT_FALSE(takes(R"({"file":[{"wildcard":"a/*.jpg"}]})", file));
    EXPECT_FALSE(takes(R"({"file":[{"wildcard":"a/b/c.png*g"}]})", file));
    EXPECT_TRUE(takes(R"({"file":[{"wildcard":"a\\*b*"}]})", with("file", "a*bc")));
    EXPECT_FALSE(takes(R"({"file":[{"wildcard":"a\\*b*"}]})", with("file", "axbc")));
}

TEST(FilterOnHeaders, compares_numbers) {
    const auto price = with("price", "301.5", "Number");
    EXPECT_TRUE(takes(R"({"price":[301.5]})", price));
    EXPECT_TRUE(takes(R"({"price":[3.015e2]})", price));
    EXPECT_FALSE(takes(R"({"price":["301.5"]})", price));
    EXPECT_TRUE(takes(R"({"price":[{"numeric":["=",301.5]}]})", price));
    EXPECT_TRUE(takes(R"({"price":[{"numeric":[">",300]}]})", price));
    EXPECT_FALSE(takes(R"({"price":[{"numeric":["<",301.5]}]})", price));
    EXPECT_TRUE(takes(R"({"price":[{"numeric":["<=",301.5]}]})", price));
    EXPECT_TRUE(takes(R"({"price":[{"numeric":[">=",301.5,"<",302]}]})", price));
    EXPECT_FALSE(takes(R"({"price":[{"numeric":[">",301.5,"<=",302]}]})", price));
    EXPECT_FALSE(takes(R"({"price":[{"numeric":[">",0]}]})", with("price", "12x", "Number")));

    Properties typed;
    typed.headers.push_back({"n", {std::int64_t{7}, {}}});
    typed.headers.push_back({"yes", {true, {}}});
    EXPECT_TRUE(takes(R"({"n":[7],"yes":[true]})", typed));
}

TEST(FilterOnHeaders, takes_lists_when_one_element_does) {
    const auto interests = with("interests", R"(["rugby", "baseball", 7, null])", "String.Array");
    EXPECT_TRUE(takes(R"({"interests":["baseball"]})", interests));
    EXPECT_TRUE(takes(R"({"interests":[7]})", interests));
    EXPECT_TRUE(takes(R"({"interests":[null]})", interests));
    EXPECT_FALSE(takes(R"({"interests":["tennis"]})", interests));
    EXPECT_TRUE(takes(R"({"interests":[{"anything-but":["rugby","tennis"]}]})", interests));
    EXPECT_FALSE(takes(R"({"interests":[{"anything-but":["rugby"]}]})", with("interests", R"(["rugby"])", "String.Array")));
    EXPECT_FALSE(takes(R"({"interests":["rugby"]})", with("interests", R"(["rugby")", "String.Array")));
}

TEST(FilterOnHeaders, knows_what_must_not_be) {
    EXPECT_TRUE(takes(R"({"a":[{"anything-but":"x"}]})", with("a", "y")));
    EXPECT_FALSE(takes(R"({"a":[{"anything-but":"x"}]})", with("a", "x")));
    EXPECT_FALSE(takes(R"({"a":[{"anything-but":"x"}]})", with("b", "y")));
    EXPECT_FALSE(takes(R"({"a":[{"anything-but":["x",5]}]})", with("a", "5", "Number")));
    EXPECT_FALSE(takes(R"({"a":[{"anything-but":{"prefix":"order-"}}]})", with("a", "order-1")));
    EXPECT_FALSE(takes(R"({"a":[{"anything-but":{"suffix":["x","y"]}}]})", with("a", "ay")));
    EXPECT_TRUE(takes(R"({"a":[{"anything-but":{"wildcard":"*x*"}}]})", with("a", "ay")));
}

TEST(FilterOnHeaders, knows_whether_a_header_is_there) {
    Properties bytes;
    bytes.headers.push_back({"a", {Binary{"\x01"}, "Binary"}});
    EXPECT_TRUE(takes(R"({"a":[{"exists":true}]})", bytes));
    EXPECT_FALSE(takes(R"({"a":[{"exists":false}]})", bytes));
    EXPECT_TRUE(takes(R"({"b":[{"exists":false}]})", bytes));
    EXPECT_FALSE(takes(R"({"b":[{"exists":true}]})", bytes));
    EXPECT_TRUE(compile(R"({"b":[{"exists":false}]})")->matches(nullptr, ""));
}

TEST(FilterOnHeaders, knows_networks) {
    EXPECT_TRUE(takes(R"({"ip":[{"cidr":"10.1.0.0/16"}]})", with("ip", "10.1.255.7")));
    EXPECT_FALSE(takes(R"({"ip":[{"cidr":"10.1.0.0/16"}]})", with("ip", "10.2.0.1")));
    EXPECT_TRUE(takes(R"({"ip":[{"cidr":"10.1.2.3"}]})", with("ip", "10.1.2.3")));
    EXPECT_TRUE(takes(R"({"ip":[{"cidr":"2001:db8::/33"}]})", with("ip", "2001:db8:7fff::1")));
    EXPECT_FALSE(takes(R"({"ip":[{"cidr":"2001:db8::/33"}]})", with("ip", "2001:db8:8000::1")));
    EXPECT_FALSE(takes(R"({"ip":[{"cidr":"10.1.0.0/16"}]})", with("ip", "somewhere")));
}

TEST(FilterOnHeaders, joins_fields_by_and_and_choices_by_or) {
    Properties p = with("a", "1");
    p.headers.push_back({"b", {std::string("2"), "String"}});
    EXPECT_TRUE(takes(R"({"a":["1"],"b":["2"]})", p));
    EXPECT_FALSE(takes(R"({"a":["1"],"b":["3"]})", p));
    EXPECT_TRUE(takes(R"({"$or":[{"a":["9"]},{"b":["2"]}]})", p));
    EXPECT_FALSE(takes(R"({"$or":[{"a":["9"]},{"b":["9"]}]})", p));
    EXPECT_FALSE(takes(R"({"a":["9"],"$or":[{"a":["1"]},{"b":["2"]}]})", p));
    EXPECT_TRUE(takes(R"({"$or":[{"c":["9"]},{"$or":[{"a":["9"]},{"b":["2"]}]}]})", p));
    EXPECT_TRUE(takes(R"({"$or":["x"]})", with("$or", "x")));
}

TEST(FilterOnBody, looks_into_objects_and_lists) {
    const std::string_view body =
        R"({"store":"x","price":{"amount":12.5,"tags":["a","b"]},"items":[{"n":1,"ok":true},{"n":2,"ok":false}],"none":null})";
    EXPECT_TRUE(takes_body(R"({"store":["x"],"price":{"amount":[{"numeric":[">",12]}]}})", body));
    EXPECT_FALSE(takes_body(R"({"price":{"amount":[12]}})", body));
    EXPECT_TRUE(takes_body(R"({"price":{"tags":["b"]}})", body));
    EXPECT_TRUE(takes_body(R"({"none":[null]})", body));
    EXPECT_TRUE(takes_body(R"({"items":{"n":[2],"ok":[false]}})", body));
    EXPECT_FALSE(takes_body(R"({"items":{"n":[2],"ok":[true]}})", body)) << "no one element is both";
    EXPECT_TRUE(takes_body(R"({"price":{"currency":[{"exists":false}]}})", body));
    EXPECT_TRUE(takes_body(R"({"gone":{"currency":[{"exists":false}]}})", body));
    EXPECT_TRUE(takes_body(R"({"price":[{"exists":false}]})", body)) << "only what holds a value exists";
    EXPECT_TRUE(takes_body(R"({"$or":[{"store":["y"]},{"price":{"amount":[12.5]}}]})", body));
    EXPECT_TRUE(takes_body(R"({"st\u006fre":["x"]})", body));
}

TEST(FilterOnBody, takes_nothing_that_is_not_a_JSON_object) {
    const std::string_view filter = R"({"a":[{"exists":false}]})";
    EXPECT_TRUE(takes_body(filter, "{}"));
    for (const std::string_view body : {"", "text", "[]", "{", "{} x", "{\"b\":}", "{\"b\":1", "{\"b\":\"\xff\"}", "5"})
        EXPECT_FALSE(takes_body(filter, body)) << body;
    EXPECT_FALSE(takes_body(filter, "{\"b\":" + std::string(100'000, '[') + "}"));
}

TEST(Filter, refuses_what_is_no_filter) {
    for (const std::string_view text : {"",
                                        "[]",
                                        "{",
                                        "{}",
                                        R"({"a":"x"})",
                                        R"({"a":[]})",
                                        R"({"a":[{}]})",
                                        R"({"a":[{"prefix":1}]})",
                                        R"({"a":[{"like":"x"}]})",
                                        R"({"a":[{"prefix":"x","suffix":"y"}]})",
                                        R"({"a":[{"exists":"true"}]})",
                                        R"({"a":[{"numeric":["!",1]}]})",
                                        R"({"a":[{"numeric":[">",5,"<",5]}]})",
                                        R"({"a":[{"numeric":["<",5,">",1]}]})",
                                        R"({"a":[{"numeric":[]}]})",
                                        R"({"a":[{"anything-but":[]}]})",
                                        R"({"a":[{"anything-but":{"exists":true}}]})",
                                        R"({"a":[{"cidr":"10.0.0.0/99"}]})",
                                        R"({"a":[{"cidr":"x/8"}]})",
                                        R"({"a":[{"wildcard":"a**b"}]})",
                                        R"({"a":[{"wildcard":"a\\b"}]})",
                                        R"({"a":{"b":["x"]}})",
                                        R"({"a":[["x"]]})",
                                        R"({"$or":[{"a":["x"]},{}]})"}) {
        const auto refused = Filter::compile(text, On::headers, Limits{});
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument);
        EXPECT_TRUE(refused.error().text.starts_with("the filter: ")) << refused.error().text;
    }
    EXPECT_TRUE(Filter::compile(R"({"a":{"b":["x"]}})", On::body, Limits{}));
}

TEST(Filter, has_limits_that_it_names) {
    Limits small;
    small.filter_bytes = 40;
    small.filter_fields = 2;
    small.filter_conditions = 3;
    const auto refusal = [&](std::string_view text) { return Filter::compile(text, On::body, small).error().text; };

    EXPECT_NE(refusal(std::string(41, ' ')).find("at most 40"), std::string::npos);
    EXPECT_NE(refusal(R"({"a":[1],"b":[1],"c":[1]})").find("more than 2 fields"), std::string::npos);
    EXPECT_NE(refusal(R"({"a":[1,2,3,4]})").find("more than 3 conditions"), std::string::npos);
    EXPECT_FALSE(Filter::compile("{\"a\":" + std::string(100, '['), On::body, Limits{}));
}

}  // namespace
}  // namespace rowmq
