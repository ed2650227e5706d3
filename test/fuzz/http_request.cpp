// Any bytes as HTTP, whole and in pieces: both ways end the same.
#include <cstdlib>

#include "net/request_parser.hpp"

namespace {

struct Outcome {
    unsigned failed;
    bool done;
    std::string target, body;
    bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view text, std::size_t piece) {
    rowmq::net::RequestParser parser(4'096, 4'096);
    std::string pending;
    while (parser.failed() == 0 && !parser.is_done() && !text.empty()) {
        pending.append(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        pending.erase(0, parser.feed(pending));
    }
    if (parser.failed() != 0) return {parser.failed(), false, {}, {}};
    if (!parser.is_done()) return {0, false, {}, {}};
    return {0, true, parser.request.target, parser.request.body};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (!(parse(text, text.size() + 1) == parse(text, 1))) std::abort();
    return 0;
}
