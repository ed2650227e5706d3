#include "management/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "amqp/pattern.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;
constexpr std::size_t default_page = 100, largest_page = 500, most_sorted = 50'000, largest_list = 100'000;

std::optional<std::size_t> number(const std::optional<std::string>& text, std::size_t otherwise) {
    if (!text) return otherwise;
    std::size_t value = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
    return read.ec == std::errc{} && read.ptr == text->data() + text->size() ? std::optional(value) : std::nullopt;
}

std::vector<std::string> split(std::string_view text, char by) {
    std::vector<std::string> parts;
    for (;;) {
        const auto at = text.find(by);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

const json::value* value_at(const json::object& object, std::string_view path) {
    const json::object* in = &object;
    for (;;) {
        const auto dot = path.find('.');
        const json::value* value = in->if_contains(path.substr(0, dot));
        if (!value || dot == std::string_view::npos) return value;
        in = value->if_object();
        if (!in) return nullptr;
        path.remove_prefix(dot + 1);
    }
}

using Paths = std::vector<std::string_view>;
json::object picked(const json::object& object, const Paths& paths);

/// Of a list, of each of its entries; what has no members stays whole.
json::value picked_of(const json::value& value, const Paths& paths) {
    if (const auto* object = value.if_object()) return picked(*object, paths);
    const auto* list = value.if_array();
    if (!list) return value;
    json::array out;
    for (const json::value& one : *list) out.push_back(picked_of(one, paths));
    return out;
}

/// What `paths` name: "a" all of it, "a.b" of a what b names.
json::object picked(const json::object& object, const Paths& paths) {
    json::object out;
    for (const auto& [name, value] : object) {
        bool whole = false;
        Paths inside;
        for (const std::string_view path : paths) {
            if (path == name) whole = true;
            else if (path.starts_with(name) && path[name.size()] == '.') inside.push_back(path.substr(name.size() + 1));
        }
        if (whole) out[name] = value;
        else if (!inside.empty()) out[name] = picked_of(value, inside);
    }
    return out;
}

/// Numbers before text, as Erlang orders them; what is not there first.
bool less(const json::value* a, const json::value* b) {
    const auto rank = [](const json::value* v) {
        return !v || v->is_null() ? 0 : v->is_number() ? 1 : v->is_bool() ? 2 : v->is_string() ? 3 : 4;
    };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    switch (rank(a)) {
        case 1: return a->to_number<double>() < b->to_number<double>();
        case 2: return a->get_bool() < b->get_bool();
        case 3: return a->get_string() < b->get_string();
        default: return false;
    }
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace

json::object with_columns(const Call& call, json::object object) {
    const auto columns = call.asked("columns");
    if (!columns || columns->empty()) return object;
    const std::vector<std::string> paths = split(*columns, ',');
    return picked(object, {paths.begin(), paths.end()});
}

Answer list(const Call& call, const Listing& listing) {
    const auto page_text = listing.pages ? call.asked("page") : std::nullopt;
    const auto page = number(page_text, 1), page_size = number(call.asked("page_size"), default_page);
    if (!page || *page < 1) return bad_request("Invalid pagination parameters: page number must be a positive number");
    if (!page_size || *page_size < 1 || *page_size > largest_page)
        return bad_request(fmt::format("Invalid pagination parameters: page_size must be from 1 to {}", largest_page));
    std::vector<std::size_t> chosen;
    if (const auto name = call.asked("name"); page_text && name && !name->empty()) {
        const bool by_pattern = call.flag("use_regex");
        const std::string wanted = lower(*name);  // as RabbitMQ, whatever the case
        const auto pattern = amqp::Pattern::compile(by_pattern ? "(?i)" + *name : ".*");
        if (!pattern) return bad_request("the regular expression is invalid: " + pattern.error().text);
        for (std::size_t i = 0; i < listing.size; ++i)
            if (by_pattern ? pattern->matches(listing.name(i)) : lower(listing.name(i)).find(wanted) != std::string::npos)
                chosen.push_back(i);
    } else {
        for (std::size_t i = 0; i < listing.size; ++i) chosen.push_back(i);
    }
    const auto sort = call.asked("sort");
    const bool backwards = call.flag("sort_reverse");
    std::vector<json::object> made;
    if (sort && !sort->empty()) {
        if (chosen.size() > most_sorted)
            return bad_request(fmt::format("{} are too many to sort: at most {} are sorted", chosen.size(), most_sorted));
        for (const std::size_t i : chosen) made.push_back(listing.make(i));
        std::stable_sort(made.begin(), made.end(),
                         [&](const json::object& a, const json::object& b) { return less(value_at(a, *sort), value_at(b, *sort)); });
    }
    if (backwards) {
        std::reverse(made.begin(), made.end());
        std::reverse(chosen.begin(), chosen.end());
    }
    const std::size_t all = chosen.size();
    const std::size_t from = page_text ? (*page - 1) * *page_size : 0, to = page_text ? std::min(all, from + *page_size) : all;
    if (page_text && from > all)
        return refused(400, "page_out_of_range", fmt::format("Page out of range, page: {} page size: {}, len: {}", *page, *page_size, all));
    if (to - from > largest_list) return bad_request(fmt::format("{} are too many for one answer: ask for pages", to - from));
    json::array items;
    for (std::size_t i = from; i < to; ++i)
        items.push_back(with_columns(call, made.empty() ? listing.make(chosen[i]) : std::move(made[i])));
    if (!page_text) return json_answer(items);
    return json_answer(json::object{{"filtered_count", all},
                                    {"item_count", items.size()},
                                    {"page", *page},
                                    {"page_count", (all + *page_size - 1) / *page_size},
                                    {"page_size", *page_size},
                                    {"total_count", listing.size},
                                    {"items", std::move(items)}});
}

Answer list(const Call& call, std::vector<json::object> all, std::string_view name_member, bool pages) {
    Listing listing;
    listing.size = all.size();
    listing.pages = pages;
    listing.name = [&](std::size_t i) -> std::string_view {
        const auto* name = all[i].if_contains(name_member);
        return name && name->is_string() ? std::string_view(name->get_string()) : std::string_view();
    };
    listing.make = [&](std::size_t i) { return all[i]; };
    return list(call, listing);
}

}  // namespace rowmq::management
