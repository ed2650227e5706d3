// Any bytes as a server's answer, whole and in pieces: both ways read the same, or refuse, if not at the same moment: Beast
// looks at pieces of a header only when it is complete.
#include <cstdlib>

#include "net/response_parser.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

struct Outcome {
    bool failed = false, done = false;
    unsigned status = 0;
    std::string body;
    bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view text, std::size_t piece) {
    const rowmq::fuzz::Allocations law(text.size());
    rowmq::net::ResponseParser parser(4'096, 4'096, false);
    std::string pending;
    while (!parser.failed() && !parser.is_done() && !text.empty()) {
        pending.append(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        pending.erase(0, parser.feed(pending));
    }
    parser.end();
    if (parser.failed()) return {.failed = true};
    return {.done = parser.is_done(), .status = parser.response.status, .body = parser.response.body};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const Outcome whole = parse(text, text.size() + 1), pieces = parse(text, 1);
    if (!(whole == pieces)) std::abort();
    return 0;
}
