#include "broker/json_text.hpp"

#include <boost/json/parse.hpp>
#include <cmath>
#include <set>

#include "base/base64.hpp"
#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "rowmq/error.hpp"

namespace rowmq::json_text {
namespace {

void append_bytes(std::string& out, std::string_view bytes) {
    out += R"({"$bytes":")";
    out += base64_encode(bytes);
    out += "\"}";
}

// A table is written as an object, unless that would lose something: names twice, names like our own, not UTF-8.
bool fits_object(const HeaderTable& table) {
    std::set<std::string_view> names;
    for (const Header& h : table)
        if (h.name.starts_with('$') || !is_utf8(h.name) || !names.insert(h.name).second) return false;
    return true;
}

void append_table(std::string& out, const HeaderTable& table) {
    if (fits_object(table)) {
        out += '{';
        for (const Header& h : table) {
            if (&h != table.data()) out += ',';
            append_string(out, h.name);
            out += ':';
            append_value(out, h.value);
        }
        out += '}';
        return;
    }
    out += R"({"$table":[)";
    for (const Header& h : table) {
        if (&h != table.data()) out += ',';
        out += '[';
        append_text(out, h.name);
        out += ',';
        append_value(out, h.value);
        out += ']';
    }
    out += "]}";
}

struct Append {
    std::string& out;
    void operator()(std::nullptr_t) { out += "null"; }
    void operator()(bool b) { out += b ? "true" : "false"; }
    void operator()(std::int64_t n) { append_number(out, n); }
    void operator()(double d) { append_number(out, d); }
    void operator()(const std::string& s) { append_text(out, s); }
    void operator()(const Binary& b) {
        out += R"({"$binary":")";
        out += base64_encode(b.bytes);
        out += "\"}";
    }
    void operator()(WallTime t) {
        out += R"({"$time":)";
        append_number(out, std::int64_t{t.time_since_epoch().count()});
        out += '}';
    }
    void operator()(const HeaderList& list) {
        out += '[';
        for (const HeaderValue& v : list) {
            if (&v != list.data()) out += ',';
            append_value(out, v);
        }
        out += ']';
    }
    void operator()(const HeaderTable& table) { append_table(out, table); }
};

std::string decoded(const boost::json::value& json) {
    if (json.is_string())
        if (auto bytes = base64_decode(json.get_string())) return *std::move(bytes);
    throw Failure("a stored value is not Base64");
}

double double_in(std::string_view text) {
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || stop != text.data() + text.size()) throw Failure("a stored value is not a number");
    return number;
}

/// Boost.JSON reads many numbers a bit or two away from what they say.
bool reads_back(std::string_view text, double number) {
    boost::system::error_code failed;
    const boost::json::value json = boost::json::parse(text, failed);
    return !failed && json.is_double() && json.get_double() == number;
}

HeaderValue object_value(const boost::json::object& object) {
    if (object.size() == 1 && object.begin()->key().starts_with('$')) {
        const auto name = object.begin()->key();
        const auto& inner = object.begin()->value();
        if (name == "$bytes") return {decoded(inner), {}};
        if (name == "$binary") return {Binary{decoded(inner)}, {}};
        if (name == "$time") return {WallTime(milliseconds(inner.to_number<std::int64_t>())), {}};
        if (name == "$double") return {double_in(inner.as_string()), {}};
        if (name == "$table") {
            HeaderTable table;
            for (const auto& pair : inner.as_array()) table.push_back({text_of(pair.as_array().at(0)), value_of(pair.as_array().at(1))});
            return {std::move(table), {}};
        }
    }
    if (object.size() == 2 && object.contains("$tag")) {
        HeaderValue v = value_of(object.at("$value"));
        v.tag = text_of(object.at("$tag"));
        return v;
    }
    HeaderTable table;
    for (const auto& member : object) table.push_back({std::string(member.key()), value_of(member.value())});
    return {std::move(table), {}};
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        out += '\\';
        if (c == '"' || c == '\\') {
            out += static_cast<char>(c);
        } else {
            out += "u00";
            out += hex[c >> 4u];
            out += hex[c & 15u];
        }
    }
    out.append(text, plain);
    out += '"';
}

void append_text(std::string& out, std::string_view bytes) {
    if (is_utf8(bytes)) {
        append_string(out, bytes);
    } else {
        append_bytes(out, bytes);
    }
}

void append_number(std::string& out, double number) {
    char text[40];
    char* end = std::to_chars(text, text + 32, number).ptr;
    if (std::isfinite(number) && std::string_view(text, end).find_first_of(".e") == std::string_view::npos) {
        *end++ = '.';
        *end++ = '0';
    }
    const std::string_view written(text, end);
    if (reads_back(written, number)) {
        out += written;
        return;
    }
    out += R"({"$double":")";
    out += std::isnan(number) ? std::string_view("nan") : written;
    out += "\"}";
}

void append_value(std::string& out, const HeaderValue& value) {
    if (!value.tag.empty()) {
        out += R"({"$tag":)";
        append_text(out, value.tag);
        out += R"(,"$value":)";
    }
    std::visit(Append{out}, value.value);
    if (!value.tag.empty()) out += '}';
}

std::string text_of(const boost::json::value& json) {
    if (json.is_string()) return std::string(json.get_string());
    if (json.is_object() && json.get_object().contains("$bytes")) return decoded(json.get_object().at("$bytes"));
    throw Failure("a stored value is not text");
}

HeaderValue value_of(const boost::json::value& json) {
    switch (json.kind()) {
        case boost::json::kind::null: return {nullptr, {}};
        case boost::json::kind::bool_: return {json.get_bool(), {}};
        case boost::json::kind::int64: return {json.get_int64(), {}};
        case boost::json::kind::uint64: return {static_cast<std::int64_t>(json.get_uint64()), {}};
        case boost::json::kind::double_: return {json.get_double(), {}};
        case boost::json::kind::string: return {std::string(json.get_string()), {}};
        case boost::json::kind::array: {
            HeaderList list;
            for (const auto& item : json.get_array()) list.push_back(value_of(item));
            return {std::move(list), {}};
        }
        case boost::json::kind::object: return object_value(json.get_object());
    }
    throw Failure("a stored value is of no known kind");
}

double double_of(const boost::json::value& json) {
    if (!json.is_object()) return json.to_number<double>();
    return std::get<double>(value_of(json).value);
}

boost::json::value parse(std::string_view text, std::string_view what) {
    // A table within a table may take four levels of JSON: its tag, {"$table": ..}, the list in it, the pair in that.
    boost::json::parse_options options;
    options.max_depth = 4 * Limits{}.header_depth + 8;
    boost::system::error_code failed;
    boost::json::value json = boost::json::parse(text, failed, {}, options);
    if (failed) throw Failure("stored " + std::string(what) + " are not JSON: " + failed.message());
    return json;
}

}  // namespace rowmq::json_text
