#include "clients.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace rowmq::bench {
namespace {

constexpr std::size_t unsent_at_most = 1024 * 1024, stamp_bytes = 16;
constexpr unsigned priority_shift = 56;
constexpr std::string_view reply_queue = "amq.rabbitmq.reply-to";

void append_publish(std::string& out, const std::string& exchange, const std::string& key, const amqp::BasicProperties& properties,
                    std::string_view body) {
    amqp::BasicPublish publish;
    publish.exchange = exchange;
    publish.routing_key = key;
    amqp::append_method(out, 1, publish);
    amqp::append_content(out, 1, properties, body, 131'072);
}

double milliseconds_since(std::int64_t then, std::int64_t now) { return static_cast<double>(now - then) / 1e6; }

}  // namespace

std::int64_t nanoseconds() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Loop::Loop() : events_(::epoll_create1(EPOLL_CLOEXEC)), timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (events_ < 0 || timer_ < 0) throw std::runtime_error("no epoll or no timer");
}

Loop::~Loop() {
    ::close(timer_);
    ::close(events_);
}

void Loop::add(Client& client) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
    if (::epoll_ctl(events_, EPOLL_CTL_ADD, client.peer.descriptor(), &event) != 0) throw std::runtime_error("epoll_ctl failed");
    clients_.push_back(&client);
}

void Loop::tick_every(std::chrono::microseconds time) {
    const timespec every{.tv_sec = time.count() / 1'000'000, .tv_nsec = time.count() % 1'000'000 * 1'000};
    const itimerspec setting{.it_interval = every, .it_value = every};
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    if (::timerfd_settime(timer_, 0, &setting, nullptr) != 0 || ::epoll_ctl(events_, EPOLL_CTL_ADD, timer_, &event) != 0)
        throw std::runtime_error("no timer");
}

void Loop::serve(Client& client, bool readable) {
    if (readable) {
        client.heard_at = nanoseconds();
        client.peer.hear([&](const amqp::Frame& frame) { client.hear(frame); });
    }
    client.act();
    client.peer.flush();
    const bool wants = client.peer.unsent() > 0;
    if (wants == client.wants_out) return;
    client.wants_out = wants;
    epoll_event event{.events = wants ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.ptr = &client}};
    ::epoll_ctl(events_, EPOLL_CTL_MOD, client.peer.descriptor(), &event);
}

void Loop::run(const std::function<bool()>& ended, std::chrono::milliseconds longest) {
    const std::int64_t last = nanoseconds() + std::chrono::nanoseconds(longest).count();
    for (Client* client : clients_) serve(*client, false);
    while (!ended() && nanoseconds() < last) {
        epoll_event events[64];
        const int count = ::epoll_wait(events_, events, 64, 10);
        for (int i = 0; i < count; ++i) {
            if (auto* client = static_cast<Client*>(events[i].data.ptr)) {
                serve(*client, (events[i].events & ~EPOLLOUT) != 0);
                continue;
            }
            std::uint64_t ticks = 0;
            if (::read(timer_, &ticks, sizeof ticks) < 0) continue;
            for (Client* each : clients_) serve(*each, false);
        }
    }
}

Producer::Producer(int port, Publishing what) : Client(port), what_(std::move(what)) {
    what_.bytes = std::max(what_.bytes, stamp_bytes);
    peer.ask(amqp::ConfirmSelect{}, {85, 11});
    for (const std::string& key : what_.keys)
        for (std::uint8_t priority = 0; priority < std::max<std::uint8_t>(1, what_.priorities); ++priority)
            frames_.push_back(frames_for(key, priority));
}

std::string Producer::frames_for(const std::string& key, std::uint8_t priority) {
    amqp::BasicProperties properties;
    properties.delivery_mode = what_.delivery_mode;
    if (what_.priorities > 0) properties.priority = priority;
    if (what_.delay_to_ms > 0) properties.headers = HeaderTable{{"x-delay", {std::int64_t{1}, {}}}};
    std::string frames;
    append_publish(frames, what_.exchange, key, properties, std::string(what_.bytes, 'x'));
    constexpr std::string_view before_delay = "\7x-delayl";
    const auto at = frames.find(before_delay);
    if (at != std::string::npos) delay_at_ = at + before_delay.size();
    frames[frames.size() - 1 - what_.bytes + stamp_bytes / 2] = static_cast<char>(priority);
    return frames;
}

void Producer::publish() {
    std::size_t chosen = published % frames_.size();
    if (what_.priorities > 0 || what_.delay_to_ms > 0) {
        random_ ^= random_ << 13u;
        random_ ^= random_ >> 7u;
        random_ ^= random_ << 17u;
        if (what_.priorities > 0) chosen = random_ % frames_.size();
    }
    const std::string& frames = frames_[chosen];
    std::string& out = peer.out();
    out += frames;
    char* const body = out.data() + out.size() - 1 - what_.bytes;
    std::int64_t stamp = nanoseconds();
    // By the clock it is sent when it was due, however late this is.
    if (what_.per_second > 0) stamp = began_ + static_cast<std::int64_t>(static_cast<double>(published) / what_.per_second * 1e9);
    waiting_.push_back(stamp);
    if (what_.delay_to_ms > 0) {
        const auto span = static_cast<std::uint64_t>(what_.delay_to_ms - what_.delay_from_ms + 1);
        const std::int64_t delay = what_.delay_from_ms + static_cast<std::int64_t>(random_ % span);
        write_number64(out.data() + out.size() - frames.size() + delay_at_, static_cast<std::uint64_t>(delay));
        stamp += delay * 1'000'000;
    }
    write_number64(body, static_cast<std::uint64_t>(stamp));
    const auto priority = static_cast<std::uint64_t>(static_cast<unsigned char>(body[stamp_bytes / 2]));
    write_number64(body + stamp_bytes / 2, priority << priority_shift | published);
    ++published;
}

void Producer::act() {
    if (began_ == 0) began_ = nanoseconds();
    while (!stopped_ && waiting_.size() < what_.window && (what_.count == 0 || published < what_.count) && peer.unsent() < unsent_at_most) {
        if (what_.per_second > 0 && static_cast<double>(published) > static_cast<double>(nanoseconds() - began_) / 1e9 * what_.per_second)
            break;
        publish();
    }
}

void Producer::confirm_one(std::int64_t& sent_at) {
    if (sent_at == 0) return;
    ++confirmed;
    if (keeps_times_) confirm_ms.push_back(milliseconds_since(sent_at, heard_at));
    sent_at = 0;
}

void Producer::hear(const amqp::Frame& frame) {
    if (frame.kind != amqp::FrameKind::method) return;
    const amqp::MethodId id = method_of(frame.payload);
    if (id == amqp::BasicNack::id) throw std::runtime_error("the broker refused a message");
    if (id != amqp::BasicAck::id) return;
    const std::uint64_t tag = number64_at(frame.payload, 4);
    const bool multiple = frame.payload.back() != 0;
    if (tag < first_waiting_ || tag - first_waiting_ >= waiting_.size()) throw std::runtime_error("a confirm of nothing");
    if (multiple)
        for (std::uint64_t i = 0; i < tag - first_waiting_; ++i) confirm_one(waiting_[i]);
    confirm_one(waiting_[tag - first_waiting_]);
    while (!waiting_.empty() && waiting_.front() == 0) {
        waiting_.pop_front();
        ++first_waiting_;
    }
}

Consumer::Consumer(int port, Consuming what) : Client(port), what_(std::move(what)) {
    amqp::BasicQos qos;
    qos.prefetch_count = what_.prefetch;
    peer.ask(qos, {60, 11});
    for (const std::string& queue : what_.queues) {
        amqp::BasicConsume consume;
        consume.queue = queue;
        consume.consumer_tag = fmt::format("c{}", queue);
        consume.no_ack = what_.ack_every == 0;
        consume.no_wait = true;  // nothing that is delivered may come before somebody listens
        amqp::append_method(peer.out(), 1, consume);
    }
}

void Consumer::hear(const amqp::Frame& frame) {
    if (frame.kind == amqp::FrameKind::method) {
        if (method_of(frame.payload) != amqp::BasicDeliver::id) return;
        const std::size_t at = 4 + 1 + static_cast<unsigned char>(frame.payload[4]);
        tag_ = number64_at(frame.payload, at);
        redelivered += frame.payload[at + 8] != 0 ? 1 : 0;
    } else if (frame.kind == amqp::FrameKind::header) {
        missing_ = number64_at(frame.payload, 4);
        if (missing_ == 0) whole({});
    } else {
        missing_ -= std::min<std::uint64_t>(missing_, frame.payload.size());
        if (missing_ == 0) whole(frame.payload);
    }
}

void Consumer::whole(std::string_view body) {
    ++received;
    if (keeps_times_) reached_ms.push_back(milliseconds_since(static_cast<std::int64_t>(number64_at(body, 0)), heard_at));
    if (checks_order_) {
        const std::uint64_t now = number64_at(body, stamp_bytes / 2);
        const bool falls = now >> priority_shift < last_ >> priority_shift;
        const bool same = now >> priority_shift == last_ >> priority_shift;
        out_of_order += falls || (same && now > last_) || received == 1 ? 0 : 1;
        last_ = now;
    }
    if (what_.ack_every == 0) return;
    if (++unacked_ < what_.ack_every) return;
    unacked_ = 0;
    acked_ = tag_;
    amqp::append_method(peer.out(), 1, amqp::BasicAck{.delivery_tag = tag_, .multiple = what_.ack_every > 1});
}

/// All that was read is acknowledged, also where it is no full `ack_every`.
void Consumer::act() {
    if (what_.ack_every < 2 || acked_ == tag_ || missing_ > 0) return;
    unacked_ = 0;
    acked_ = tag_;
    amqp::append_method(peer.out(), 1, amqp::BasicAck{.delivery_tag = tag_, .multiple = true});
}

Answerer::Answerer(int port, const std::string& queue) : Consumer(port, {.queues = {queue}, .prefetch = 0, .ack_every = 0}) {}

void Answerer::hear(const amqp::Frame& frame) {
    if (frame.kind == amqp::FrameKind::header) {
        const auto header = amqp::read_content_header(frame.payload);
        reply_to_ = header ? header->properties.reply_to.value_or("") : "";
    }
    Consumer::hear(frame);
}

void Answerer::whole(std::string_view body) {
    ++received;
    amqp::BasicProperties properties;
    properties.delivery_mode = 1;
    append_publish(peer.out(), "", reply_to_, properties, body);
}

Requester::Requester(int port, std::string queue, std::size_t outstanding, std::size_t bytes) : Client(port), to_ask_(outstanding) {
    amqp::BasicConsume consume;
    consume.queue = reply_queue;
    consume.no_ack = true;
    peer.ask(consume, amqp::BasicConsumeOk::id);
    amqp::BasicProperties properties;
    properties.delivery_mode = 1;
    properties.reply_to = reply_queue;
    properties.correlation_id = "1";
    append_publish(frames_, "", queue, properties, std::string(std::max(bytes, stamp_bytes), 'x'));
    bytes_ = std::max(bytes, stamp_bytes);
}

void Requester::hear(const amqp::Frame& frame) {
    if (frame.kind != amqp::FrameKind::body) return;
    ++answered;
    ++to_ask_;
    answered_ms.push_back(milliseconds_since(static_cast<std::int64_t>(number64_at(frame.payload, 0)), heard_at));
}

void Requester::act() {
    for (; to_ask_ > 0; --to_ask_) {
        peer.out() += frames_;
        write_number64(peer.out().data() + peer.out().size() - 1 - bytes_, static_cast<std::uint64_t>(nanoseconds()));
    }
}

}  // namespace rowmq::bench
