// Any bytes as a request of the admin API, "METHOD TARGET\nBODY", put to a broker that has something: an answer, never a
// crash, and never a 500. Its target and body are read within the law of memory; of a body the law is a wider one.
#include <cstdlib>

#include "admin/protocol.hpp"
#include "admin/request.hpp"
#include "test/fuzz/allocations.hpp"
#include "test/fuzz/small_broker.hpp"

namespace {

using rowmq::fuzz::SmallBroker;

rowmq::net::Request request_of(std::string_view text) {
    rowmq::net::Request request;
    const auto line = text.substr(0, text.find('\n'));
    const auto space = line.find(' ');
    request.method = std::string(line.substr(0, space));
    request.target = space == std::string_view::npos ? "/" : std::string(line.substr(space + 1));
    if (line.size() < text.size()) request.body = std::string(text.substr(line.size() + 1));
    request.fields.add("Content-Type", "application/json");
    return request;
}

void read_alone(const rowmq::net::Request& request) {
    {
        const rowmq::fuzz::Allocations law(request.target.size());
        static_cast<void>(rowmq::admin::parse_target("GET", request.target));
    }
    constexpr std::size_t many_small_messages = 2 * 1024 * 1024;  // what parse_body promises, beside a kibibyte of its own
    const rowmq::fuzz::Allocations law(request.body.size(), many_small_messages + 1024);
    static_cast<void>(rowmq::admin::parse_body(request.body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    read_alone(request_of(text));
    SmallBroker broker;
    rowmq::admin::Protocol protocol(*broker.broker);
    const auto response = broker.run(protocol.answer(request_of(text)));
    // A wait for messages has no answer yet; it ends with the broker.
    if (response && response->status == 500) std::abort();
    protocol.close();
    return 0;
}
