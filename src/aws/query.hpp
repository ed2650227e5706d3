#pragma once
// AWS Query requests: form-encoded parameters, read into layouts.

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/wire.hpp"
#include "base/base64.hpp"

namespace rowmq::aws {

/// Form-encoded parameters, decoded and sorted by name.
class Parameters {
public:
    /// None, and `error` says why: a broken escape, not UTF-8, more than 1,000 parameters.
    static std::optional<Parameters> parse(std::string encoded, std::string& error);

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
    void text(std::string_view name, std::string& v) {
        if (const auto found = from_.get(prefix_ + std::string(name))) v = *found;
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

/// What is wrong, for a person, when something is.
template <typename M>
std::optional<std::string> read_query(const Parameters& parameters, M& m) {
    std::string error;
    std::size_t credit = credit_of(parameters.bytes());
    QueryReader reader(parameters, {}, error, credit);
    M::layout(m, reader);
    if (error.empty()) return std::nullopt;
    return error;
}

}  // namespace rowmq::aws
