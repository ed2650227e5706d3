#include "broker/routing/topic_keys.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace rowmq {
namespace {

std::set<std::string> matching(const TopicKeys& keys, std::string_view key) {
    std::vector<const std::string*> found;
    keys.match(key, found);
    std::set<std::string> out;
    for (const std::string* pattern : found) EXPECT_TRUE(out.insert(*pattern).second) << *pattern << " comes twice";
    return out;
}

using Set = std::set<std::string>;

/// The rule itself, as slowly as it is said.
bool takes(const std::vector<std::string>& pattern, std::size_t p, const std::vector<std::string>& key, std::size_t k) {
    if (p == pattern.size()) return k == key.size();
    if (pattern[p] == "#") {
        for (std::size_t next = k; next <= key.size(); ++next)
            if (takes(pattern, p + 1, key, next)) return true;
        return false;
    }
    return k < key.size() && (pattern[p] == "*" || pattern[p] == key[k]) && takes(pattern, p + 1, key, k + 1);
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) text += (i > 0 ? "." : "") + words[i];
    return text;
}

TEST(TopicKeys, match_words_one_word_and_any_words) {
    TopicKeys keys;
    for (const char* pattern : {"a.b.c", "a.*.c", "a.#", "#", "*.*", "#.c", "a.#.c", "", "*"}) keys.add(pattern);
    EXPECT_EQ(matching(keys, "a.b.c"), (Set{"a.b.c", "a.*.c", "a.#", "#", "#.c", "a.#.c"}));
    EXPECT_EQ(matching(keys, "a.c"), (Set{"a.#", "#", "*.*", "#.c", "a.#.c"}));
    EXPECT_EQ(matching(keys, "a"), (Set{"a.#", "#", "*"}));
    EXPECT_EQ(matching(keys, ""), (Set{"", "#"}));
    EXPECT_EQ(matching(keys, "a."), (Set{"a.#", "#", "*.*"}));
    EXPECT_EQ(matching(keys, "x.y.z.c"), (Set{"#", "#.c"}));
}

TEST(TopicKeys, are_forgotten_one_by_one) {
    TopicKeys keys;
    for (const char* pattern : {"a.b", "a.b.c", "a.#", "#"}) keys.add(pattern);
    keys.add("a.b");
    EXPECT_EQ(keys.size(), 4u);
    keys.remove("a.b");
    keys.remove("a");
    EXPECT_EQ(keys.size(), 3u);
    EXPECT_EQ(matching(keys, "a.b"), (Set{"a.#", "#"}));
    EXPECT_EQ(matching(keys, "a.b.c"), (Set{"a.b.c", "a.#", "#"}));
    for (const char* pattern : {"a.b.c", "a.#", "#"}) keys.remove(pattern);
    EXPECT_EQ(keys.size(), 0u);
    EXPECT_EQ(matching(keys, "a.b.c"), Set{});
}

TEST(TopicKeys, match_as_the_rule_says_for_random_patterns_and_keys) {
    std::mt19937 random(7);
    const auto word = [&](int kinds) { return std::vector<std::string>{"a", "b", "c", "*", "#"}[random() % kinds]; };
    const auto some = [&](int kinds) {
        std::vector<std::string> words(1 + random() % 5);
        for (auto& w : words) w = word(kinds);
        return words;
    };
    TopicKeys keys;
    std::map<std::string, std::vector<std::string>> patterns;
    for (int i = 0; i < 200; ++i) {
        auto pattern = some(5);
        keys.add(joined(pattern));
        patterns.emplace(joined(pattern), pattern);
    }
    for (int i = 0; i < 500; ++i) {
        const auto key = some(3);
        Set expected;
        for (const auto& [text, pattern] : patterns)
            if (takes(pattern, 0, key, 0)) expected.insert(text);
        EXPECT_EQ(matching(keys, joined(key)), expected) << joined(key);
        if (i % 5 == 0 && !patterns.empty()) {
            keys.remove(patterns.begin()->first);
            patterns.erase(patterns.begin());
        }
    }
}

TEST(TopicKeys, of_many_any_words_in_a_row_cost_no_more_than_their_words) {
    TopicKeys keys;
    std::string pattern = "#", key = "a";
    for (int i = 0; i < 100; ++i) {
        pattern += ".#";
        key += ".a";
    }
    keys.add(pattern + ".b");
    keys.add(pattern);
    EXPECT_EQ(matching(keys, key), Set{pattern});
}

}  // namespace
}  // namespace rowmq
