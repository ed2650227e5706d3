#pragma once
// Routing keys of words with dots between them, against patterns: "*" is one word, "#" any number of words, also none
// (AMQP 0-9-1, 3.1.3.3). A tree of words: what a key costs depends on its words and not on how many patterns there are.
// Threads: the strand.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowmq {

class TopicKeys final {
public:
    void add(const std::string& pattern);
    void remove(std::string_view pattern);
    /// Appends each pattern that takes the key, once.
    void match(std::string_view key, std::vector<const std::string*>& patterns) const;
    std::size_t size() const noexcept { return size_; }

private:
    struct Node {
        boost::unordered_flat_map<std::string, std::unique_ptr<Node>> words;
        std::unique_ptr<Node> one, any;        ///< behind "*", behind "#"
        std::unique_ptr<std::string> pattern;  ///< that ends here
        bool takes_more = false;               ///< it stands behind "#": any word leads back to it
        bool empty() const { return words.empty() && !one && !any && !pattern; }
    };
    using Words = std::vector<std::string_view>;

    static Words words_of(std::string_view key);
    static bool remove(Node& node, const Words& words, std::size_t at);
    static void enter(const Node& node, std::vector<const Node*>& nodes);

    Node root_;
    std::size_t size_ = 0;
};

}  // namespace rowmq
