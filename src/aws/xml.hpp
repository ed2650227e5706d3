#pragma once
// The XML of AWS's Query services, written from layouts.

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "aws/wire.hpp"
#include "base/base64.hpp"

namespace rowmq::aws {

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
        const Nested nested(*this, name.query);
        for (const T& e : v) element(nested.inner, e);
    }
    template <typename T>
    void map(MapName name, const Map<T>& v) {
        const Nested nested(*this, name.query);
        for (const auto& [key, value] : v) {
            open(nested.inner);
            text(name.key, key);
            element(name.value, value);
            close(nested.inner);
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
    /// "Topics.member" is an element Topics around elements member, there also when it is empty (SNS); "QueueUrl" are just
    /// elements in a row (SQS).
    class Nested {
    public:
        Nested(XmlWriter& writer, std::string_view name)
            : inner(name.substr(name.find('.') + 1)), writer_(writer), outer_(name.substr(0, name.size() - inner.size())) {
            if (outer_.empty()) return;
            outer_.remove_suffix(1);
            writer_.open(outer_);
        }
        ~Nested() {
            if (!outer_.empty()) writer_.close(outer_);
        }
        Nested(const Nested&) = delete;
        Nested& operator=(const Nested&) = delete;

        const std::string_view inner;

    private:
        XmlWriter& writer_;
        std::string_view outer_;
    };

    void element(std::string_view name, const std::string& v) { text(name, v); }
    template <typename M>
    void element(std::string_view name, const M& v) {
        open(name);
        M::layout(v, *this);
        close(name);
    }

    std::string& out_;
};

/// The whole document that answers `action`. Without a result (Nothing) some services leave the element out.
template <typename M>
std::string write_xml(std::string_view xml_namespace, std::string_view action, const M& m, std::string_view request_id) {
    const std::string whole = std::string(action) + "Response";
    const std::string result = std::string(action) + "Result";
    std::string out = "<?xml version=\"1.0\"?><" + whole + " xmlns=\"" + std::string(xml_namespace) + "\">";
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

/// An error, as every Query service of AWS writes it.
struct XmlError {
    std::string_view code;
    std::string text;
    bool sender = true;   ///< the client's fault, not ours
    bool detail = false;  ///< an empty <Detail/>, which SQS writes and SNS does not
};
std::string write_xml_error(std::string_view xml_namespace, const XmlError& error, std::string_view request_id);

}  // namespace rowmq::aws
