#pragma once
// Writing and reading the small JSON texts of rows (properties, notes, options). Bytes that are not UTF-8 are written as
// {"$bytes": Base64}, so that the text stays JSON for whoever queries it.

#include <boost/json/value.hpp>
#include <charconv>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"
#include "rowmq/message.hpp"

namespace rowmq::json_text {

void append_string(std::string& out, std::string_view text);  ///< quoted and escaped; must be UTF-8
void append_text(std::string& out, std::string_view bytes);   ///< as a string, or {"$bytes": ...}
void append_value(std::string& out, const HeaderValue& value);
inline void append_number(std::string& out, std::int64_t number) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}
/// {"$double": "..."} where a reader of JSON would not find the same number.
void append_number(std::string& out, double number);
double double_of(const boost::json::value& json);  ///< what append_number wrote, or an integer

/// What append_text wrote; throws Failure when it is neither form.
std::string text_of(const boost::json::value& json);
HeaderValue value_of(const boost::json::value& json);
/// Parses; throws Failure naming `what` when the text is not JSON.
boost::json::value parse(std::string_view text, std::string_view what);

/// What `read` makes of a stored text. A value that is missing or of another kind is a Failure naming `what`, too.
template <typename Read>
auto reading(std::string_view what, const Read& read) {
    try {
        return read();
    } catch (const Failure&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& wrong) {
        throw Failure("stored " + std::string(what) + " are not as they were written: " + wrong.what());
    }
}

/// Writes one object, member by member.
class ObjectWriter {
public:
    explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
    void close() { out_ += '}'; }

    std::string& key(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += name;
        out_ += "\":";
        return out_;
    }
    void text(std::string_view name, std::string_view bytes) { append_text(key(name), bytes); }
    void number(std::string_view name, std::int64_t n) { append_number(key(name), n); }
    void real(std::string_view name, double n) { append_number(key(name), n); }
    void boolean(std::string_view name, bool b) { key(name) += b ? "true" : "false"; }

private:
    std::string& out_;
    bool first_ = true;
};

}  // namespace rowmq::json_text
