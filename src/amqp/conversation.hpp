#pragma once
// A broker that speaks AMQP on a loopback socket, and a client that says what it is told.

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "amqp/frame_writer.hpp"
#include "amqp/protocol.hpp"
#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "broker/slow_store.hpp"
#include "test/support/run.hpp"

namespace rowmq::amqp {

namespace asio = boost::asio;

inline constexpr int patience = 100'000;  // turns of the loop

class Conversation : public testing::Test {
protected:
    explicit Conversation(Settings settings = {}, std::shared_ptr<rowmq::test::Doors> of = std::make_shared<rowmq::test::Doors>())
        : doors(std::move(of)) {
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = std::make_shared<ManualClock>();
        parts.random = std::make_shared<SeededRandom>(7);
        parts.engine = std::make_unique<rowmq::test::SlowStore>(storage::memory::make_engine(io.get_executor()), doors);
        broker = rowmq::test::run_in(io, make_broker(std::move(parts))).value();
        protocol = std::make_unique<Protocol>(*broker, std::move(settings), Logins{});
        EXPECT_TRUE(rowmq::test::run_in(io, protocol->start()));
        port = protocol->listen({}).value();
    }
    ~Conversation() override {
        doors->commits.open();
        rowmq::test::run_in(io, protocol->stop());
        rowmq::test::run_in(io, broker->close());
        protocol.reset();
        broker.reset();
        turn();
    }
    void turn() {
        io.restart();
        io.poll();
    }
    template <typename Holds>
    bool await(const Holds& holds) {
        for (int turns = 0; turns < patience; ++turns) {
            if (holds()) return true;
            turn();
        }
        return false;
    }

    asio::io_context io;
    std::shared_ptr<rowmq::test::Doors> doors;
    std::unique_ptr<Broker> broker;
    std::unique_ptr<Protocol> protocol;
    std::uint16_t port = 0;
};

/// One thing said, and the methods that are to be heard after it.
struct Step {
    std::string says;
    std::vector<MethodId> hears{};
};

template <typename Method>
std::string said(std::uint16_t channel, const Method& method) {
    std::string out;
    append_method(out, channel, method);
    return out;
}

inline std::string published(std::uint16_t channel, std::string exchange, std::string key, bool mandatory = false) {
    std::string out = said(channel, BasicPublish{.exchange = std::move(exchange), .routing_key = std::move(key), .mandatory = mandatory});
    append_content(out, channel, {}, "body", 4'096);
    return out;
}

inline std::vector<Step> opening() {
    const ConnectionStartOk login{
        .client_properties = {}, .mechanism = "PLAIN", .response = std::string("\0guest\0guest", 12), .locale = "en_US"};
    return {{std::string(protocol_header), {ConnectionStart::id}},
            {said(0, login), {ConnectionTune::id}},
            {said(0, ConnectionTuneOk{{.channel_max = 10, .frame_max = 4'096, .heartbeat = 0}}) +
                 said(0, ConnectionOpen{.virtual_host = "/", .capabilities = {}, .insist = false}),
             {ConnectionOpenOk::id}},
            {said(1, ChannelOpen{}), {ChannelOpenOk::id}}};
}

class Client final {
public:
    Client(asio::io_context& io, std::uint16_t port) : socket_(io) {
        socket_.connect({asio::ip::address_v4::loopback(), port});
        socket_.set_option(asio::ip::tcp::no_delay(true));
        socket_.non_blocking(true);
        reader_.limit(131'072);
    }
    void say(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
    /// The numbers of the methods that came since.
    std::vector<MethodId> hear() {
        char bytes[4'096];
        boost::system::error_code error;
        const std::size_t count = socket_.read_some(asio::buffer(bytes), error);
        std::vector<MethodId> heard;
        reader_.feed({bytes, error ? 0 : count});
        while (const auto frame = reader_.next())
            if (frame->kind == FrameKind::method) heard.push_back(read_method(frame->payload).id);
        reader_.keep();
        return heard;
    }
    /// How reading ended, once it has.
    boost::system::error_code end() {
        char bytes[4'096];
        boost::system::error_code error;
        socket_.read_some(asio::buffer(bytes), error);
        return error;
    }
    void break_off() { socket_.close(); }

private:
    asio::ip::tcp::socket socket_;
    FrameReader reader_;
};

}  // namespace rowmq::amqp
