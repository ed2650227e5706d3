#include "app/settings.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace rowmq::app {
namespace {

/// Only what the test says is set.
Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

class SettingsFile : public testing::Test {
protected:
    std::string write(std::string_view text) {
        std::ofstream(path_) << text;
        return path_;
    }
    void TearDown() override { std::filesystem::remove(path_); }

    const std::string path_ = testing::TempDir() + "rowmq-settings-" + std::to_string(::getpid()) + ".toml";
};

TEST(Settings, without_any_source_serve_everything_on_the_loopback_address) {
    const auto settings = settle({}, environment_of({}), "").value();

    EXPECT_EQ(settings.store, "sqlite:rowmq.db");
    EXPECT_EQ(settings.listeners.at("sqs"), (Endpoint{"127.0.0.1", 9324}));
    EXPECT_EQ(settings.listeners.at("admin"), (Endpoint{"127.0.0.1", 15672}));
    EXPECT_EQ(settings.durability, Durability::full);
    EXPECT_FALSE(settings.strict_counting);
    EXPECT_TRUE(settings.early_delivery);
}

TEST_F(SettingsFile, wins_over_the_defaults) {
    const auto file = write(R"(
store = "sqlite:file.db"
durability = "normal"
strict_counting = true
early_delivery = "off"
log_level = "debug"
log_format = "json"
[listen]
sqs = "0.0.0.0:1"
admin = "off"
amqp = "off"
[limits]
write_bytes = 1_000_000
transaction_time_ms = 50
metrics_queues = 20
)");

    const auto settings = settle({}, environment_of({}), file).value();

    EXPECT_EQ(settings.store, "sqlite:file.db");
    EXPECT_EQ(settings.durability, Durability::normal);
    EXPECT_TRUE(settings.strict_counting);
    EXPECT_FALSE(settings.early_delivery);
    EXPECT_EQ(settings.log_level, "debug");
    EXPECT_EQ(settings.log_format, LogFormat::json);
    EXPECT_EQ(settings.limits.metrics_queues, 20u);
    EXPECT_EQ(settings.listeners.at("sqs"), (Endpoint{"0.0.0.0", 1}));
    EXPECT_EQ(settings.listeners.at("admin"), std::nullopt);
    EXPECT_EQ(settings.limits.write_bytes, 1'000'000u);
    EXPECT_EQ(settings.limits.transaction_time, std::chrono::milliseconds(50));
}

TEST_F(SettingsFile, loses_to_the_environment_and_that_to_a_flag_member_by_member) {
    const auto file = write("store = \"sqlite:file.db\"\ndurability = \"off\"\n[listen]\nsqs = 1\nadmin = 1\n[limits]\nqueues = 1\n");
    const auto environment = environment_of({{"ROWMQ_STORE", "sqlite:environment.db"},
                                             {"ROWMQ_LISTEN", "sqs=2, admin=2"},
                                             {"ROWMQ_STRICT_COUNTING", "true"},
                                             {"ROWMQ_EARLY_DELIVERY", "off"},
                                             {"ROWMQ_LIMITS_QUEUES", "2"}});
    Layer flags;
    flags.store = "sqlite:flag.db";
    flags.listens = {parse_listen("sqs=3").value()};

    const auto without_flags = settle({}, environment, file).value();
    const auto settings = settle(flags, environment, file).value();

    EXPECT_EQ(without_flags.store, "sqlite:environment.db");
    EXPECT_EQ(without_flags.listeners.at("sqs")->port, 2);
    EXPECT_EQ(settings.store, "sqlite:flag.db");
    EXPECT_EQ(settings.listeners.at("sqs")->port, 3);
    EXPECT_EQ(settings.listeners.at("admin")->port, 2);
    EXPECT_EQ(settings.durability, Durability::off);
    EXPECT_TRUE(settings.strict_counting);
    EXPECT_FALSE(settings.early_delivery);
    EXPECT_EQ(settings.limits.queues, 2u);
}

TEST_F(SettingsFile, may_be_named_by_the_environment) {
    const auto file = write("store = \"memory:\"");

    EXPECT_EQ(settle({}, environment_of({{"ROWMQ_CONFIG", file}}), "").value().store, "memory:");
}

TEST_F(SettingsFile, with_a_name_that_does_not_exist_is_refused) {
    for (const auto* text : {"stroe = \"x\"",
                             "[listen]\nhttp = 1",
                             "[limits]\nwrite_byte = 1",
                             "store = 1",
                             "strict_counting = 1",
                             "durability = \"maybe\"",
                             "early_delivery = \"maybe\"",
                             "early_delivery = true",
                             "log_format = \"xml\"",
                             "listen = 1",
                             "tls = 1",
                             "[tls]\nkeys = \"k\"",
                             "[tls]\nkey = 1",
                             "[tls]\nadmin = \"true\"",
                             "[tls]\nclient_ca = 1",
                             "[tls]\nclient_certificates = true",
                             "[tls]\nclient_certificates = \"perhaps\"",
                             "[tls]\nclient_name = \"email\"",
                             "[limits]\nqueues = 0",
                             "[limits]\nqueues = \"1\"",
                             "store = ",
                             "[listen]\nkafka = \"127.0.0.1:9092\"",
                             "account = \"1\"",
                             "region = \"a b\"",
                             "access_keys = 1",
                             "[access_keys]\nA = 1",
                             "[access_keys]\n\"A B\" = \"s\"",
                             "[sqs]\nx = 1",
                             "[sqs]\nrecreate_after = 60"}) {
        const auto refused = settle({}, environment_of({}), write(text));
        ASSERT_TRUE(refused.has_error()) << text;
        EXPECT_NE(refused.error().text.find(path_), std::string::npos) << refused.error().text;
    }
}

TEST_F(SettingsFile, says_which_certificate_and_for_whom_member_by_member) {
    const auto file = write("[tls]\ncertificate = \"file.crt\"\nkey = \"file.key\"\noptional = true\nadmin = true\n");
    Layer flags;
    flags.tls.key = "flag.key";

    const auto of_file = settle({}, environment_of({}), file).value().tls;
    const auto of_all =
        settle(flags, environment_of({{"ROWMQ_TLS_CERTIFICATE", "e.crt"}, {"ROWMQ_TLS_KEY", "e.key"}, {"ROWMQ_TLS_OPTIONAL", "false"}}),
               file)
            .value()
            .tls;

    EXPECT_TRUE(of_file.on() && of_file.plain_too && of_file.admin);
    EXPECT_EQ(of_file.certificate + of_file.key, "file.crtfile.key");
    EXPECT_EQ(of_all.certificate + of_all.key, "e.crtflag.key");
    EXPECT_FALSE(of_all.plain_too);
    EXPECT_TRUE(of_all.admin);
    EXPECT_FALSE(settle({}, environment_of({}), "").value().tls.on());
}

TEST_F(SettingsFile, says_what_is_asked_of_clients_and_who_a_certificate_is) {
    const std::string server = "[tls]\ncertificate = \"c\"\nkey = \"k\"\n";
    const auto of_file = settle({}, environment_of({}), write(server + "client_ca = \"ca\"\n")).value().tls;
    const auto of_all =
        settle({}, environment_of({{"ROWMQ_TLS_CLIENT_CA", "other"}, {"ROWMQ_TLS_CLIENT_NAME", "subject_alternative_name"}}),
               write(server + "client_ca = \"ca\"\nclient_certificates = \"required\"\nclient_name = \"distinguished_name\"\n"))
            .value()
            .tls;

    EXPECT_EQ(of_file.client_ca, "ca");
    EXPECT_EQ(of_file.client_certificates(), net::ClientCertificates::asked);
    EXPECT_EQ(of_file.client_name, amqp::CertificateName::common_name);
    EXPECT_EQ(of_all.client_ca, "other");
    EXPECT_EQ(of_all.client_certificates(), net::ClientCertificates::required);
    EXPECT_EQ(of_all.client_name, amqp::CertificateName::subject_alternative_name);
    EXPECT_EQ(TlsSettings().client_certificates(), net::ClientCertificates::off);
    for (const char* half : {"client_ca = \"ca\"\n", "client_certificates = \"asked\"\n"})
        EXPECT_TRUE(settle({}, environment_of({}), write(std::string("[tls]\n") + half)).has_error()) << half;
    EXPECT_TRUE(settle({}, environment_of({{"ROWMQ_TLS_CLIENT_CERTIFICATES", "perhaps"}}), "").has_error());
    EXPECT_TRUE(settle({}, environment_of({{"ROWMQ_TLS_CLIENT_NAME", "email"}}), "").has_error());
}

TEST(Settings, refuse_half_of_tls) {
    for (const auto& half : std::vector<std::map<std::string, std::string>>{
             {{"ROWMQ_TLS_CERTIFICATE", "c"}}, {{"ROWMQ_TLS_KEY", "k"}}, {{"ROWMQ_TLS_OPTIONAL", "true"}}, {{"ROWMQ_TLS_ADMIN", "1"}}})
        EXPECT_TRUE(settle({}, environment_of(half), "").has_error()) << half.begin()->first;
}

TEST_F(SettingsFile, names_access_keys_that_those_of_the_environment_and_the_flags_add_to) {
    const auto file = write(
        "account = \"123456789012\"\nregion = \"eu-west-1\"\n[access_keys]\nAKIA1 = \"one\"\nAKIA2 = \"two\"\n"
        "[sqs]\nrecreate_after = \"60s\"\n");
    const auto environment = environment_of({{"ROWMQ_ACCESS_KEYS", "AKIA2:zwei, AKIA3:a:b"}, {"ROWMQ_REGION", "eu-central-1"}});
    Layer flags;
    flags.access_keys.emplace("AKIA3", "drei");

    const auto settings = settle(flags, environment, file).value();

    EXPECT_EQ(settings.access_keys,
              (std::map<std::string, std::string, std::less<>>{{"AKIA1", "one"}, {"AKIA2", "zwei"}, {"AKIA3", "drei"}}));
    EXPECT_EQ(settings.account, "123456789012");
    EXPECT_EQ(settings.region, "eu-central-1");
    EXPECT_EQ(settings.recreate_after, std::chrono::seconds(60));
}

TEST(Settings, name_the_access_key_that_is_wrong_and_never_its_secret) {
    EXPECT_EQ(parse_access_key("AKIA:a:b").value(), std::pair(std::string("AKIA"), std::string("a:b")));
    for (const char* wrong : {"", "AKIA", "AKIA:", ":hidden", "A/B:hidden", "AKIA:hid den"}) {
        const auto refused = parse_access_key(wrong);
        ASSERT_TRUE(refused.has_error()) << wrong;
        EXPECT_EQ(refused.error().text.find("hid"), std::string::npos) << refused.error().text;
    }
}

TEST(Settings, take_an_account_of_twelve_digits_and_a_region_of_letters) {
    EXPECT_EQ(settle({}, environment_of({{"ROWMQ_ACCOUNT", "123456789012"}}), "").value().account, "123456789012");
    for (const char* wrong : {"", "12345678901", "1234567890123", "12345678901x"}) EXPECT_TRUE(parse_account(wrong).has_error()) << wrong;
    for (const char* wrong : {"", "eu_west", "eu west", "0123456789012345678901234567890-x"})
        EXPECT_TRUE(parse_region(wrong).has_error()) << wrong;
}

TEST(Settings, name_the_file_that_is_not_there) {
    const auto refused = settle({}, environment_of({}), "/nowhere/rowmq.toml");

    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().text, "the configuration file \"/nowhere/rowmq.toml\" cannot be read");
}

TEST(Settings, name_the_variable_that_is_wrong) {
    for (const auto& [name, value] : std::map<std::string, std::string>{{"ROWMQ_LISTEN", "sqs"},
                                                                        {"ROWMQ_DURABILITY", "x"},
                                                                        {"ROWMQ_STRICT_COUNTING", "maybe"},
                                                                        {"ROWMQ_LOG_LEVEL", "loud"},
                                                                        {"ROWMQ_TLS_OPTIONAL", "maybe"},
                                                                        {"ROWMQ_TLS_ADMIN", "maybe"},
                                                                        {"ROWMQ_LOG_FORMAT", "xml"},
                                                                        {"ROWMQ_ACCESS_KEYS", "AKIA"},
                                                                        {"ROWMQ_ACCOUNT", "1"},
                                                                        {"ROWMQ_REGION", "a_b"},
                                                                        {"ROWMQ_SQS_RECREATE_AFTER", "soon"},
                                                                        {"ROWMQ_LIMITS_WRITE_BYTES", "1k"}}) {
        const auto refused = settle({}, environment_of({{name, value}}), "");
        ASSERT_TRUE(refused.has_error()) << name;
        EXPECT_NE(refused.error().text.find(name), std::string::npos) << refused.error().text;
    }
}

TEST(Settings, take_letters_where_toml_takes_them_and_only_utf8) {
    EXPECT_EQ(read_toml("store = \"sqlite:\u00e4\u03b1.db\" # \u00e4\n", "x").value().store, "sqlite:\u00e4\u03b1.db");
    for (const char* text : {"[l\xe9m]\n", "\xce\xbf = 1\n", "store = \"\xff\"\n", "[\x01", "[\x7f\t", "[=1]\n"})
        EXPECT_TRUE(read_toml(text, "x").has_error()) << text;
}

}  // namespace
}  // namespace rowmq::app
