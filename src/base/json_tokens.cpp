#include "base/json_tokens.hpp"

#include <charconv>

#include "base/word_scan.hpp"

namespace rowmq {
namespace {

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0u | code >> 6u);
        out += static_cast<char>(0x80u | (code & 0x3fu));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0u | code >> 12u);
        out += static_cast<char>(0x80u | (code >> 6u & 0x3fu));
        out += static_cast<char>(0x80u | (code & 0x3fu));
    } else {
        out += static_cast<char>(0xf0u | code >> 18u);
        out += static_cast<char>(0x80u | (code >> 12u & 0x3fu));
        out += static_cast<char>(0x80u | (code >> 6u & 0x3fu));
        out += static_cast<char>(0x80u | (code & 0x3fu));
    }
}

}  // namespace

void JsonTokens::fail(std::string_view why) {
    if (error_.empty()) error_ = why;
    at_ = end_;
}

/// The next character that is not white space; 0 at the end.
char JsonTokens::peek() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    return at_ == end_ ? '\0' : *at_;
}

bool JsonTokens::take(char c) {
    if (peek() != c || at_ == end_) return false;
    ++at_;
    return true;
}

bool JsonTokens::literal(std::string_view word) {
    peek();
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word) return false;
    at_ += word.size();
    return true;
}

bool JsonTokens::null() { return literal("null"); }

std::string JsonTokens::text() {
    std::string out;
    if (!take('"')) {
        fail("a string was expected");
        return out;
    }
    for (;;) {
        const std::size_t plain = json_plain_bytes({at_, static_cast<std::size_t>(end_ - at_)});
        out.append(at_, plain);
        at_ += plain;
        if (at_ == end_) {
            fail("a string has no end");
            return {};
        }
        const char c = *at_++;
        if (c == '"') return out;
        if (c != '\\') {
            fail("a string contains a control character");
            return {};
        }
        escape(out);
        if (failed()) return {};
    }
}

bool JsonTokens::hex4(unsigned& code) {
    if (end_ - at_ < 4) return false;
    const auto [stop, error] = std::from_chars(at_, at_ + 4, code, 16);
    if (error != std::errc() || stop != at_ + 4) return false;
    at_ += 4;
    return true;
}

void JsonTokens::escape(std::string& out) {
    switch (at_ == end_ ? '\0' : *at_++) {
        case '"': out += '"'; return;
        case '\\': out += '\\'; return;
        case '/': out += '/'; return;
        case 'b': out += '\b'; return;
        case 'f': out += '\f'; return;
        case 'n': out += '\n'; return;
        case 'r': out += '\r'; return;
        case 't': out += '\t'; return;
        case 'u': break;
        default: fail("a string contains an unknown escape"); return;
    }
    unsigned code = 0;
    if (!hex4(code)) return fail("a string contains a malformed \\u escape");
    if (code >= 0xdc00 && code <= 0xdfff) return fail("a string contains half of a surrogate pair");
    if (code >= 0xd800 && code <= 0xdbff) {
        unsigned low = 0;
        if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return fail("a string contains half of a surrogate pair");
        at_ += 2;
        if (!hex4(low) || low < 0xdc00 || low > 0xdfff) return fail("a string contains half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10u) + (low - 0xdc00);
    }
    append_utf8(out, code);
}

std::int64_t JsonTokens::digits() {
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(at_, end_, number);
    if (error != std::errc()) {
        fail("a whole number was expected");
        return 0;
    }
    at_ = stop;
    if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) fail("a whole number was expected");
    return number;
}

std::int64_t JsonTokens::integer() {
    if (peek() != '"') return digits();
    ++at_;
    const std::int64_t number = digits();
    if (at_ == end_ || *at_ != '"') {
        fail("a whole number was expected");
        return 0;
    }
    ++at_;
    return number;
}

bool JsonTokens::enter() {
    if (++depth_ > max_depth) {
        fail("it is nested more than 32 deep");
        return false;
    }
    first_ = true;
    return true;
}

bool JsonTokens::begin_object() {
    if (take('{')) return enter();
    fail("an object was expected");
    return false;
}

bool JsonTokens::next_key(std::string& key) {
    if (failed()) return false;
    if (take('}')) {
        --depth_;
        first_ = false;
        return false;
    }
    if (!first_ && !take(',')) {
        fail("a comma or the end of an object was expected");
        return false;
    }
    first_ = false;
    key = text();
    if (!failed() && !take(':')) fail("a colon was expected");
    return !failed();
}

bool JsonTokens::begin_array() {
    if (take('[')) return enter();
    fail("an array was expected");
    return false;
}

bool JsonTokens::next_element() {
    if (failed()) return false;
    if (take(']')) {
        --depth_;
        first_ = false;
        return false;
    }
    if (!first_ && !take(',')) {
        fail("a comma or the end of an array was expected");
        return false;
    }
    first_ = false;
    return true;
}

void JsonTokens::skip() {
    std::string key;
    switch (peek()) {
        case '"': text(); return;
        case '{':
            if (begin_object())
                while (next_key(key)) skip();
            return;
        case '[':
            if (begin_array())
                while (next_element()) skip();
            return;
        default: break;
    }
    if (literal("null") || literal("true") || literal("false")) return;
    number();
}

bool JsonTokens::boolean() {
    if (literal("true")) return true;
    if (!literal("false")) fail("true or false was expected");
    return false;
}

double JsonTokens::number() {
    peek();
    const char* start = at_;
    double value = 0;
    const auto [stop, error] = std::from_chars(at_, end_, value);
    if (start != end_ && *start == '-') ++start;
    if (stop == at_ || start == stop || *start < '0' || *start > '9') {  // not "-inf"
        fail("a value was expected");
        return 0;
    }
    at_ = stop;
    return value;
}

bool JsonTokens::pay(std::size_t bytes) {
    if (take_credit(credit_, bytes)) return true;
    fail("it has too many elements for its size");
    return false;
}

void JsonTokens::end() {
    if (!failed() && peek() != '\0') fail("something follows the request");
    if (!failed() && at_ != end_) fail("something follows the request");
}

}  // namespace rowmq
