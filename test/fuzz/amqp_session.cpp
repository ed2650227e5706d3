// Any frames in any order from two clients that are logged in, on two channels each: the server answers or closes, and nothing of the
// clients is left when they have gone. The input says which frames: a byte for kind, channel and client, a byte for the length, the
// payload. What one says in a row comes at once; when the other goes on, that is done first.
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

/// What client `number` says, until it is another's turn; taken off `input`.
std::string frames_of(std::string_view& input, std::size_t& number) {
    constexpr amqp::FrameKind kinds[] = {amqp::FrameKind::method, amqp::FrameKind::header, amqp::FrameKind::body,
                                         amqp::FrameKind::heartbeat};
    std::string out;
    while (input.size() > 2) {
        const auto how = static_cast<unsigned char>(input[0]);
        if (((how >> 4u) & 1u) != number) {
            number = (how >> 4u) & 1u;
            break;
        }
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
    std::vector<asio::ip::tcp::socket> clients;
    boost::system::error_code error;
    for (int i = 0; i < 2; ++i) {
        asio::ip::tcp::socket& client = clients.emplace_back(small.loop);
        client.connect({asio::ip::address_v4::loopback(), *port});
        client.set_option(asio::ip::tcp::no_delay(true));
        asio::write(client, asio::buffer(opening()));
    }
    std::string_view input(reinterpret_cast<const char*>(bytes), size);
    std::size_t number = 0;
    while (input.size() > 2) {
        const std::size_t who = number;
        asio::write(clients[who], asio::buffer(frames_of(input, number)), error);  // it may be closed already
        for (int turns = 0; turns < 10; ++turns) small.poll();
    }
    for (asio::ip::tcp::socket& client : clients) {
        client.shutdown(asio::ip::tcp::socket::shutdown_send, error);
        client.non_blocking(true, error);
    }
    char heard[4'096];
    std::size_t ended = 0;
    for (int turns = 0; turns < 10'000 && ended < clients.size(); ++turns) {
        small.poll();
        ended = 0;
        for (asio::ip::tcp::socket& client : clients) {
            client.read_some(asio::buffer(heard), error);
            if (error && error != asio::error::would_block) ++ended;
        }
    }
    for (asio::ip::tcp::socket& client : clients) client.close(error);
    for (int turns = 0; turns < 10'000 && protocol.counts().connections > 0; ++turns) small.poll();
    if (protocol.counts().connections > 0) std::abort();
    bool stopped = false;
    asio::co_spawn(small.loop, protocol.stop(), [&](std::exception_ptr) { stopped = true; });
    for (int turns = 0; turns < 10'000 && !stopped; ++turns) small.poll();
    if (!stopped) std::abort();
    return 0;
}
