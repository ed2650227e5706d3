#pragma once
// The AWS JSON 1.0 side of the messages: reads a request's fields as they come, writes a result.

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "aws/wire.hpp"
#include "base/base64.hpp"
#include "base/json_tokens.hpp"
#include "base/utf8.hpp"

namespace rowmq::aws {

/// Elements of one list or map a request may have; SQS's own limits are lower and have their own errors.
inline constexpr std::size_t max_elements = 100;

template <typename M>
void read_json_object(JsonTokens& in, M& m);

/// Visits a layout to read the one field called `key`.
class JsonField {
public:
    JsonField(JsonTokens& in, std::string_view key) : in_(in), key_(key) {}
    bool found() const noexcept { return found_; }

    void text(std::string_view name, Text& v) {
        if (wanted(name)) v = in_.text();
    }
    void number(std::string_view name, Number& v) {
        if (wanted(name)) v = in_.integer();
    }
    void bytes(std::string_view name, Text& v) {
        if (!wanted(name)) return;
        v = base64_decode(in_.text());
        if (!v) in_.fail("a binary value is not Base64");
    }
    template <typename T>
    void list(ListName name, std::vector<T>& v) {
        if (!wanted(name.json)) return;
        v.clear();
        in_.begin_array();
        while (in_.next_element()) {
            if (v.size() == max_elements) return in_.fail("a list has more than 100 elements");
            if (!in_.pay(sizeof(T))) return;
            element(v.emplace_back());
        }
    }
    template <typename T>
    void map(MapName name, Map<T>& v) {
        if (!wanted(name.json)) return;
        v.clear();
        std::string key;
        in_.begin_object();
        while (in_.next_key(key)) {
            if (v.size() == max_elements) return in_.fail("a map has more than 100 elements");
            if (!in_.pay(sizeof(std::pair<std::string, T>))) return;
            auto& [k, value] = v.emplace_back();
            k = key;
            element(value);
        }
    }

private:
    bool wanted(std::string_view name) {
        if (found_ || name != key_) return false;
        found_ = true;
        return !in_.null();
    }
    void element(std::string& v) { v = in_.text(); }
    template <typename M>
    void element(M& v) {
        read_json_object(in_, v);
    }

    JsonTokens& in_;
    std::string_view key_;
    bool found_ = false;
};

template <typename M>
void read_json_object(JsonTokens& in, M& m) {
    std::string key;
    in.begin_object();
    while (in.next_key(key)) {
        JsonField field(in, key);
        M::layout(m, field);
        if (!field.found()) in.skip();
    }
}

/// A request's body; an empty one is an empty object. What is wrong with it, for a person, when something is.
template <typename M>
std::optional<std::string> read_json(std::string_view body, M& m) {
    if (body.empty()) return std::nullopt;
    if (!is_utf8(body)) return "The request is not UTF-8.";
    JsonTokens in(body);
    read_json_object(in, m);
    in.end();
    if (!in.failed()) return std::nullopt;
    return "The request is not the JSON this action takes: " + std::string(in.error()) + ".";
}

/// Appends `text`, quoted and escaped.
void append_json_text(std::string& out, std::string_view text);

class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) { out_ += '{'; }
    void close() { out_ += '}'; }

    void text(std::string_view name, const std::string& v) { append_json_text(key(name), v); }
    void text(std::string_view name, const Text& v) {
        if (v) text(name, *v);
    }
    void number(std::string_view name, const Number& v) {
        if (!v) return;
        char digits[24];
        key(name).append(digits, std::to_chars(digits, digits + sizeof digits, *v).ptr);
    }
    void flag(std::string_view name, bool v) { key(name) += v ? "true" : "false"; }
    void bytes(std::string_view name, const Text& v) {
        if (v) append_json_text(key(name), base64_encode(*v));
    }
    template <typename T>
    void list(ListName name, const std::vector<T>& v) {
        if (v.empty() && !name.always) return;
        key(name.json) += '[';
        for (const T& e : v) {
            if (&e != v.data()) out_ += ',';
            element(e);
        }
        out_ += ']';
    }
    template <typename T>
    void map(MapName name, const Map<T>& v) {
        if (v.empty()) return;
        key(name.json) += '{';
        for (const auto& e : v) {
            if (&e != v.data()) out_ += ',';
            append_json_text(out_, e.first);
            out_ += ':';
            element(e.second);
        }
        out_ += '}';
    }

private:
    std::string& key(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += name;
        out_ += "\":";
        return out_;
    }
    void element(const std::string& v) { append_json_text(out_, v); }
    template <typename M>
    void element(const M& v) {
        JsonWriter inner(out_);
        M::layout(v, inner);
        inner.close();
    }

    std::string& out_;
    bool first_ = true;
};

template <typename M>
std::string write_json(const M& m) {
    std::string out;
    JsonWriter writer(out);
    M::layout(m, writer);
    writer.close();
    return out;
}

}  // namespace rowmq::aws
