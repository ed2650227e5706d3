#include "net/client_url.hpp"

#include <gtest/gtest.h>

namespace rowmq::net {
namespace {

TEST(ClientUrl, says_where_to_connect_and_what_to_ask_for) {
    const auto plain = parse_client_url("http://Example.test").value();
    const auto full = parse_client_url("https://[::1]:8443/a%20b?c=d&e#f").value();
    const auto query = parse_client_url("https://h:443?x").value();

    EXPECT_EQ(plain.origin(), "http://example.test:80");
    EXPECT_EQ(plain.authority, "example.test");
    EXPECT_EQ(plain.target, "/");
    EXPECT_EQ(full.origin(), "https://[::1]:8443");
    EXPECT_EQ(full.host, "::1");
    EXPECT_EQ(full.authority, "[::1]:8443");
    EXPECT_EQ(full.target, "/a%20b?c=d&e");
    EXPECT_EQ(query.authority, "h");
    EXPECT_EQ(query.target, "/?x");
}

TEST(ClientUrl, that_could_mean_something_else_than_it_seems_is_refused) {
    for (const std::string text : {"",
                                   "h",
                                   "/path",
                                   "ftp://h/",
                                   "file:///etc/hosts",
                                   "http:h",
                                   "http:///path",
                                   "http://",
                                   "http://user@h/",
                                   "http://user:word@h/",
                                   "http://@h/",
                                   "http://h:0/",
                                   "http://h:65536/",
                                   "http://h:65616/",
                                   "http://h:8o/",
                                   "http://h:-1/",
                                   "http://h:8o/",
                                   "http://h/a b",
                                   "http://h/\r\nX: y",
                                   "http://h\t/",
                                   "http://h%00/",
                                   "http://h%2e/",
                                   "http://[::1/",
                                   "http://[v1.x]/",
                                   "http://h\\@g/",
                                   "http://\xc3\xa4/",
                                   " http://h/"}) {
        const auto url = parse_client_url(text);
        ASSERT_TRUE(url.has_error()) << text;
        EXPECT_EQ(url.error().code, Errc::invalid_argument);
    }
    EXPECT_TRUE(parse_client_url("http://h/" + std::string(9'000, 'a')).has_error());
    EXPECT_TRUE(parse_client_url("http://" + std::string(254, 'a') + "/").has_error());
}

TEST(ClientUrl, of_a_redirect_is_seen_from_the_page_it_came_from) {
    const auto from = parse_client_url("https://h:8443/a/b?c").value();

    EXPECT_EQ(redirect_of(from, "d").value().text, "https://h:8443/a/d");
    EXPECT_EQ(redirect_of(from, "/d?e").value().text, "https://h:8443/d?e");
    EXPECT_EQ(redirect_of(from, "//g/d").value().text, "https://g/d");
    EXPECT_EQ(redirect_of(from, "http://g").value().text, "http://g/");
    for (const char* location : {"ftp://h/", "http://u@h/", "http://h:99999/", "a b", "\r\n"})
        EXPECT_TRUE(redirect_of(from, location).has_error()) << location;
}

}  // namespace
}  // namespace rowmq::net
