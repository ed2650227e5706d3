// Who comes in, and what they may: passwords, patterns, rights, policies.
#include <gtest/gtest.h>

#include <chrono>

#include "amqp/password.hpp"
#include "amqp/policies.hpp"
#include "amqp/rights.hpp"
#include "amqp/users.hpp"
#include "broker/bed.hpp"

namespace rowmq::amqp {
namespace {

using test::run_in;

TEST(Password, is_itself_and_no_other) {
    const std::string hash = hash_password("secret").value();

    EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    EXPECT_TRUE(is_password("secret", hash));
    EXPECT_FALSE(is_password("Secret", hash));
    EXPECT_FALSE(is_password("", hash));
    EXPECT_NE(hash_password("secret").value(), hash);

    const std::string other = "rabbit_password_hashing_sha256:" + rabbitmq_hash("secret").value();
    EXPECT_TRUE(is_password("secret", other));
    EXPECT_FALSE(is_password("Secret", other));
}

TEST(Password, of_rabbitmq_is_known_by_its_digests) {
    // "test12", as RabbitMQ's documentation hashes it by hand with the salt 908dc60a.
    const std::string hash = "rabbit_password_hashing_sha256:kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";

    EXPECT_TRUE(is_password("test12", hash));
    EXPECT_FALSE(is_password("test13", hash));
    EXPECT_EQ(hash_of(parts_of(hash)), hash);
}

TEST(Password, is_nobodys_where_its_hash_is_none) {
    for (const char* hash : {"", "x", ":", "rabbit_password_hashing_sha256:", "rabbit_password_hashing_sha256:AAAA", "$argon2id$",
                             "$argon2id$v=19$m=19456,t=2,p=1$AAAA$BBBB", "plain:c2VjcmV0"})
        EXPECT_FALSE(is_password("secret", hash)) << hash;
    EXPECT_EQ(hash_of({.algorithm = "rabbit_password_hashing_sha256", .hash = "AAAA"}), std::nullopt);
    EXPECT_EQ(hash_of({.algorithm = "", .hash = "AAAA"}), std::nullopt);
    EXPECT_EQ(hash_of({.algorithm = "nosuch", .hash = "AAAA"}), std::nullopt);
    EXPECT_EQ(hash_of({.algorithm = "rabbit_password_hashing_sha256", .hash = ""}), "");
}

TEST(Password, whose_hash_asks_for_gigabytes_is_not_taken) {
    const std::string greedy = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    EXPECT_EQ(hash_of({.algorithm = "rowmq_password_hashing_argon2id", .hash = greedy}), std::nullopt);
    EXPECT_FALSE(is_password("secret", greedy));
}

TEST(Pattern, is_found_anywhere_in_a_name_and_the_empty_one_fits_nothing) {
    EXPECT_TRUE(Pattern::compile("b").value().matches("abc"));
    EXPECT_FALSE(Pattern::compile("^b").value().matches("abc"));
    EXPECT_TRUE(Pattern::compile("^(a|x)\\w+$").value().matches("abc"));
    EXPECT_FALSE(Pattern::compile("").value().matches("a"));
    EXPECT_TRUE(Pattern::compile(".*").value().matches_all());
    EXPECT_EQ(Pattern::compile("(").error().code, Errc::invalid_argument);
}

TEST(Pattern, that_would_take_for_ever_does_not_match) {
    const Pattern slow = Pattern::compile("^(a+)+$").value();
    const auto began = std::chrono::steady_clock::now();

    EXPECT_FALSE(slow.matches(std::string(255, 'a') + "b"));

    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
}

class AccessTest : public test::Bed {
protected:
    void change(std::vector<AccessChange> changes) { ASSERT_TRUE(run_in(io, broker->change_access(std::move(changes)))); }
    void add_user(const std::string& name, std::vector<std::string> tags = {}, std::string password = "") {
        change({User{name, std::move(password), std::move(tags)}});
    }
};

TEST_F(AccessTest, rights_are_by_patterns_and_follow_changes) {
    add_user("ann");
    change({Permission{"ann", "/", "^c", "^(w|amq\\.default)", ""}});
    Rights rights(*broker, "ann", "/", false);

    EXPECT_TRUE(rights.enters());
    EXPECT_TRUE(rights.may(Right::configure, "c1"));
    EXPECT_FALSE(rights.may(Right::configure, "w1"));
    EXPECT_TRUE(rights.may(Right::write, ""));
    EXPECT_FALSE(rights.may(Right::read, "c1"));
    EXPECT_EQ(rights.queue(Right::read, "c1")->text, "ACCESS_REFUSED - read access to queue 'c1' in vhost '/' refused for user 'ann'");
    EXPECT_EQ(rights.exchange(Right::configure, "")->text,
              "ACCESS_REFUSED - configure access to exchange 'amq.default' in vhost '/' refused for user 'ann'");

    change({Permission{"ann", "/", "", "", ".*"}});

    EXPECT_FALSE(rights.may(Right::configure, "c1"));
    EXPECT_TRUE(rights.may(Right::read, "c1"));

    change({PermissionGone{"ann", "/"}});

    EXPECT_FALSE(rights.enters());
    EXPECT_FALSE(rights.may(Right::read, "c1"));
    EXPECT_TRUE(Rights(*broker, "ann", "/", true).may(Right::read, "c1"));
}

TEST_F(AccessTest, topic_permissions_are_of_topic_exchanges_and_know_the_user) {
    add_user("ann");
    change({Permission{"ann", "/", ".*", ".*", ".*"}, TopicPermission{"ann", "/", "t", "^{username}\\.", ""},
            TopicPermission{"ann", "/", "d", "", ""}});
    ExchangeOptions topic;
    topic.kind = ExchangeKind::topic;
    run_in(io, broker->declare_exchange("t", topic)).value();
    run_in(io, broker->declare_exchange("d")).value();
    Rights rights(*broker, "ann", "/", false);

    EXPECT_TRUE(rights.may_publish("t", "ann.x"));
    EXPECT_FALSE(rights.may_publish("t", "bob.x"));
    EXPECT_FALSE(rights.may_on_topic(Right::read, "t", "ann.x"));
    EXPECT_TRUE(rights.may_publish("d", "bob.x"));
    EXPECT_TRUE(rights.may_publish("other", "bob.x"));
}

TEST_F(AccessTest, guest_comes_in_from_the_same_machine_until_somebody_else_administers) {
    Users users(*broker, Logins());
    const Credentials guest{.user = "guest", .password = "guest"};
    bool known = false;

    EXPECT_TRUE(users.at_once(guest, true, known)->everything);
    EXPECT_FALSE(users.at_once(guest, false, known));
    add_user("worker");
    EXPECT_TRUE(users.at_once(guest, true, known));
    add_user("admin", {"administrator"});
    EXPECT_FALSE(users.at_once(guest, true, known));
    EXPECT_FALSE(known);
}

TEST_F(AccessTest, access_keys_may_do_everything_and_end_guest) {
    const std::vector<Credentials> keys{{.user = "AKIA", .password = "secret"}};
    Users users(*broker, Logins(keys));
    bool known = false;

    EXPECT_TRUE(users.at_once({.user = "AKIA", .password = "secret"}, false, known)->everything);
    EXPECT_FALSE(users.at_once({.user = "AKIA", .password = "other"}, false, known));
    EXPECT_FALSE(users.at_once({.user = "guest", .password = "guest"}, true, known));
}

TEST_F(AccessTest, a_user_comes_in_by_its_password_and_the_second_time_at_once) {
    add_user("ann", {"management"}, hash_password("secret").value());
    Users users(*broker, Logins());
    const Credentials right{.user = "ann", .password = "secret"};
    bool known = false;

    EXPECT_FALSE(users.at_once(right, false, known));
    EXPECT_TRUE(known);
    EXPECT_FALSE(run_in(io, users.login({.user = "ann", .password = "wrong"}, false, "10.0.0.1")).someone);
    EXPECT_EQ(run_in(io, users.login(right, false, "10.0.0.1")).someone->tags, std::vector<std::string>{"management"});
    EXPECT_TRUE(users.at_once(right, false, known));
    EXPECT_FALSE(users.at_once({.user = "ann", .password = "wrong"}, false, known));

    add_user("ann", {}, hash_password("changed").value());

    EXPECT_FALSE(users.at_once(right, false, known));
    EXPECT_FALSE(run_in(io, users.login(right, false, "10.0.0.1")).someone);
}

TEST_F(AccessTest, who_says_the_same_at_once_is_checked_once_and_a_flood_is_refused) {
    add_user("ann", {}, hash_password("secret").value());
    Users users(*broker, Logins(), {.waiting = 3, .waiting_of_address = 2});
    int in = 0, out = 0, busy = 0;
    const auto login = [&](std::string password, std::string address) {
        boost::asio::co_spawn(io, users.login({.user = "ann", .password = std::move(password)}, false, std::move(address)),
                              [&](std::exception_ptr, LoginAnswer answer) {
                                  ++(answer.busy ? busy : answer.someone ? in : out);
                              });
    };

    for (int i = 0; i < 50; ++i) login("secret", "10.0.0.1");
    for (int i = 0; i < 50; ++i) login("wrong " + std::to_string(i), "10.0.0.2");
    login("secret ", "10.0.0.3");
    login("secret  ", "10.0.0.4");
    io.restart();
    while (in + out + busy < 102 && io.run_one_for(std::chrono::seconds(30)) > 0) continue;

    EXPECT_EQ(in, 50);
    EXPECT_EQ(out, 3) << "two of the flood, and one from elsewhere";
    EXPECT_EQ(busy, 49);
    bool known = false;
    EXPECT_TRUE(users.at_once({.user = "ann", .password = "secret"}, false, known));
    EXPECT_FALSE(run_in(io, users.login({.user = "ann", .password = "wrong"}, false, "10.0.0.2")).busy);
}

TEST_F(AccessTest, a_certificate_names_a_stored_user_and_guest_on_the_same_machine_only) {
    add_user("ann", {"monitoring"});
    add_user("guest");
    const std::vector<Credentials> keys{{.user = "AKIA", .password = "secret"}};
    Users users(*broker, Logins(keys));
    const net::PeerCertificate certificate{.common_name = "ann", .distinguished_name = "CN=ann,O=x", .dns_name = "ann.example"};

    EXPECT_EQ(users.by_certificate("ann", false)->tags, std::vector<std::string>{"monitoring"});
    EXPECT_TRUE(users.by_certificate("guest", true));
    for (const char* name : {"", "guest", "AKIA", "bob"}) EXPECT_FALSE(users.by_certificate(name, false)) << name;
    EXPECT_EQ(user_of(certificate, CertificateName::common_name), "ann");
    EXPECT_EQ(user_of(certificate, CertificateName::distinguished_name), "CN=ann,O=x");
    EXPECT_EQ(user_of(certificate, CertificateName::subject_alternative_name), "ann.example");
}

boost::json::object policy_of(boost::json::object definition, std::string pattern = ".*", std::int64_t priority = 0) {
    return {{"pattern", pattern}, {"definition", std::move(definition)}, {"priority", priority}};
}

TEST_F(AccessTest, of_policies_the_one_of_highest_priority_holds_and_of_limits_the_smallest) {
    const auto put = [&](std::string component, std::string name, boost::json::object value) {
        change({Parameter{std::move(component), "/", std::move(name), boost::json::serialize(value)}});
    };
    put("policy", "low", policy_of({{"max-length", 1}}));
    put("policy", "high", policy_of({{"max-length", 9}, {"message-ttl", 100}, {"dead-letter-exchange", "x"}}, "^q", 5));
    put("operator_policy", "op", policy_of({{"max-length", 7}, {"delivery-limit", 3}}));
    Policies policies(*broker);
    QueueOptions declared;
    declared.max_length = 8;
    declared.attributes["amqp.x-max-length"] = "signedint:8";

    const Applied applied = policies.of_queue("/", "q1", declared);
    QueueOptions now = with(applied, declared);

    EXPECT_EQ(applied.policy->name, "high");
    EXPECT_EQ(now.max_length, 7);
    EXPECT_EQ(now.ttl, milliseconds(100));
    EXPECT_EQ(now.max_receives, 4u);
    EXPECT_EQ(now.dead_letter->exchange, "x");
    EXPECT_EQ(with(applied, now), now);
    EXPECT_EQ(with(policies.of_queue("/", "other", declared), declared).max_length, 1);
    EXPECT_EQ(with(Applied{}, now), declared);
}

TEST_F(AccessTest, policies_are_checked_as_rabbitmq_does) {
    const auto why = [](boost::json::object value, PolicyKind kind = PolicyKind::user) {
        const auto read = read_policy("p", value, kind);
        return read ? std::string("ok") : read.error().text;
    };
    EXPECT_EQ(why(policy_of({{"max-length", 5}})), "ok");
    EXPECT_NE(why(policy_of({{"nosuch", 5}})).find("[{<<\"nosuch\">>,5}] are not recognised policy settings"), std::string::npos);
    EXPECT_NE(why(policy_of({{"max-length", "x"}})).find("<<\"x\">> is not a valid maximum length"), std::string::npos);
    EXPECT_NE(why(policy_of({{"overflow", "drop-head"}}, "(")).find("pattern should be regular expression but is invalid"),
              std::string::npos);
    EXPECT_NE(why(policy_of({{"dead-letter-exchange", "x"}}), PolicyKind::operators).find("are not recognised"), std::string::npos);
    EXPECT_NE(why({{"definition", boost::json::object{{"max-length", 1}}}}).find("pattern"), std::string::npos);
}

}  // namespace
}  // namespace rowmq::amqp
