// Every limit and every bound of a setting: the last value that is taken, and where it lands.
#include <gtest/gtest.h>

#include "app/settings_values.hpp"

namespace rowmq::app {
namespace {

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

TEST(SettingsLimits, land_each_in_its_own_place) {
    const auto given = settle({},
                              environment_of({{"ROWMQ_LIMITS_QUEUES", "1"},
                                              {"ROWMQ_LIMITS_MESSAGE_BYTES", "2"},
                                              {"ROWMQ_LIMITS_WRITE_BYTES", "3"},
                                              {"ROWMQ_LIMITS_WINDOW_ENTRIES", "4"},
                                              {"ROWMQ_LIMITS_WINDOWS_ENTRIES", "5"},
                                              {"ROWMQ_LIMITS_WINDOWS_BYTES", "6"},
                                              {"ROWMQ_LIMITS_LEASES_PER_SESSION", "7"},
                                              {"ROWMQ_LIMITS_LEASES_PER_QUEUE", "8"},
                                              {"ROWMQ_LIMITS_METRICS_QUEUES", "9"},
                                              {"ROWMQ_LIMITS_TRANSACTION_TIME_MS", "10"},
                                              {"ROWMQ_LIMITS_MEMORY_BYTES", "11"}}),
                              "")
                           .value()
                           .limits;

    EXPECT_EQ(given.queues, 1u);
    EXPECT_EQ(given.message_bytes, 2);
    EXPECT_EQ(given.write_bytes, 3u);
    EXPECT_EQ(given.window_entries, 4u);
    EXPECT_EQ(given.windows_entries, 5u);
    EXPECT_EQ(given.windows_bytes, 6u);
    EXPECT_EQ(given.leases_per_session, 7u);
    EXPECT_EQ(given.leases_per_queue, 8u);
    EXPECT_EQ(given.metrics_queues, 9u);
    EXPECT_EQ(given.memory_bytes, 11);
    EXPECT_EQ(given.transaction_time, std::chrono::milliseconds(10));
}

TEST(SettingsLimits, are_whole_numbers_from_1_to_2_to_the_48th) {
    const auto set = [](std::string text) { return settle({}, environment_of({{"ROWMQ_LIMITS_QUEUES", text}}), "").has_value(); };

    EXPECT_TRUE(set("1"));
    EXPECT_TRUE(set("281474976710656"));
    for (const char* wrong : {"0", "-1", "281474976710657", "1.5", ""}) EXPECT_FALSE(set(wrong)) << wrong;
}

TEST(SettingsLimits, of_words_are_their_lengths) {
    EXPECT_TRUE(parse_region(std::string(32, 'r')).has_value());
    EXPECT_TRUE(parse_region(std::string(33, 'r')).has_error());
    EXPECT_TRUE(check_access_key(std::string(128, 'k'), std::string(256, 's')).has_value());
    EXPECT_TRUE(check_access_key(std::string(129, 'k'), "s").has_error());
    EXPECT_TRUE(check_access_key("k", std::string(257, 's')).has_error());
    EXPECT_TRUE(check_access_key("k", "").has_error());
}

TEST(Settings, take_switches_of_the_environment_as_they_are_written) {
    const auto tls = [](std::string name, std::string value) {
        return settle({}, environment_of({{"ROWMQ_TLS_CERTIFICATE", "c"}, {"ROWMQ_TLS_KEY", "k"}, {name, value}}), "").value().tls;
    };
    const auto for_admin = tls("ROWMQ_TLS_ADMIN", "true"), optional = tls("ROWMQ_TLS_OPTIONAL", "true");

    EXPECT_TRUE(for_admin.admin && !for_admin.plain_too);
    EXPECT_TRUE(optional.plain_too && !optional.admin);
    EXPECT_FALSE(tls("ROWMQ_TLS_ADMIN", "false").admin);
    EXPECT_EQ(settle({}, environment_of({{"ROWMQ_LOG_FORMAT", "json"}}), "").value().log_format, LogFormat::json);
}

TEST(Settings, take_switches_of_a_file_as_they_are_written) {
    const auto admin = read_toml("[tls]\nadmin = true\n", "x").value().tls,
               optional = read_toml("[tls]\noptional = true\n", "x").value().tls;

    EXPECT_EQ(admin.admin, true);
    EXPECT_EQ(admin.plain_too, std::nullopt);
    EXPECT_EQ(optional.plain_too, true);
    EXPECT_EQ(optional.admin, std::nullopt);
}

TEST(SettingsOutbound, open_private_and_loopback_addresses_together) {
    const auto outbound = [](std::string value) { return settle({}, environment_of({{"ROWMQ_OUTBOUND_PRIVATE", value}}), ""); };
    const auto open = outbound("true").value().outbound, closed = outbound("false").value().outbound;

    EXPECT_TRUE(open.private_too && open.loopback_too);
    EXPECT_FALSE(closed.private_too || closed.loopback_too);
    EXPECT_TRUE(outbound("maybe").has_error());
}

TEST(SettingsOutbound, allow_the_ranges_that_are_listed) {
    const auto of_environment = settle({}, environment_of({{"ROWMQ_OUTBOUND_ALLOW", "169.254.10.0/24, fe80::/64"}}), "").value().outbound;
    const auto of_file = read_toml("[outbound]\nallow = [\"169.254.10.0/24\"]\nprivate = false\n", "x").value();

    EXPECT_EQ(of_environment.allowed.size(), 2u);
    ASSERT_TRUE(of_file.outbound_allow);
    EXPECT_EQ(of_file.outbound_allow->size(), 1u);
    EXPECT_EQ(of_file.outbound_private, false);
    EXPECT_TRUE(settle({}, environment_of({{"ROWMQ_OUTBOUND_ALLOW", "169.254.10.0/33"}}), "").has_error());
    for (const char* wrong : {"outbound = 1", "[outbound]\nallow = \"169.254.10.0/24\"", "[outbound]\nallow = [\"x\"]",
                              "[outbound]\nprivate = 1", "[outbound]\ndeny = []"})
        EXPECT_TRUE(read_toml(wrong, "x").has_error()) << wrong;
}

}  // namespace
}  // namespace rowmq::app
