#include "amqp/connection.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "amqp/channel.hpp"
#include "amqp/limits.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t least_frame_max = 4'096;  // the specification's
constexpr auto closing_time = std::chrono::seconds(5);
constexpr auto courtesy = std::chrono::milliseconds(200);  // for a client to end what it asked to close: to some an end of ours is an error

HeaderValue flag(bool value) { return {value, {}}; }
HeaderValue text(std::string value) { return {std::move(value), {}}; }

HeaderTable server_properties(const Settings& settings) {
    HeaderTable capabilities;
    for (const char* name :
         {"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify", "connection.blocked",
          "consumer_priorities", "authentication_failure_close", "per_consumer_qos", "direct_reply_to"})
        capabilities.push_back({name, flag(true)});
    return {{"capabilities", {std::move(capabilities), {}}},
            {"cluster_name", text(settings.cluster)},
            {"copyright", text("RowMQ")},
            {"information", text("RowMQ speaks AMQP 0-9-1 with RabbitMQ's extensions")},
            {"platform", text("RowMQ")},
            {"product", text(settings.product)},
            {"version", text(settings.version)}};
}

/// The smaller, where 0 is no limit.
template <typename Number>
Number agreed(Number ours, Number theirs) {
    return theirs == 0 ? ours : ours == 0 ? theirs : std::min(ours, theirs);
}

}  // namespace

Connection::Connection(Service& service, std::shared_ptr<net::ByteConnection> bytes)
    : service_(service),
      bytes_(std::move(bytes)),
      room_(service.broker.executor()),
      beat_(service.broker.executor()),
      last_(service.broker.executor()),
      alarm_(service.broker.executor()),
      slow_(service.broker.executor()) {
    service_.connections.insert(this);
    room_.expires_at(std::chrono::steady_clock::time_point::max());
    name_ = fmt::format("{}:{} -> {}:{}", bytes_->address(), bytes_->peer_port(), bytes_->local_address(), bytes_->local_port());
}

Connection::~Connection() {
    service_.inbox_bytes -= inbox_bytes_;
    service_.connections.erase(this);
}

awaitable<void> Connection::run() {
    const auto self = shared_from_this();
    service_.crowd.watch(service_);
    bytes_->on_stop([weak = weak_from_this()] {
        if (const auto connection = weak.lock())
            connection->fail(Refusal(Code::connection_forced, "broker forced connection closure with reason 'shutdown'"), {});
    });
    for (;;) {
        const auto count = co_await bytes_->read(asio::buffer(service_.scratch), patience());
        if (!count) break;
        if (*count == 0) {
            if (stage_ == Stage::running) spdlog::warn("amqp: {} missed its heartbeats ({} s) and is cut", bytes_->address(), heartbeat_);
            bytes_->cut();
            break;
        }
        received_ += *count;
        if (!hear({service_.scratch.data(), *count})) break;
        frames_.keep();
        while (inbox_bytes_ > inbox_most() && !gone()) {
            error_code ignored;
            co_await room_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        if (publishes_) co_await slow_down();
    }
    co_await end();
}

std::chrono::milliseconds Connection::patience() const {
    switch (stage_) {
        case Stage::running: return heartbeat_ > 0 ? std::chrono::seconds(2 * heartbeat_) : std::chrono::milliseconds::max();
        case Stage::closing: return closing_time;
        default: return service_.settings.login_time;
    }
}

bool Connection::hear(std::string_view bytes) {
    frames_.feed(bytes);
    if (stage_ == Stage::header) {
        if (frames_.waiting() < protocol_header.size()) return true;
        if (!hear_header()) return false;
    }
    while (!ended_) {
        const auto frame = frames_.next();
        if (!frame) break;
        hear_frame(*frame);
    }
    go_on();
    if (!frames_.fault()) return !ended_;
    fail(Refusal(Code::frame_error, frames_.fault_text()), {});
    return false;
}

bool Connection::hear_header() {
    const auto header = frames_.raw(protocol_header.size());
    constexpr std::string_view older{"AMQP\1\1\0\x09", 8};  // some that mean this version say it so
    if (header != protocol_header && header != older) {
        // The specification's answer to any other: what would be understood.
        bytes_->out().append(protocol_header);
        bytes_->flush();
        return false;
    }
    stage_ = Stage::start;
    const std::string_view offered = bytes_->peer_certificate() ? mechanisms_with_certificate : mechanisms;
    say(0, ConnectionStart{.server_properties = server_properties(service_.settings), .mechanisms = std::string(offered)});
    return true;
}

void Connection::hear_frame(const Frame& frame) {
    if (frame.kind == FrameKind::heartbeat) {
        if (frame.channel != 0) fail(Refusal(Code::unexpected_frame, fmt::format("type 8, {}", snippet(frame.payload))), {});
        return;
    }
    if (frame.channel == 0) return hear_control(frame);
    if (stage_ == Stage::closing) return;
    if (stage_ != Stage::running) return fail(Refusal(Code::channel_error, "a frame of a channel came before connection.open-ok"), {});
    to_channel(frame);
}

void Connection::go_on() {
    for (const std::shared_ptr<Channel>& channel : std::exchange(due_, {})) channel->go_on();
}

void Connection::hear_control(const Frame& frame) {
    go_on();  // what came before it
    if (frame.kind != FrameKind::method)
        return fail(Refusal(Code::unexpected_frame, fmt::format("type {}, {}", static_cast<unsigned>(frame.kind), snippet(frame.payload))),
                    {});
    const DecodedMethod decoded = read_method(frame.payload);
    if (stage_ == Stage::closing) {
        if (decoded.id == ConnectionCloseOk::id) ended_ = said_all_ = true;
        else if (decoded.id == ConnectionClose::id) say(0, ConnectionCloseOk{});
        return;
    }
    if (decoded.fault == MethodFault::malformed) return fail(undecodable(frame.payload), decoded.id);
    if (decoded.fault)
        return fail(Refusal(Code::command_invalid, fmt::format("no method {}.{} is known", decoded.id.klass, decoded.id.method)),
                    decoded.id);
    if (decoded.id == ConnectionClose::id) {
        asked_to_close_ = ended_ = true;  // answered when what is exclusive to it is gone
        return;
    }
    if (const auto* m = std::get_if<ConnectionStartOk>(&decoded.method); m && stage_ == Stage::start) return on(*m);
    if (const auto* m = std::get_if<ConnectionTuneOk>(&decoded.method); m && stage_ == Stage::tune) return on(*m);
    if (const auto* m = std::get_if<ConnectionOpen>(&decoded.method); m && stage_ == Stage::open) return on(*m);
    if (decoded.id == ConnectionUpdateSecret::id && stage_ == Stage::running) return say(0, ConnectionUpdateSecretOk{});
    constexpr std::string_view stages[] = {"pre_init", "starting", "tuning", "opening", "running", "closing", "securing"};
    fail(Refusal(Code::channel_error, fmt::format("unexpected method in connection state {}", stages[static_cast<std::size_t>(stage_)])),
         decoded.id);
}

void Connection::on(const ConnectionStartOk& method) {
    const auto credentials = credentials_of(method.mechanism, method.response);
    const auto certificate = method.mechanism == "EXTERNAL" ? bytes_->peer_certificate() : std::nullopt;
    if (method.mechanism != "PLAIN" && method.mechanism != "AMQPLAIN" && !certificate)
        return fail(Refusal(Code::command_invalid, fmt::format("unknown authentication mechanism '{}'", method.mechanism)), method.id);
    client_properties_ = method.client_properties;
    mechanism_ = method.mechanism;
    if (certificate)
        return tune(service_.users.by_certificate(user_of(*certificate, service_.settings.certificate_name), bytes_->from_loopback()));
    if (!credentials) return tune(std::nullopt);
    bool known = false;
    std::optional<LoggedIn> who = service_.users.at_once(*credentials, bytes_->from_loopback(), known);
    if (who || !known) return tune(std::move(who));
    stage_ = Stage::waiting;
    busy_ = true;
    spawn(log_in(*credentials));
}

awaitable<void> Connection::log_in(Credentials credentials) {
    LoginAnswer answer = co_await service_.users.login(std::move(credentials), bytes_->from_loopback(), bytes_->address());
    busy_ = false;
    room_.cancel();
    if (stage_ != Stage::waiting || gone()) co_return;
    if (answer.busy) fail(Refusal(Code::connection_forced, "too many passwords wait to be checked: try again"), ConnectionStartOk::id);
    else tune(std::move(answer.someone));
}

/// Somebody has come in, or nobody that is known.
void Connection::tune(std::optional<LoggedIn> who) {
    auto& attempts = service_.login_attempts["amqp091"];
    ++(who ? attempts.succeeded : attempts.failed);
    if (!who)
        return refuse_login(
            fmt::format("Login was refused using authentication mechanism {}. For details see the broker logfile.", mechanism_));
    user_ = *std::move(who);
    stage_ = Stage::tune;
    const Settings& s = service_.settings;
    say(0, ConnectionTune{{.channel_max = s.channel_max, .frame_max = s.frame_max, .heartbeat = s.heartbeat}});
}

void Connection::refuse_login(std::string_view why) {
    spdlog::warn("amqp: a login from {} was refused", bytes_->address());
    if (has_capability("authentication_failure_close")) return fail(Refusal(Code::access_refused, why), ConnectionStartOk::id);
    ended_ = true;  // clients that do not know better are told by the silence
    bytes_->cut();  // a read may be waiting: the password was checked meanwhile
}

bool Connection::has_capability(std::string_view name) const {
    const HeaderValue* all = find(client_properties_, "capabilities");
    const auto* table = all ? std::get_if<HeaderTable>(&all->value) : nullptr;
    const HeaderValue* one = table ? find(*table, name) : nullptr;
    const bool* set = one ? std::get_if<bool>(&one->value) : nullptr;
    return set && *set;
}

void Connection::on(const ConnectionTuneOk& method) {
    const Settings& s = service_.settings;
    if (method.frame_max != 0 && method.frame_max < least_frame_max)
        return fail(Refusal(Code::not_allowed, fmt::format("negotiated frame_max = {} is lower than the minimum allowed value ({})",
                                                           method.frame_max, least_frame_max)),
                    method.id);
    if (s.frame_max != 0 && method.frame_max > s.frame_max)
        return fail(Refusal(Code::not_allowed, fmt::format("negotiated frame_max = {} is higher than the maximum allowed value ({})",
                                                           method.frame_max, s.frame_max)),
                    method.id);
    if (method.channel_max > s.channel_max)
        return fail(Refusal(Code::not_allowed, fmt::format("negotiated channel_max = {} is higher than the maximum allowed value ({})",
                                                           method.channel_max, s.channel_max)),
                    method.id);
    frame_max_ = agreed(s.frame_max, method.frame_max);
    channel_max_ = agreed(s.channel_max, method.channel_max);
    heartbeat_ = method.heartbeat;
    frames_.limit(frame_max_);  // RabbitMQ lets clients forget the 8 bytes around a payload
    stage_ = Stage::open;
    if (heartbeat_ > 0) spawn(beat());
}

void Connection::on(const ConnectionOpen& method) {
    if (!service_.has_vhost(method.virtual_host))
        return fail(Refusal(Code::not_allowed, fmt::format("vhost {} not found", method.virtual_host)), method.id);
    if (const auto refusal = refuse_open(method.virtual_host)) return fail(*refusal, method.id);
    Rights rights(service_.broker, user_.name, method.virtual_host, user_.everything);
    if (!rights.enters())
        return fail(Refusal(Code::not_allowed, fmt::format("access to vhost '{}' refused for user '{}'", method.virtual_host, user_.name)),
                    method.id);
    vhost_ = method.virtual_host;
    rights_.emplace(service_.broker, user_.name, vhost_, user_.everything);
    if (service_.is_started(vhost_)) {
        stage_ = Stage::running;
        return say(0, ConnectionOpenOk{});
    }
    stage_ = Stage::waiting;
    busy_ = true;
    spawn(open(vhost_));
}

std::optional<Refusal> Connection::refuse_open(const std::string& vhost) const {
    std::size_t in_vhost = 0, of_user = 0;
    for (const Connection* one : service_.connections) {
        if (one == this || one->vhost_.empty() || one->gone()) continue;
        if (one->vhost_ == vhost) ++in_vhost;
        if (one->user() == user()) ++of_user;
    }
    return refusal_of_connection(service_.broker, {.vhost = vhost, .user = user(), .in_vhost = in_vhost, .of_user = of_user});
}

/// A virtual host nobody has used yet.
awaitable<void> Connection::open(std::string vhost) {
    const Result<void> opened = co_await service_.open_vhost(std::move(vhost));
    busy_ = false;
    room_.cancel();
    if (stage_ != Stage::waiting || gone()) co_return;
    stage_ = Stage::running;
    if (opened) say(0, ConnectionOpenOk{});
    else fail(refusal_of(opened.error(), "vhost"), ConnectionOpen::id);
}

Connection::Facts Connection::facts() const {
    Facts facts;
    facts.name = name_;
    facts.peer_host = bytes_->address();
    facts.peer_port = bytes_->peer_port();
    facts.host = bytes_->local_address();
    facts.port = bytes_->local_port();
    facts.mechanism = mechanism_;
    facts.channel_max = channel_max_;
    facts.heartbeat = heartbeat_;
    facts.frame_max = frame_max_;
    facts.connected_at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_.time_since_epoch()).count();
    facts.received_bytes = received_;
    facts.sent_bytes = bytes_->sent();
    facts.secure = bytes_->secure();
    facts.running = stage_ == Stage::running;
    facts.blocked = blocked_;
    return facts;
}

void Connection::to_channel(const Frame& frame) {
    auto found = channels_.find(frame.channel);
    if (found == channels_.end()) {
        const DecodedMethod decoded = frame.kind == FrameKind::method ? read_method(frame.payload) : DecodedMethod{};
        if (decoded.id == ChannelCloseOk::id) return;  // both sides closed it at once
        if (decoded.fault || decoded.id != ChannelOpen::id)
            return fail(Refusal(Code::channel_error, "expected 'channel.open'"), decoded.id);
        if (channels_.size() >= channel_max_)  // so many, whatever their numbers are
            return fail(Refusal(Code::not_allowed, fmt::format("number of channels opened ({}) has reached the negotiated channel_max ({})",
                                                               channels_.size(), channel_max_)),
                        decoded.id);
        std::size_t channels = 0;
        for (const Connection* one : service_.connections)
            if (one->user() == user()) channels += one->channels_.size();
        if (const auto refusal = refusal_of_channel(service_.broker, user(), channels)) return fail(*refusal, decoded.id);
        Result<Session> session = service_.broker.open_session(vhost_);
        if (!session) return fail(refusal_of(session.error(), "vhost"), decoded.id);
        channels_.emplace(frame.channel, std::make_shared<Channel>(*this, frame.channel, *std::move(session)));
        return say(frame.channel, ChannelOpenOk{});
    }
    const std::shared_ptr<Channel> channel = found->second;  // it may be the last thing it hears
    const std::size_t heard = channel->hear(frame);
    inbox_bytes_ += heard;
    service_.inbox_bytes += heard;
    if (channel->begins()) due_.push_back(channel);
}

void Connection::spawn(awaitable<void> work, std::shared_ptr<void> keeping) {
    asio::co_spawn(service_.broker.executor(), std::move(work),
                   [self = shared_from_this(), keeping = std::move(keeping)](std::exception_ptr e) {
                       if (!e) return;
                       try {
                           std::rethrow_exception(e);
                       } catch (const std::exception& thrown) {
                           spdlog::error("amqp: {} is cut by an exception: {}", self->bytes_->address(), thrown.what());
                       }
                       self->bytes_->cut();
                   });
}

void Connection::closed(std::uint16_t channel) { channels_.erase(channel); }

void Connection::done(std::size_t bytes) {
    bytes = std::min(inbox_bytes_, bytes);
    inbox_bytes_ -= bytes;
    service_.inbox_bytes -= bytes;
    if (inbox_bytes_ <= inbox_most()) room_.cancel();
}

std::size_t Connection::inbox_most() const {
    const Settings& s = service_.settings;
    return service_.inbox_bytes > s.inbox_of_all_bytes ? s.inbox_least_bytes : s.inbox_bytes;
}

awaitable<void> Connection::writable() { co_await bytes_->drained(crowded() ? 0 : service_.settings.unsent_bytes); }

awaitable<void> Connection::ready_for_deliveries() {
    co_await writable();
    if (bytes_->unsent() == 0) reader_.took_all();
    while (!reader_.reads() && !gone() && unsent_of_all() > 2 * service_.settings.unsent_of_all_bytes) {
        service_.crowd.thin_out(service_);
        asio::steady_timer a_moment(service_.broker.executor(), std::chrono::milliseconds(200));
        error_code ignored;
        co_await a_moment.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

void Connection::fail(const Refusal& refusal, MethodId method) {
    if (stage_ == Stage::closing || ended_) return;
    spdlog::info("amqp: {} is closed: {}", bytes_->address(), refusal.text);
    const bool knows_how = stage_ != Stage::header;
    stage_ = Stage::closing;
    for (auto& [number, channel] : channels_) channel->stop();
    if (!knows_how) {
        ended_ = true;
        return;
    }
    say(0, ConnectionClose{refusal.closing(method)});
    last_.expires_after(closing_time);
    last_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (cancelled) return;
        self->bytes_->cut();  // it does not answer, or does not read what it is told
        self->room_.cancel();
    });
}

/// A heartbeat each half of the time agreed, whatever else is said.
awaitable<void> Connection::beat() {
    const auto self = shared_from_this();
    while (!gone()) {
        beat_.expires_after(std::chrono::milliseconds(500) * heartbeat_);
        error_code error;
        co_await beat_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (gone()) break;
        append_heartbeat(bytes_->out());
        bytes_->flush();
    }
}

awaitable<void> Connection::end() {
    const auto self = shared_from_this();
    ended_ = true;
    beat_.cancel();
    alarm_.cancel();
    while (busy_) {  // it is about this connection, which must be there
        error_code ignored;
        co_await room_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    for (auto& [number, channel] : channels_) channel->deliver_nothing();
    co_await do_what_was_said();
    for (auto& [number, channel] : channels_) channel->stop();
    channels_.clear();
    std::vector<std::string> mine;
    for (const auto& [place, owner] : service_.exclusive)
        if (owner == this) mine.push_back(place.second);
    co_await service_.delete_queues(std::move(mine), vhost_);
    if (asked_to_close_) say(0, ConnectionCloseOk{});
    last_.expires_after(closing_time);
    last_.async_wait([bytes = bytes_](error_code cancelled) {
        if (!cancelled) bytes->cut();
    });
    co_await bytes_->drained(0);
    if (!said_all_ && !bytes_->gone()) {
        if (asked_to_close_) co_await hear_the_rest(courtesy);
        bytes_->end_writing();
        co_await hear_the_rest(closing_time);
    }
    last_.cancel();
    bytes_->cut();
}

/// What a client had sent before it closed or went is done, as with RabbitMQ: published messages, acknowledgements.
awaitable<void> Connection::do_what_was_said() {
    const auto end = std::chrono::steady_clock::now() + closing_time;  // of the disk, when it is full
    while (inbox_bytes_ > 0 && std::chrono::steady_clock::now() < end) {
        room_.expires_at(end);
        error_code ignored;
        co_await room_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

/// What a client is still sending when all is said, of other threads perhaps: a socket that is closed before would be a
/// reset, which takes with it what the client has not read.
awaitable<void> Connection::hear_the_rest(std::chrono::milliseconds patience) {
    for (;;) {
        const auto count = co_await bytes_->read(asio::buffer(service_.scratch), patience);
        if (!count || *count == 0) co_return;
    }
}

}  // namespace rowmq::amqp
