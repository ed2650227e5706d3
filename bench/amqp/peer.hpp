#pragma once
// One connection of AMQP 0-9-1 to 127.0.0.1 with as little of a client as measuring needs: one channel, frames in batches.
// It speaks to any broker; what is measured goes through append() and hear(), the rest through ask().
// Threads: one. Errors: throws std::runtime_error with what the broker said.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "amqp/frame_writer.hpp"
#include "amqp/frames.hpp"
#include "amqp/methods.hpp"

namespace rowmq::bench {

class Peer final {
public:
    explicit Peer(int port);
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer();

    /// Says `method` and waits for the answer, whose payload comes back. Only before anything is delivered.
    template <typename Method>
    std::string ask(const Method& method, amqp::MethodId answer, std::uint16_t channel = 1) {
        amqp::append_method(out_, channel, method);
        return await(answer);
    }

    std::string& out() noexcept { return out_; }
    std::size_t unsent() const noexcept { return out_.size() - sent_; }
    /// Writes what the socket takes.
    void flush();
    /// Reads what is there, once, and calls `each` for every whole frame of a channel.
    template <typename Each>
    void hear(Each&& each) {
        const std::string_view bytes = read();
        if (bytes.empty()) return;
        frames_.feed(bytes);
        while (const auto frame = frames_.next()) {
            if (frame->kind == amqp::FrameKind::heartbeat) continue;
            complain(*frame);
            each(*frame);
        }
        frames_.keep();
    }
    int descriptor() const noexcept { return socket_; }

private:
    std::string_view read();
    std::string await(amqp::MethodId wanted);
    static void complain(const amqp::Frame& frame);

    int socket_ = -1;
    std::string out_;
    std::size_t sent_ = 0;
    std::vector<char> in_;
    amqp::FrameReader frames_;
};

/// Of the payload of a method frame.
amqp::MethodId method_of(std::string_view payload);
/// An unsigned number of eight bytes, big-endian, at `at`.
std::uint64_t number64_at(std::string_view bytes, std::size_t at);
void write_number64(char* at, std::uint64_t value);

}  // namespace rowmq::bench
