// The description of the API says what the API does.

#include "admin/openapi.hpp"

#include <algorithm>
#include <regex>
#include <set>

#include "admin/admin_test.hpp"

namespace rowmq::admin {
namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    return out;
}

/// "GET /rowmq/v1/queues/*" of everything described.
std::set<std::string> described() {
    std::set<std::string> out;
    const auto document = json::parse(json::string_view(openapi_json().data(), openapi_json().size())).as_object();
    for (const auto& path : document.at("paths").as_object()) {
        const auto pattern = std::regex_replace(std::string(path.key()), std::regex(R"(\{[^}]*\})"), "*");
        for (const auto& operation : path.value().as_object()) out.insert(upper(operation.key()) + " " + pattern);
    }
    return out;
}

TEST(OpenApi, describes_every_route_and_no_other) {
    std::set<std::string> routes;
    for (const auto& [method, pattern] : Admin::paths()) routes.insert(method + " /" + pattern);

    EXPECT_EQ(described(), routes);
}

TEST_F(AdminApi, describes_itself) {
    const auto answer = ask("GET", "/rowmq/v1/openapi.json");

    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "application/json");
    EXPECT_EQ(answer.body, openapi_json());
    EXPECT_EQ(object(answer).at("openapi").as_string(), "3.1.0");
}

/// The members an answer has are those its schema describes.
void expect_described(const json::object& value, std::string_view schema) {
    const auto document = json::parse(json::string_view(openapi_json().data(), openapi_json().size())).as_object();
    const auto& described =
        document.at("components").at("schemas").at(json::string_view(schema.data(), schema.size())).at("properties").as_object();
    std::set<std::string> expected, found;
    for (const auto& member : described) expected.emplace(member.key());
    for (const auto& member : value) found.emplace(member.key());
    EXPECT_EQ(found, expected) << schema;
}

TEST_F(AdminApi, shows_the_members_it_describes) {
    const auto queue = object(ask("PUT", "/rowmq/v1/queues/q"));

    expect_described(queue, "Queue");
    expect_described(queue.at("options").as_object(), "QueueOptions");
    expect_described(queue.at("counts").as_object(), "QueueCounts");
    expect_described(object(ask("GET", "/rowmq/v1/health")), "Health");
    expect_described(object(ask("GET", "/rowmq/v1/queues/none")), "Error");
}

}  // namespace
}  // namespace rowmq::admin
