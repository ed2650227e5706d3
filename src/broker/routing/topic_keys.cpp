#include "broker/routing/topic_keys.hpp"

#include <algorithm>

namespace rowmq {

TopicKeys::Words TopicKeys::words_of(std::string_view key) {
    Words words;
    if (key.empty()) return words;
    for (;;) {
        const auto dot = key.find('.');
        words.push_back(key.substr(0, dot));
        if (dot == std::string_view::npos) return words;
        key.remove_prefix(dot + 1);
    }
}

void TopicKeys::add(const std::string& pattern) {
    Node* node = &root_;
    const auto step = [](std::unique_ptr<Node>& to) {
        if (!to) to = std::make_unique<Node>();
        return to.get();
    };
    for (const std::string_view word : words_of(pattern)) {
        node = word == "*" ? step(node->one) : word == "#" ? step(node->any) : step(node->words[std::string(word)]);
        node->takes_more = word == "#";
    }
    if (node->pattern) return;
    node->pattern = std::make_unique<std::string>(pattern);
    ++size_;
}

void TopicKeys::remove(std::string_view pattern) {
    if (remove(root_, words_of(pattern), 0)) --size_;
}

// Whether the pattern was there. Nodes that nothing ends at or passes through go with it.
bool TopicKeys::remove(Node& node, const Words& words, std::size_t at) {
    if (at == words.size()) {
        const bool there = node.pattern != nullptr;
        node.pattern.reset();
        return there;
    }
    const auto in = [&](std::unique_ptr<Node>& next) {
        if (!next || !remove(*next, words, at + 1)) return false;
        if (next->empty()) next.reset();
        return true;
    };
    if (words[at] == "*") return in(node.one);
    if (words[at] == "#") return in(node.any);
    const auto found = node.words.find(std::string(words[at]));
    if (found == node.words.end() || !in(found->second)) return false;
    if (!found->second) node.words.erase(found);
    return true;
}

/// Also what can be reached from it by no word at all.
void TopicKeys::enter(const Node& node, std::vector<const Node*>& nodes) {
    for (const Node* at = &node; at; at = at->any.get()) nodes.push_back(at);
}

// All places in the tree where the words so far may lead, so that a row of "#" costs no more than one.
void TopicKeys::match(std::string_view key, std::vector<const std::string*>& patterns) const {
    std::vector<const Node*> nodes, next;
    enter(root_, nodes);
    for (const std::string_view word : words_of(key)) {
        next.clear();
        for (const Node* node : nodes) {
            if (node->takes_more) next.push_back(node);
            if (node->one) enter(*node->one, next);
            if (node->words.empty()) continue;
            const auto found = node->words.find(std::string(word));
            if (found != node->words.end()) enter(*found->second, next);
        }
        std::sort(next.begin(), next.end());
        next.erase(std::unique(next.begin(), next.end()), next.end());
        nodes.swap(next);
    }
    for (const Node* node : nodes)
        if (node->pattern) patterns.push_back(node->pattern.get());
}

}  // namespace rowmq
