// Any frames in any order from a client that is logged in, on two channels: the server answers or closes, and nothing of the
// client is left when it has gone. The input says which frames: a byte for kind and channel, a byte for the length, the payload.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "amqp/frame_writer.hpp"
#include "amqp/protocol.hpp"
#include "test/fuzz/small_broker.hpp"

namespace {

using namespace rowmq;
namespace asio = boost::asio;

std::string opening() {
    std::string out(amqp::protocol_header);
    amqp::append_method(
        out, 0,
        amqp::ConnectionStartOk{
            .client_properties = {}, .mechanism = "PLAIN", .response = std::string("\0guest\0guest", 12), .locale = "en_US"});
    amqp::append_method(out, 0, amqp::ConnectionTuneOk{{.channel_max = 3, .frame_max = 4'096, .heartbeat = 0}});
    amqp::append_method(out, 0, amqp::ConnectionOpen{.virtual_host = "/", .capabilities = {}, .insist = false});
    amqp::append_method(out, 1, amqp::ChannelOpen{});
    amqp::append_method(out, 2, amqp::ChannelOpen{});
    return out;
}

std::string frames_of(std::string_view input) {
    constexpr amqp::FrameKind kinds[] = {amqp::FrameKind::method, amqp::FrameKind::header, amqp::FrameKind::body,
                                         amqp::FrameKind::heartbeat};
    std::string out;
    while (input.size() > 2) {
        const auto how = static_cast<unsigned char>(input[0]);
        const std::string_view payload = input.substr(2, static_cast<unsigned char>(input[1]));
        const amqp::OpenFrame frame(out, kinds[how & 3u], (how >> 2u) & 3u);
        out += payload;
        input.remove_prefix(2 + payload.size());
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    fuzz::SmallBroker small;
    amqp::Protocol protocol(*small.broker, {}, amqp::Logins{});
    if (!small.run(protocol.start())->has_value()) std::abort();
    const auto port = protocol.listen({});
    if (!port) std::abort();
    asio::ip::tcp::socket client(small.loop);
    client.connect({asio::ip::address_v4::loopback(), *port});
    client.set_option(asio::ip::tcp::no_delay(true));
    asio::write(client, asio::buffer(opening() + frames_of({reinterpret_cast<const char*>(bytes), size})));
    client.shutdown(asio::ip::tcp::socket::shutdown_send);
    char heard[4'096];
    boost::system::error_code error;
    client.non_blocking(true);
    for (int turns = 0; turns < 10'000 && protocol.counts().connections + protocol.counts().accepted > 0; ++turns) {
        small.poll();
        client.read_some(asio::buffer(heard), error);
        if (error && error != asio::error::would_block) break;
    }
    client.close(error);
    for (int turns = 0; turns < 10'000 && protocol.counts().connections > 0; ++turns) small.poll();
    if (protocol.counts().connections > 0) std::abort();
    bool stopped = false;
    asio::co_spawn(small.loop, protocol.stop(), [&](std::exception_ptr) { stopped = true; });
    for (int turns = 0; turns < 10'000 && !stopped; ++turns) small.poll();
    if (!stopped) std::abort();
    return 0;
}
