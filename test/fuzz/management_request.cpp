// Any bytes as a request of RabbitMQ's management API, "METHOD TARGET\nBODY", put by its administrator to a broker that has
// something: an answer, never a crash, and never a 500. Its target is read within the law of memory.
#include <chrono>
#include <cstdlib>

#include "base/base64.hpp"
#include "management/management.hpp"
#include "test/fuzz/allocations.hpp"
#include "test/fuzz/small_broker.hpp"

namespace {

using rowmq::fuzz::SmallBroker;

rowmq::net::Request request_of(std::string_view text) {
    rowmq::net::Request request;
    const auto line = text.substr(0, text.find('\n'));
    const auto space = line.find(' ');
    request.method = std::string(line.substr(0, space));
    request.target = space == std::string_view::npos ? "/api/" : std::string(line.substr(space + 1));
    if (line.size() < text.size()) request.body = std::string(text.substr(line.size() + 1));
    request.fields.add("Authorization", "Basic " + rowmq::base64_encode("guest:guest"));
    return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    {
        const auto request = request_of(text);
        const rowmq::fuzz::Allocations law(request.target.size());
        static_cast<void>(rowmq::management::parse_target("GET", request.target));
    }
    SmallBroker broker;
    rowmq::amqp::Protocol protocol(*broker.broker, {}, rowmq::amqp::Logins{});
    if (!broker.run(protocol.start())) std::abort();
    rowmq::management::Management management(protocol, {});
    const auto answer = std::make_shared<std::optional<rowmq::management::Answer>>();
    boost::asio::co_spawn(broker.loop, management.handle(request_of(text)),
                          [answer](std::exception_ptr thrown, rowmq::management::Answer given) {
                              if (thrown) std::rethrow_exception(thrown);
                              answer->emplace(std::move(given));
                          });
    // A password is hashed on a thread of its own.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!*answer && std::chrono::steady_clock::now() < end) {
        broker.loop.restart();
        broker.loop.run_for(std::chrono::milliseconds(20));
    }
    if (!*answer || (*answer)->status == 500) std::abort();
    return 0;
}
