#include "broker/routing/terms.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "broker/json_text.hpp"
#include "broker/notes.hpp"

namespace rowmq {
namespace {

std::map<std::string, std::string> texts_of(const boost::json::value& json) {
    std::map<std::string, std::string> texts;
    const HeaderValue table = json_text::value_of(json);
    for (const Header& h : std::get<HeaderTable>(table.value)) texts[h.name] = std::get<std::string>(h.value.value);
    return texts;
}

}  // namespace

// Numbers are equal whatever their width; a null asks for the name alone.
bool Terms::has_headers(const Properties* properties) const {
    if (options.headers.empty()) return true;
    static const HeaderTable none;
    const HeaderTable& all = properties ? properties->headers : none;
    // Where many look for many they are sorted first.
    constexpr std::size_t few = 1'024;
    std::vector<const Header*> sorted;
    if (options.headers.size() * all.size() > few) {
        for (const Header& header : all) sorted.push_back(&header);
        std::ranges::stable_sort(sorted, {}, &Header::name);
    }
    const auto find = [&](const std::string& name) -> const Header* {
        if (!sorted.empty()) {
            const auto found = std::ranges::lower_bound(sorted, name, {}, &Header::name);
            return found == sorted.end() || (*found)->name != name ? nullptr : *found;
        }
        const auto found = std::ranges::find(all, name, &Header::name);
        return found == all.end() ? nullptr : &*found;
    };
    const auto there = [&](const Header& wanted) {
        const Header* header = find(wanted.name);
        return header && (std::holds_alternative<std::nullptr_t>(wanted.value.value) || header->value.value == wanted.value.value);
    };
    if (options.match == BindingOptions::Match::any) return std::any_of(options.headers.begin(), options.headers.end(), there);
    return std::all_of(options.headers.begin(), options.headers.end(), there);
}

Result<std::shared_ptr<const Terms>> terms_of(BindingOptions options, const Limits& limits) {
    if (options == BindingOptions{}) return std::shared_ptr<const Terms>();
    std::size_t bytes = options.note.size();
    for (const auto& [name, text] : options.attributes) bytes += name.size() + text.size();
    if (bytes > limits.attributes_bytes)
        return Error{Errc::invalid_argument, fmt::format("the note and the attributes of a binding have {} bytes: at most {} are allowed",
                                                         bytes, limits.attributes_bytes)};
    if (options.headers.size() > limits.binding_headers)
        return Error{Errc::invalid_argument,
                     fmt::format("a binding asks for {} headers: at most {} are allowed", options.headers.size(), limits.binding_headers)};
    if (!is_utf8(options.filter)) return Error{Errc::invalid_argument, "the filter: it is not UTF-8"};
    auto terms = std::make_shared<Terms>();
    if (!options.filter.empty()) {
        auto filter = Filter::compile(options.filter, options.filter_on, limits);
        if (!filter) return filter.error();
        terms->filter = *std::move(filter);
    }
    if (!options.note.empty()) terms->notes = encode(Notes{.dead_letters = {}, .note = options.note});
    terms->options = std::move(options);
    return std::shared_ptr<const Terms>(std::move(terms));
}

std::string encode(const BindingOptions& options) {
    if (options == BindingOptions{}) return {};
    std::string out;
    json_text::ObjectWriter object(out);
    if (!options.filter.empty()) object.text("filter", options.filter);
    if (options.filter_on == BindingOptions::FilterOn::body) object.text("filter_on", "body");
    if (!options.note.empty()) object.text("note", options.note);
    if (options.paused) object.boolean("paused", true);
    if (!options.headers.empty()) json_text::append_value(object.key("headers"), {options.headers, {}});
    if (options.match == BindingOptions::Match::any) object.text("match", "any");
    if (!options.attributes.empty()) {
        HeaderTable table;
        for (const auto& [name, text] : options.attributes) table.push_back({name, {text, {}}});
        json_text::append_value(object.key("attributes"), {std::move(table), {}});
    }
    object.close();
    return out;
}

BindingOptions decode_binding_options(std::string_view json) {
    BindingOptions options;
    if (json.empty()) return options;
    constexpr std::string_view what = "options of a binding";
    return json_text::reading(what, [&] {
        const auto parsed = json_text::parse(json, what);
        const auto& object = parsed.as_object();
        if (const auto* filter = object.if_contains("filter")) options.filter = json_text::text_of(*filter);
        if (const auto* on = object.if_contains("filter_on"); on && json_text::text_of(*on) == "body")
            options.filter_on = BindingOptions::FilterOn::body;
        if (const auto* note = object.if_contains("note")) options.note = json_text::text_of(*note);
        if (const auto* paused = object.if_contains("paused")) options.paused = paused->as_bool();
        if (const auto* attributes = object.if_contains("attributes")) options.attributes = texts_of(*attributes);
        if (const auto* headers = object.if_contains("headers"))
            options.headers = std::get<HeaderTable>(json_text::value_of(*headers).value);
        if (const auto* match = object.if_contains("match"); match && json_text::text_of(*match) == "any")
            options.match = BindingOptions::Match::any;
        return options;
    });
}

}  // namespace rowmq
