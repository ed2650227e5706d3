// Matching: a message's headers or its body against a pattern.

#include "broker/routing/filter.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/json_tokens.hpp"
#include "base/utf8.hpp"

namespace rowmq {
namespace filter {
namespace {

namespace ip = boost::asio::ip;

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (folded(a[i]) != folded(b[i])) return false;
    return true;
}

bool matches_wildcard(const std::vector<std::string>& parts, std::string_view text) {
    if (parts.size() == 1) return text == parts.front();
    if (!text.starts_with(parts.front())) return false;
    text.remove_prefix(parts.front().size());
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
        const auto found = text.find(parts[i]);
        if (found == std::string_view::npos) return false;
        text.remove_prefix(found + parts[i].size());
    }
    return text.ends_with(parts.back());
}

bool is_within(const ip::network_v4& network, const ip::address& address) {
    return address.is_v4() && (address.to_v4().to_uint() & network.netmask().to_uint()) == network.network().to_uint();
}

bool is_within(const ip::network_v6& network, const ip::address& address) {
    if (!address.is_v6()) return false;
    const auto a = address.to_v6().to_bytes(), b = network.network().to_bytes();
    for (unsigned bit = 0; bit < network.prefix_length(); ++bit) {
        const auto mask = static_cast<unsigned char>(0x80u >> bit % 8);
        if ((a[bit / 8] & mask) != (b[bit / 8] & mask)) return false;
    }
    return true;
}

/// Looks at one value.
struct Holds {
    const Value& value;
    const std::string* text() const { return std::get_if<std::string>(&value); }

    bool operator()(const Condition::Exists& c) const { return c.wanted; }
    bool operator()(const Condition::Equals& c) const { return c.value == value; }
    bool operator()(const Condition::Prefix& c) const { return text() && text()->starts_with(c.text); }
    bool operator()(const Condition::Suffix& c) const { return text() && text()->ends_with(c.text); }
    bool operator()(const Condition::EqualsIgnoreCase& c) const { return text() && equal_ignoring_case(*text(), c.text); }
    bool operator()(const Condition::Wildcard& c) const { return text() && matches_wildcard(c.parts, *text()); }
    bool operator()(const Condition::Between& c) const {
        const auto* number = std::get_if<double>(&value);
        if (!number) return false;
        return (c.low_open ? *number > c.low : *number >= c.low) && (c.high_open ? *number < c.high : *number <= c.high);
    }
    bool operator()(const Condition::InNetwork& c) const {
        if (!text()) return false;
        boost::system::error_code error;
        const auto address = ip::make_address(*text(), error);
        return !error && std::visit([&](const auto& network) { return is_within(network, address); }, c.network);
    }
    bool operator()(const Condition::AnythingBut& c) const {
        for (const Condition& refused : c.conditions)
            if (refused.holds(value)) return false;
        return true;
    }
};

bool is_one_of(const std::vector<Condition>& conditions, const Value& value) {
    for (const Condition& c : conditions)
        if (c.holds(value)) return true;
    return false;
}

/// What is said of a field that is not there.
bool is_absent_allowed(const std::vector<Condition>& conditions) {
    for (const Condition& c : conditions)
        if (const auto* exists = std::get_if<Condition::Exists>(&c.what); exists && !exists->wanted) return true;
    return false;
}

bool is_satisfied(const Pattern::All& all, const std::vector<bool>& hit) {
    for (const std::size_t field : all.fields)
        if (!hit[field]) return false;
    for (const auto& alternatives : all.choices) {
        bool one = false;
        for (const Pattern::All& alternative : alternatives) one = one || is_satisfied(alternative, hit);
        if (!one) return false;
    }
    return true;
}

bool matches_nothing(const Pattern& pattern) {
    std::vector<bool> hit(pattern.fields.size());
    for (std::size_t i = 0; i < hit.size(); ++i) {
        const auto& field = pattern.fields[i];
        hit[i] = field.below ? matches_nothing(*field.below) : is_absent_allowed(field.conditions);
    }
    return is_satisfied(pattern.all, hit);
}

// ------------------------------------------------------------------------------------------------ bodies

/// What a field of a body came to.
struct Seen {
    bool there = false, hit = false;
};

bool match_object(const Pattern& pattern, JsonTokens& in);

/// A value that is neither object nor array.
Value take_value(JsonTokens& in) {
    switch (in.next()) {
        case '"': return in.text();
        case 't':
        case 'f': return in.boolean();
        case 'n':
            if (in.null()) return nullptr;
            in.fail("a value was expected");
            return nullptr;
        default: return in.number();
    }
}

/// Of an array any element counts, however deep.
void match_leaf(const std::vector<Condition>& conditions, JsonTokens& in, Seen& seen) {
    if (in.next() == '[') {
        if (in.begin_array())
            while (in.next_element()) match_leaf(conditions, in, seen);
        return;
    }
    if (in.next() == '{') return in.skip();
    seen.there = true;
    const Value value = take_value(in);
    seen.hit = seen.hit || (!in.failed() && is_one_of(conditions, value));
}

/// Of an array of objects one must match whole.
void match_below(const Pattern& pattern, JsonTokens& in, Seen& seen) {
    if (in.next() == '[') {
        if (in.begin_array())
            while (in.next_element()) match_below(pattern, in, seen);
        return;
    }
    if (in.next() != '{') return in.skip();
    seen.there = true;
    if (match_object(pattern, in)) seen.hit = true;
}

bool match_object(const Pattern& pattern, JsonTokens& in) {
    std::vector<Seen> seen(pattern.fields.size());
    std::string key;
    in.begin_object();
    while (in.next_key(key)) {
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const auto& field = pattern.fields[i];
            if (field.name != key) continue;
            JsonTokens again = in;  // the same value is read for each that asks for it
            if (field.below) match_below(*field.below, again, seen[i]);
            else match_leaf(field.conditions, again, seen[i]);
        }
        in.skip();
    }
    std::vector<bool> hit(seen.size());
    for (std::size_t i = 0; i < hit.size(); ++i) {
        const auto& field = pattern.fields[i];
        hit[i] = seen[i].there ? seen[i].hit : field.below ? matches_nothing(*field.below) : is_absent_allowed(field.conditions);
    }
    return is_satisfied(pattern.all, hit);
}

// ------------------------------------------------------------------------------------------------ headers

bool match_value(const std::vector<Condition>& conditions, const HeaderValue& header) {
    const auto one = [&](Value value) { return is_one_of(conditions, value); };
    if (const auto* text = std::get_if<std::string>(&header.value)) {
        // SQS and SNS write numbers and lists as text and say so in the type.
        if (header.tag.starts_with("Number")) {
            double number = 0;
            const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
            return error == std::errc() && stop == text->data() + text->size() && one(number);
        }
        if (header.tag == "String.Array") {
            if (!is_utf8(*text)) return false;
            JsonTokens in(*text);
            Seen seen;
            match_leaf(conditions, in, seen);
            in.end();
            return !in.failed() && seen.hit;
        }
        return one(*text);
    }
    if (const auto* number = std::get_if<std::int64_t>(&header.value)) return one(static_cast<double>(*number));
    if (const auto* number = std::get_if<double>(&header.value)) return one(*number);
    if (const auto* flag = std::get_if<bool>(&header.value)) return one(*flag);
    if (std::holds_alternative<std::nullptr_t>(header.value)) return one(nullptr);
    if (const auto* list = std::get_if<HeaderList>(&header.value)) {
        for (const HeaderValue& element : *list)
            if (match_value(conditions, element)) return true;
        return false;
    }
    // Of bytes, times and tables only their being there can be asked.
    for (const Condition& c : conditions)
        if (const auto* exists = std::get_if<Condition::Exists>(&c.what); exists && exists->wanted) return true;
    return false;
}

bool match_headers(const Pattern& pattern, const HeaderTable& headers) {
    std::vector<bool> hit(pattern.fields.size());
    for (std::size_t i = 0; i < hit.size(); ++i) {
        const auto& field = pattern.fields[i];
        bool there = false;
        for (const Header& header : headers) {
            if (header.name != field.name) continue;
            there = true;
            hit[i] = hit[i] || match_value(field.conditions, header.value);
        }
        if (!there) hit[i] = is_absent_allowed(field.conditions);
    }
    return is_satisfied(pattern.all, hit);
}

}  // namespace

bool Condition::holds(const Value& value) const { return std::visit(Holds{value}, what); }

}  // namespace filter

bool Filter::matches(const Properties* properties, std::string_view body) const {
    if (!on_body()) {
        static const HeaderTable none;
        return filter::match_headers(pattern_, properties ? properties->headers : none);
    }
    if (!is_utf8(body)) return false;
    JsonTokens in(body);
    if (in.next() != '{') return false;
    const bool matched = filter::match_object(pattern_, in);
    in.end();
    return matched && !in.failed();
}

}  // namespace rowmq
