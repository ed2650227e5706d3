#include "aws/signature.hpp"

#include <gtest/gtest.h>

#include "base/sha256.hpp"

namespace rowmq::aws {
namespace {

// Facts: AWS's test suite for Signature Version 4. Every request there is signed by this key at this time.
constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view timestamp = "20150830T123600Z";
const Scope scope{.date = "20150830", .region = "us-east-1", .service = "service"};

net::Request request_of(std::string method, std::string target, std::vector<std::pair<std::string, std::string>> fields = {}) {
    net::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.fields.add("Host", "example.amazonaws.com");
    for (const auto& [name, value] : fields) request.fields.add(name, value);
    request.fields.add("X-Amz-Date", timestamp);
    return request;
}

std::string signature(const net::Request& request, std::string_view signed_headers) {
    return signature_of(secret, scope,
                        string_to_sign(timestamp, scope, *canonical_request(request, signed_headers, sha256_hex(request.body))));
}

TEST(Signature, is_that_of_the_published_examples) {
    EXPECT_EQ(signature(request_of("GET", "/"), "host;x-amz-date"), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    EXPECT_EQ(signature(request_of("GET", "/?Param2=value2&Param1=value1"), "host;x-amz-date"),
              "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
    EXPECT_EQ(signature(request_of("GET", "/\u1234"), "host;x-amz-date"),
              "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
    EXPECT_EQ(signature(request_of("GET", "/example space/"), "host;x-amz-date"),
              "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741");
    EXPECT_EQ(signature(request_of("GET", "/example1/example2/../.."), "host;x-amz-date"),
              signature(request_of("GET", "/"), "host;x-amz-date"));
    EXPECT_EQ(signature(request_of("GET", "/", {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}}),
                        "host;my-header1;my-header2;x-amz-date"),
              "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
    EXPECT_EQ(
        signature(request_of("GET", "/",
                             {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}}),
                  "host;my-header1;x-amz-date"),
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01");
    net::Request form = request_of("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}});
    form.body = "Param1=value1";
    EXPECT_EQ(signature(form, "content-type;host;x-amz-date"), "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

TEST(Signature, covers_a_canonical_request_of_six_lines) {
    EXPECT_EQ(*canonical_request(request_of("GET", "/?b=2&a=1"), "host;x-amz-date", sha256_hex("")),
              "GET\n/\na=1&b=2\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(CanonicalPath, is_resolved_and_escaped_once_more) {
    EXPECT_EQ(canonical_path(""), "/");
    EXPECT_EQ(canonical_path("/"), "/");
    EXPECT_EQ(canonical_path("//a//b/"), "/a/b/");
    EXPECT_EQ(canonical_path("/a/./../b"), "/b");
    EXPECT_EQ(canonical_path("/../.."), "/");
    EXPECT_EQ(canonical_path("/queue%25"), "/queue%2525");
    EXPECT_EQ(canonical_path("/A-Za.z0_9~/*"), "/A-Za.z0_9~/%2A");
}

TEST(CanonicalQuery, is_sorted_and_escaped_in_one_way) {
    EXPECT_EQ(*canonical_query("b=1&a=2&a=1"), "a=1&a=2&b=1");
    EXPECT_EQ(*canonical_query("A=a+b&B=a%20b&C=%2f"), "A=a%20b&B=a%20b&C=%2F");
    EXPECT_EQ(*canonical_query("x"), "x=");
    EXPECT_EQ(*canonical_query("&&a=&"), "a=");
    EXPECT_EQ(*canonical_query("a=%zz"), "a=%25zz");
    EXPECT_EQ(*canonical_query("X-Amz-Signature=1&X-Amz-Date=2"), "X-Amz-Date=2");
    // An escape comes before '-', which comes before letters; so it is in the escaped text, not in the decoded one.
    EXPECT_EQ(*canonical_query("a-=1&a%7C=1&aa=1"), "a%7C=1&a-=1&aa=1");
}

TEST(CanonicalRequest, has_limits) {
    std::string names = "a", parameters = "a";
    for (int i = 0; i < 64; ++i) names += ";h" + std::to_string(i);
    for (int i = 0; i < 1'000; ++i) parameters += "&a";

    EXPECT_FALSE(canonical_request(request_of("GET", "/"), names, ""));
    EXPECT_FALSE(canonical_request(request_of("GET", "/"), "host;host", ""));
    EXPECT_FALSE(canonical_request(request_of("GET", "/?" + parameters), "host", ""));
    EXPECT_TRUE(canonical_request(request_of("GET", "/?" + parameters.substr(2)), "host", ""));
}

TEST(Timestamps, are_read_in_both_forms_and_checked) {
    const WallTime time = *time_of("20150830T123600Z");
    EXPECT_EQ(timestamp_of(time), "20150830T123600Z");
    EXPECT_EQ(time_of("Sun, 30 Aug 2015 12:36:00 GMT"), time);
    for (const std::string_view wrong :
         {"", "20150830T123600", "20151330T123600Z", "20150830T243600Z", "2015083xT123600Z", "Sun, 30 Agu 2015 12:36:00 GMT"})
        EXPECT_FALSE(time_of(wrong)) << wrong;
}

TEST(Signing, adds_the_fields_that_its_own_verification_computes) {
    net::Request request;
    request.method = "GET";
    request.target = "/";
    request.fields.add("Host", "example.amazonaws.com");

    ASSERT_TRUE(sign(request, {"AKIDEXAMPLE", std::string(secret)}, "us-east-1", "service", *time_of(timestamp)));

    EXPECT_EQ(request.fields.get("X-Amz-Date"), timestamp);
    EXPECT_EQ(request.fields.get("Authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
              "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(Signing, signs_nothing_twice) {
    for (const std::string_view name : {"authorization", "X-Amz-Date"}) {
        net::Request request;
        request.fields.add("Host", "h");
        request.fields.add(name, "");
        EXPECT_FALSE(sign(request, {"id", "secret"}, "us-east-1", "sqs", WallTime{})) << name;
        EXPECT_EQ(request.fields.size(), 2u);
    }
}

TEST(Signing, needs_a_host) {
    net::Request request;
    EXPECT_FALSE(sign(request, {"id", "secret"}, "us-east-1", "sqs", WallTime{}));
    EXPECT_EQ(request.fields.size(), 0u);
}

}  // namespace
}  // namespace rowmq::aws
