// Any bytes as a request that claims to be signed: its first line is the target, the following ones fields, what comes after
// an empty line the body. Let in or denied, never a crash; the canonical text has the lines it must have; what is signed here is let in.
#include <cstdlib>

#include "aws/access.hpp"
#include "aws/signature.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

using namespace rowmq;

std::string_view line_of(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
}

net::Request request_of(std::string_view rest) {
    net::Request request;
    request.method = "POST";
    request.target = line_of(rest);
    while (!rest.empty()) {
        const auto line = line_of(rest);
        if (line.empty()) break;
        const auto colon = line.find(':');
        request.fields.add(line.substr(0, colon), colon == std::string_view::npos ? "" : line.substr(colon + 1));
    }
    request.body = rest;
    return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    static const aws::Access access({{"AKID", "secret"}}, "us-east-1");
    const WallTime now = *aws::time_of("20150830T123600Z");
    net::Request request = request_of({reinterpret_cast<const char*>(bytes), size});
    {
        const fuzz::Allocations law(size);
        if (access.verify(request, "sqs", now)) std::abort();  // nobody guesses a signature
    }
    {
        const fuzz::Allocations law(size);
        const auto query = aws::canonical_query(request.query());
        if (query && aws::canonical_query(*query) != query) std::abort();
        if (aws::canonical_path(request.path()).front() != '/') std::abort();
    }
    if (!aws::sign(request, {"AKID", "secret"}, "us-east-1", "sqs", now)) return 0;
    if (!access.verify(request, "sqs", now)) std::abort();
    return 0;
}
