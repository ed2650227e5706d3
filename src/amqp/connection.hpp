#pragma once
// One client: negotiation, channels, heartbeats, and what is said to it.
// Threads: the broker's executor.

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "amqp/frame_writer.hpp"
#include "amqp/frames.hpp"
#include "amqp/incoming.hpp"
#include "amqp/rights.hpp"
#include "amqp/service.hpp"
#include "net/byte_connection.hpp"

namespace rowmq::amqp {

class Channel;

class Connection final : public std::enable_shared_from_this<Connection> {
public:
    Connection(Service& service, std::shared_ptr<net::ByteConnection> bytes);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Until the client or the server ends it; then nothing of it is left but what is durable.
    awaitable<void> run();

    template <typename Method>
    void say(std::uint16_t channel, const Method& method) {
        append_method(bytes_->out(), channel, method);
        bytes_->flush();
    }
    /// A method with content: BasicProperties, or a ReadyHeader.
    template <typename Method, typename Header>
    void say(std::uint16_t channel, const Method& method, const Header& header, std::string_view body) {
        append_method(bytes_->out(), channel, method);
        append_content(bytes_->out(), channel, header, body, frame_max_);
        bytes_->flush();
    }
    /// Waits while the client has not taken what it was told.
    awaitable<void> writable();
    /// The same, and one that has read no delivery yet waits while clients together keep far too much.
    awaitable<void> ready_for_deliveries();
    std::size_t unsent() const noexcept { return bytes_->unsent(); }
    /// All clients together have not taken more than the server keeps for them.
    bool crowded() const noexcept { return unsent_of_all() > service_.settings.unsent_of_all_bytes; }
    std::size_t unsent_of_all() const noexcept { return bytes_->unsent_of_all(); }
    /// A delivery is on its way to it.
    void is_told() noexcept { reader_.told(); }
    /// It has read all it was told, at least once.
    bool reads() const noexcept { return reader_.reads(); }
    Reader::Time idle_since(Reader::Time now) { return reader_.idle_since(bytes_->sent(), now); }
    void cut() { bytes_->cut(); }
    /// What it publishes waits while there is an alarm: told once to a client that knows of it, and when it is over.
    void block(const Alarms& alarms);
    /// From now on an alarm is about this connection, too.
    void publishes() noexcept { publishes_ = true; }

    /// Ends the connection: connection.close, or nothing when that was said already.
    void fail(const Refusal& refusal, MethodId method);
    /// Runs `work` to its end; the connection, and what `keeping` owns, last as long.
    void spawn(awaitable<void> work, std::shared_ptr<void> keeping = {});
    /// The channel has sent channel.close, and waits for the answer; or it has given it, and its number is free.
    void closed(std::uint16_t channel);
    /// `bytes` of what came were done.
    void done(std::size_t bytes);

    Service& service() noexcept { return service_; }
    const std::string& vhost() const noexcept { return vhost_; }
    const std::string& user() const noexcept { return user_.name; }
    /// It may say another user's name in what it publishes.
    bool impersonates() const { return user_.has_tag("impersonator"); }
    /// Once it is open.
    Rights& rights() noexcept { return *rights_; }
    bool has_capability(std::string_view name) const;
    bool gone() const noexcept { return bytes_->gone() || ended_; }

    /// For those who look at it from outside.
    struct Facts {
        std::string name, peer_host, host, mechanism;  ///< name: "127.0.0.1:50000 -> 127.0.0.1:5672"
        std::uint16_t peer_port = 0, port = 0, channel_max = 0, heartbeat = 0;
        std::size_t frame_max = 0;
        std::int64_t connected_at_ms = 0;
        std::uint64_t received_bytes = 0, sent_bytes = 0;
        bool secure = false, running = false, blocked = false;
    };
    Facts facts() const;
    const std::string& name() const noexcept { return name_; }
    const HeaderTable& client_properties() const noexcept { return client_properties_; }
    const std::map<std::uint16_t, std::shared_ptr<Channel>>& channels() const noexcept { return channels_; }

private:
    enum class Stage : std::uint8_t {
        header,
        start,
        tune,
        open,
        running,
        closing,
        waiting
    };  ///< waiting: for who that is, or a virtual host

    bool hear(std::string_view bytes);  ///< false: nothing more is to be heard
    bool hear_header();
    void hear_frame(const Frame& frame);
    void hear_control(const Frame& frame);
    void on(const ConnectionStartOk& method);
    void on(const ConnectionTuneOk& method);
    void on(const ConnectionOpen& method);
    void to_channel(const Frame& frame);
    /// Does what was heard for channels.
    void go_on();
    awaitable<void> log_in(Credentials credentials);
    void tune(std::optional<LoggedIn> who);
    std::optional<Refusal> refuse_open(const std::string& vhost) const;
    awaitable<void> open(std::string vhost);
    void refuse_login(std::string_view why);
    awaitable<void> beat();
    awaitable<void> unblock();
    awaitable<void> slow_down();
    awaitable<void> end();
    awaitable<void> do_what_was_said();
    awaitable<void> hear_the_rest(std::chrono::milliseconds patience);
    std::chrono::milliseconds patience() const;
    std::size_t inbox_most() const;

    Service& service_;
    std::shared_ptr<net::ByteConnection> bytes_;
    FrameReader frames_;
    Stage stage_ = Stage::header;
    LoggedIn user_;
    std::string vhost_, name_, mechanism_;
    std::optional<Rights> rights_;
    std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
    std::uint64_t received_ = 0;
    HeaderTable client_properties_;
    std::size_t frame_max_ = 4'096;
    std::uint16_t channel_max_ = 0, heartbeat_ = 0;
    std::map<std::uint16_t, std::shared_ptr<Channel>> channels_;
    std::vector<std::shared_ptr<Channel>> due_;  ///< channels that heard something to do
    std::size_t inbox_bytes_ = 0;
    Reader reader_;
    boost::asio::steady_timer room_, beat_, last_;  ///< cancelled when there is room again; of heartbeats; when it is cut at last
    bool ended_ = false;
    bool busy_ = false;            ///< log_in() or open() is under way
    bool asked_to_close_ = false;  ///< the client waits for connection.close-ok
    bool said_all_ = false;        ///< the client answered connection.close: nothing more comes from it
    bool publishes_ = false, blocked_ = false;
    boost::asio::steady_timer alarm_, slow_;  ///< while there is an alarm: unblock(), cancelled by end(); slow_down()
};

}  // namespace rowmq::amqp
