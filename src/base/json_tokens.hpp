#pragma once
// JSON as a client sends it, pulled token by token: nothing is built but the values asked for, so that what a request costs
// in memory is bounded by its size. The text must be UTF-8. The first error is remembered; afterwards everything is empty.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/credit.hpp"

namespace rowmq {

class JsonTokens {
public:
    explicit JsonTokens(std::string_view text) : at_(text.data()), end_(text.data() + text.size()), credit_(credit_of(text.size())) {}

    /// Empty while all is well; else what is wrong, for a person.
    std::string_view error() const noexcept { return error_; }
    bool failed() const noexcept { return !error_.empty(); }
    void fail(std::string_view why);

    bool null();  ///< Takes a null, if one is next.
    std::string text();
    std::int64_t integer();  ///< also as text ("30"), as some clients send it
    bool begin_object();
    bool next_key(std::string& key);  ///< false: the object has ended (or failed)
    bool begin_array();
    bool next_element();  ///< false: the array has ended (or failed)
    void skip();          ///< any one value
    /// What comes next: its first character, a digit or '-' for a number, 0 at the end.
    char next() { return peek(); }
    bool boolean();  ///< takes true or false
    double number();
    void end();  ///< nothing but white space may follow
    /// Before an element of `bytes` is added to a list or map; false when the request is too short for so many.
    bool pay(std::size_t bytes);

private:
    char peek();
    bool take(char c);
    bool literal(std::string_view word);
    void escape(std::string& out);
    bool hex4(unsigned& code);
    std::int64_t digits();
    bool enter();

    static constexpr int max_depth = 32;
    const char* at_;
    const char* end_;
    std::size_t credit_;
    std::string_view error_;
    int depth_ = 0;
    bool first_ = false;  ///< nothing of the innermost object or array was taken yet
};

}  // namespace rowmq
