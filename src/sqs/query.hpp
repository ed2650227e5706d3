#pragma once
// The Query side of the messages: form-encoded parameters in, XML out.

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.hpp"
#include "sqs/errors.hpp"
#include "sqs/messages.hpp"

namespace rowmq::sqs {

/// Form-encoded parameters, decoded and sorted by name.
class Parameters {
public:
    /// Errors (malformed_request): a broken escape, not UTF-8, more than 1,000 parameters.
    static Answer<Parameters> parse(std::string encoded);

    /// None when there is none of that name. Of several, the first in name order wins.
    std::optional<std::string_view> get(std::string_view name) const;
    /// The numbers n of parameters called `prefix`n or `prefix`n.something, ascending; at most `max` + 1 of them.
    std::vector<std::uint32_t> numbers(std::string_view prefix, std::size_t max) const;
    std::size_t size() const noexcept { return all_.size(); }
    std::size_t bytes() const noexcept { return text_.size(); }

private:
    struct Place {
        std::uint32_t name, name_size, value, value_size;
    };
    std::string_view name(const Place& p) const { return std::string_view(text_).substr(p.name, p.name_size); }
    std::string_view value(const Place& p) const { return std::string_view(text_).substr(p.value, p.value_size); }
    std::vector<Place>::const_iterator lower_bound(std::string_view name) const;

    std::string text_;  ///< decoded in place
    std::vector<Place> all_;
};

/// Visits a layout to read the parameters below `prefix`.
class QueryReader {
public:
    QueryReader(const Parameters& from, std::string prefix, std::string& error, std::size_t& credit)
        : from_(from), prefix_(std::move(prefix)), error_(error), credit_(credit) {}

    void text(std::string_view name, Text& v) {
        if (const auto found = from_.get(prefix_ + std::string(name))) v = std::string(*found);
    }
    void number(std::string_view name, Number& v);
    void bytes(std::string_view name, Text& v);
    template <typename T>
    void list(ListName name, std::vector<T>& v) {
        const std::string prefix = prefix_ + std::string(name.query) + '.';
        for (const std::uint32_t n : numbers(prefix)) {
            if (!pay(sizeof(T))) return;
            element(prefix + std::to_string(n), v.emplace_back());
        }
    }
    template <typename T>
    void map(MapName name, Map<T>& v) {
        const std::string prefix = prefix_ + std::string(name.query) + '.';
        for (const std::uint32_t n : numbers(prefix)) {
            if (!pay(sizeof(std::pair<std::string, T>))) return;
            const std::string entry = prefix + std::to_string(n) + '.';
            auto& [key, value] = v.emplace_back();
            if (const auto found = from_.get(entry + std::string(name.key))) key = *found;
            element(entry + std::string(name.value), value);
        }
    }

private:
    std::vector<std::uint32_t> numbers(const std::string& prefix);
    bool pay(std::size_t element_bytes);
    void element(const std::string& name, std::string& v) {
        if (const auto found = from_.get(name)) v = *found;
    }
    template <typename M>
    void element(const std::string& name, M& v) {
        QueryReader inner(from_, name + '.', error_, credit_);
        M::layout(v, inner);
    }

    const Parameters& from_;
    std::string prefix_;
    std::string& error_;  ///< the first
    std::size_t& credit_;
};

template <typename M>
std::optional<Refusal> read_query(const Parameters& parameters, M& m) {
    std::string error;
    std::size_t credit = credit_of(parameters.bytes());
    QueryReader reader(parameters, {}, error, credit);
    M::layout(m, reader);
    if (error.empty()) return std::nullopt;
    return Refusal{Fault::malformed_request, error};
}

/// Appends `text` with the characters escaped that XML reserves.
void append_xml_text(std::string& out, std::string_view text);

class XmlWriter {
public:
    explicit XmlWriter(std::string& out) : out_(out) {}

    void text(std::string_view name, const std::string& v) {
        open(name);
        append_xml_text(out_, v);
        close(name);
    }
    void text(std::string_view name, const Text& v) {
        if (v) text(name, *v);
    }
    void number(std::string_view name, const Number& v) {
        if (v) text(name, std::to_string(*v));
    }
    void flag(std::string_view name, bool v) { text(name, std::string(v ? "true" : "false")); }
    void bytes(std::string_view name, const Text& v) {
        if (v) text(name, base64_encode(*v));
    }
    template <typename T>
    void list(ListName name, const std::vector<T>& v) {
        for (const T& e : v) element(name.query, e);
    }
    template <typename T>
    void map(MapName name, const Map<T>& v) {
        for (const auto& [key, value] : v) {
            open(name.query);
            text(name.key, key);
            element(name.value, value);
            close(name.query);
        }
    }

    void open(std::string_view name) {
        out_ += '<';
        out_ += name;
        out_ += '>';
    }
    void close(std::string_view name) {
        out_ += "</";
        out_ += name;
        out_ += '>';
    }

private:
    void element(std::string_view name, const std::string& v) { text(name, v); }
    template <typename M>
    void element(std::string_view name, const M& v) {
        open(name);
        M::layout(v, *this);
        close(name);
    }

    std::string& out_;
};

/// The whole document that answers `action`.
template <typename M>
std::string write_xml(std::string_view action, const M& m, std::string_view request_id) {
    const std::string whole = std::string(action) + "Response";
    const std::string result = std::string(action) + "Result";
    std::string out = "<?xml version=\"1.0\"?><" + whole + " xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">";
    XmlWriter writer(out);
    if constexpr (!std::is_same_v<M, Nothing>) {
        writer.open(result);
        M::layout(m, writer);
        writer.close(result);
    }
    writer.open("ResponseMetadata");
    writer.text("RequestId", std::string(request_id));
    writer.close("ResponseMetadata");
    writer.close(whole);
    return out;
}

std::string write_xml_error(const Refusal& refusal, std::string_view request_id);

}  // namespace rowmq::sqs
