#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "base/sha256.hpp"
#include "base/utf8.hpp"

namespace rowmq {

// RFC 4648, section 10.
TEST(Base64, is_the_one_of_the_rfc) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(base64_encode(plain), coded);
        EXPECT_EQ(base64_decode(coded), plain);
    }
}

TEST(Base64, refuses_what_is_not_canonical) {
    for (const char* text : {"Z", "Zg=", "Zg", "Zh==", "Zm9=", "====", "Z===", "Zm9v====", "Zg==Zg==", "Zm 9", "Zm9\n"})
        EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Utf8, refuses_overlong_surrogates_and_beyond) {
    for (const char* text : {"", "plain ascii, longer than a word", "naïve", "\xe2\x82\xac", "\xf0\x9f\x90\x87", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const char* text : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xc3", "12345678\xe2\x82", "\x80"})
        EXPECT_FALSE(is_utf8(text)) << text;
}

// FIPS 180-4's example.
TEST(Sha256, is_the_one_of_the_standard) {
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace rowmq
