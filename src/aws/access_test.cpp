#include "aws/access.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/signature.hpp"
#include "base/sha256.hpp"

namespace rowmq::aws {
namespace {

using namespace std::chrono_literals;
using Reason = Denial::Reason;

class AccessTo : public testing::Test {
protected:
    WallTime now = *time_of("20150830T123600Z");
    Access access{{{"AKID", "secret"}, {"other/id", "x"}}, "us-east-1"};

    net::Request unsigned_request() {
        net::Request request;
        request.method = "POST";
        request.target = "/";
        request.fields.add("Host", "localhost:9324");
        request.fields.add("X-Amz-Target", "AmazonSQS.ListQueues");
        request.body = "{}";
        return request;
    }
    net::Request signed_request(const SigningKey& key = {"AKID", "secret"}, std::string region = "us-east-1", std::string service = "sqs") {
        net::Request request = unsigned_request();
        EXPECT_TRUE(sign(request, key, region, service, now));
        return request;
    }
    net::Request presigned(std::int64_t seconds, std::string extra = {}) {
        net::Request request;
        request.method = "GET";
        request.fields.add("host", "localhost:9324");
        const Scope scope{.date = timestamp_of(now).substr(0, 8), .region = "us-east-1", .service = "sqs"};
        request.target = fmt::format(
            "/?Action=ListQueues&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F{}%2Fus-east-1%2Fsqs%2Faws4_request&X-Amz-Date={}"
            "&"
            "X-Amz-Expires={}&X-Amz-SignedHeaders=host{}",
            scope.date, timestamp_of(now), seconds, extra);
        const std::string text = *canonical_request(request, "host", sha256_hex(""));
        request.target += "&X-Amz-Signature=" + signature_of("secret", scope, string_to_sign(timestamp_of(now), scope, text));
        return request;
    }
    Denial denial(const net::Request& request, std::chrono::seconds later = 0s) {
        const auto verified = access.verify(request, "sqs", now + later);
        return verified ? Denial{Reason::missing_token, "let in"} : verified.error();
    }
    std::string text(const net::Request& request, std::chrono::seconds later = 0s) { return denial(request, later).text; }
};

TEST_F(AccessTo, a_service_without_keys_is_free) {
    EXPECT_EQ(Access().verify(unsigned_request(), "sqs", now).value(), "");
    EXPECT_TRUE(Access().everybody());
}

TEST_F(AccessTo, a_service_with_keys_is_for_requests_signed_with_one) {
    EXPECT_EQ(access.verify(signed_request(), "sqs", now).value(), "AKID");
    EXPECT_EQ(access.verify(signed_request({"other/id", "x"}), "sqs", now).value(), "other/id");
    EXPECT_EQ(denial(unsigned_request()), (Denial{Reason::missing_token, "Request is missing Authentication Token"}));
}

TEST_F(AccessTo, a_service_ends_for_unknown_keys_and_wrong_secrets) {
    EXPECT_EQ(denial(signed_request({"nobody", "secret"})),
              (Denial{Reason::unknown_key, "The security token included in the request is invalid."}));
    EXPECT_EQ(denial(signed_request({"AKID", "wrong"})).reason, Reason::does_not_match);
    EXPECT_TRUE(text(signed_request({"AKID", "wrong"})).starts_with("The request signature we calculated does not match"));
    EXPECT_EQ(text(signed_request({"AKID", "wrong"})).find("secret "), std::string::npos);
}

TEST_F(AccessTo, a_service_ends_when_anything_signed_was_changed) {
    net::Request body = signed_request(), target = signed_request(), method = signed_request(), field = signed_request();
    body.body += ' ';
    target.target = "/other";
    method.method = "GET";
    field.fields.add("X-Amz-Target", "AmazonSQS.DeleteQueue");

    for (const auto* changed : {&body, &target, &method, &field}) EXPECT_EQ(denial(*changed).reason, Reason::does_not_match);
}

TEST_F(AccessTo, a_service_needs_what_decides_to_be_signed) {
    const auto with_headers = [&](std::string_view names) {
        net::Request request = unsigned_request();
        request.fields.add("X-Amz-Date", timestamp_of(now));
        request.fields.add(
            "Authorization",
            fmt::format("AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/sqs/aws4_request,SignedHeaders={},Signature=0", names));
        return request;
    };
    EXPECT_EQ(text(with_headers("x-amz-date;x-amz-target")), "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    EXPECT_EQ(text(with_headers("host;x-amz-date")), "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
    EXPECT_EQ(text(with_headers("host;x-amz-target")), "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization.");
    EXPECT_EQ(denial(with_headers("host;host;x-amz-date;x-amz-target")).reason, Reason::incomplete);
}

TEST_F(AccessTo, a_service_is_scoped_to_its_region_its_name_and_the_day) {
    EXPECT_EQ(text(signed_request({"AKID", "secret"}, "eu-west-1")), "Credential should be scoped to a valid region, not 'eu-west-1'. ");
    EXPECT_EQ(text(signed_request({"AKID", "secret"}, "us-east-1", "sns")), "Credential should be scoped to correct service: 'sqs'. ");
    net::Request other_day = unsigned_request();
    other_day.fields.add("X-Amz-Date", "20150830T123600Z");
    other_day.fields.add("Authorization",
                         "AWS4-HMAC-SHA256 Credential=AKID/20150829/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0");
    EXPECT_TRUE(text(other_day).ends_with("'20150829' != '20150830', from '20150830T123600Z'."));
}

TEST_F(AccessTo, a_service_ends_for_a_credential_of_another_kind_or_size) {
    const auto with = [&](std::string credential) {
        net::Request request = unsigned_request();
        request.fields.add("X-Amz-Date", timestamp_of(now));
        request.fields.add("Authorization",
                           fmt::format("AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=0", std::move(credential)));
        return denial(request);
    };
    EXPECT_EQ(with("AKID/20150830/us-east-1/sqs/aws5_request").text,
              "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.");
    EXPECT_EQ(with(std::string(4'096, 'A')).text.substr(0, 20), "Credential must have");
    EXPECT_EQ(with(std::string(4'097, 'A')).text, "Credential and SignedHeaders have at most 4096 characters.");
}

TEST_F(AccessTo, a_service_is_dated_by_either_header) {
    net::Request request = unsigned_request();
    request.fields.add("Date", timestamp_of(now));
    const Scope scope{.date = "20150830", .region = "us-east-1", .service = "sqs"};
    const std::string names = "date;host;x-amz-target";
    const std::string canonical = *canonical_request(request, names, sha256_hex(request.body));
    request.fields.add("Authorization",
                       fmt::format("AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/sqs/aws4_request, SignedHeaders={}, Signature={}",
                                   names, signature_of("secret", scope, string_to_sign(timestamp_of(now), scope, canonical))));

    EXPECT_EQ(text(request), "let in");
}

TEST_F(AccessTo, a_presigned_URL_is_signed_as_this_version_signs) {
    net::Request request = presigned(60);
    const auto at = request.target.find("AWS4-HMAC-SHA256");
    request.target.replace(at, 16, "AWS4-HMAC-SHA512");

    EXPECT_EQ(text(request), "AWS query-string parameters must include 'X-Amz-Algorithm' = 'AWS4-HMAC-SHA256'.");
}

TEST_F(AccessTo, a_service_takes_clocks_that_differ_by_fifteen_minutes) {
    EXPECT_EQ(text(signed_request(), 15min), "let in");
    EXPECT_EQ(text(signed_request(), 15min + 1s),
              "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)");
    EXPECT_EQ(text(signed_request(), -15min), "let in");
    EXPECT_EQ(text(signed_request(), -15min - 1s),
              "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)");
}

TEST_F(AccessTo, a_presigned_URL_lasts_as_long_as_it_says) {
    EXPECT_EQ(access.verify(presigned(60), "sqs", now + 60s).value(), "AKID");
    EXPECT_EQ(text(presigned(60), 61s), "Signature expired: 20150830T123700Z is now earlier than 20150830T123701Z");
    EXPECT_EQ(text(presigned(604'800), 604'800s), "let in");
    EXPECT_EQ(denial(presigned(604'801)).reason, Reason::incomplete);
    EXPECT_EQ(denial(presigned(0)).reason, Reason::incomplete);
    EXPECT_EQ(text(presigned(60, "&X-Amz-Security-Token=abc")), "let in");
}

TEST_F(AccessTo, a_presigned_URL_ends_when_it_is_changed) {
    net::Request changed = presigned(60);
    changed.target += "&QueueNamePrefix=x";
    EXPECT_EQ(denial(changed).reason, Reason::does_not_match);
}

TEST_F(AccessTo, a_service_names_what_an_incomplete_signature_lacks) {
    const auto with = [&](std::string_view authorization) {
        net::Request request = unsigned_request();
        request.fields.add("Authorization", authorization);
        return request;
    };
    EXPECT_EQ(
        text(with("AWS4-HMAC-SHA256")),
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header "
        "requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    EXPECT_EQ(denial(with("Basic eDp5")).reason, Reason::incomplete);
    net::Request dated = with("AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=0");
    dated.fields.add("X-Amz-Date", timestamp_of(now));
    EXPECT_EQ(text(dated), "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID'");
}

}  // namespace
}  // namespace rowmq::aws
