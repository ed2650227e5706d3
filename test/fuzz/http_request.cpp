// Any bytes as HTTP, whole and in pieces: both ways read the same, or refuse, if not at the same moment: Beast looks at pieces
// of a header only when it is complete.
#include <cstdlib>

#include "net/request_parser.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

struct Outcome {
    unsigned failed;
    bool done;
    std::string target, body;
    bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view text, std::size_t piece) {
    const rowmq::fuzz::Allocations law(text.size());
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
    const Outcome whole = parse(text, text.size() + 1), pieces = parse(text, 1);
    if (whole == pieces || (whole.failed != 0 && pieces.failed != 0)) return 0;
    if (whole.done || pieces.done) std::abort();
    const std::string complete = std::string(text) + "\r\n\r\n";
    if (parse(complete, whole.failed != 0 ? 1 : complete.size() + 1).failed == 0) std::abort();
    return 0;
}
