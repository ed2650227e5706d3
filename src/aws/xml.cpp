#include "aws/xml.hpp"

namespace rowmq::aws {

void append_xml_text(std::string& out, std::string_view text) {
    std::size_t run = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string_view as;
        switch (text[i]) {
            case '&': as = "&amp;"; break;
            case '<': as = "&lt;"; break;
            case '>': as = "&gt;"; break;
            case '"': as = "&quot;"; break;
            case '\r': as = "&#xD;"; break;  // a parser would turn a bare one into a line feed
            default: continue;
        }
        out.append(text, run, i - run).append(as);
        run = i + 1;
    }
    out.append(text, run, std::string_view::npos);
}

std::string write_xml_error(std::string_view xml_namespace, const XmlError& error, std::string_view request_id) {
    std::string out = "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"" + std::string(xml_namespace) + "\">";
    XmlWriter writer(out);
    writer.open("Error");
    writer.text("Type", std::string(error.sender ? "Sender" : "Receiver"));
    writer.text("Code", std::string(error.code));
    writer.text("Message", error.text);
    if (error.detail) out += "<Detail/>";
    writer.close("Error");
    writer.text("RequestId", std::string(request_id));
    writer.close("ErrorResponse");
    return out;
}

}  // namespace rowmq::aws
