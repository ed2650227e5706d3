#pragma once
// Who publishes and who consumes, in one thread over one epoll: what they do is decided by what they hear.
// The first eight bytes of a body are the time it was due or sent (steady clock, ns), the next eight its priority and number.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "peer.hpp"

namespace rowmq::bench {

std::int64_t nanoseconds();

/// Something with a connection that a Loop runs.
class Client {
public:
    explicit Client(int port) : peer(port) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;
    virtual void hear(const amqp::Frame& frame) = 0;
    /// What came was heard, or time went by: says what there is to say.
    virtual void act() {}

    Peer peer;
    std::int64_t heard_at = 0;  ///< when the bytes of what is heard were read
    bool wants_out = false;     ///< of the Loop
};

class Loop final {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    void add(Client& client);
    /// Calls act() of all every so often, for those who publish by the clock.
    void tick_every(std::chrono::microseconds time);
    void run(const std::function<bool()>& ended, std::chrono::milliseconds longest);

private:
    void serve(Client& client, bool readable);
    int events_, timer_;
    std::vector<Client*> clients_;
};

struct Publishing {
    std::string exchange;
    std::vector<std::string> keys;  ///< by turns
    std::size_t bytes = 1024, window = 1'000;
    std::uint64_t count = 0;  ///< 0: until stopped
    double per_second = 0;    ///< 0: as the window allows
    std::uint8_t priorities = 0, delivery_mode = 2;
    std::int64_t delay_from_ms = 0, delay_to_ms = 0;  ///< both 0: no x-delay
};

class Producer final : public Client {
public:
    Producer(int port, Publishing what);
    void hear(const amqp::Frame& frame) override;
    void act() override;
    void stop() { stopped_ = true; }
    void keep_times() { keeps_times_ = true; }

    std::uint64_t published = 0, confirmed = 0;
    std::vector<double> confirm_ms;

private:
    void publish();
    std::string frames_for(const std::string& key, std::uint8_t priority);
    void confirm_one(std::int64_t& sent_at);

    Publishing what_;
    std::vector<std::string> frames_;   ///< ready but for what differs
    std::size_t delay_at_ = 0;          ///< in each of them
    std::deque<std::int64_t> waiting_;  ///< when each unconfirmed one was sent; 0: confirmed before others
    std::uint64_t first_waiting_ = 1;
    std::int64_t began_ = 0;
    std::uint64_t random_ = 88172645463325252u;
    bool stopped_ = false, keeps_times_ = false;
};

struct Consuming {
    std::vector<std::string> queues;
    std::uint16_t prefetch = 500;
    std::size_t ack_every = 1;  ///< acknowledges so many with one `multiple`; 0: no acknowledgements at all (no_ack)
};

class Consumer : public Client {
public:
    Consumer(int port, Consuming what);
    void hear(const amqp::Frame& frame) override;
    void act() override;
    void keep_times() { keeps_times_ = true; }
    void check_order() { checks_order_ = true; }

    std::uint64_t received = 0, out_of_order = 0, redelivered = 0;
    std::vector<double> reached_ms;  ///< from the time a body says
protected:
    virtual void whole(std::string_view body);

private:
    Consuming what_;
    std::uint64_t tag_ = 0, acked_ = 0, missing_ = 0, last_ = ~std::uint64_t{0};
    std::size_t unacked_ = 0;
    bool keeps_times_ = false, checks_order_ = false;
};

/// Answers each request where it says.
class Answerer final : public Consumer {
public:
    Answerer(int port, const std::string& queue);
    void hear(const amqp::Frame& frame) override;

protected:
    void whole(std::string_view body) override;

private:
    std::string reply_to_;
};

/// Asks again when it is answered.
class Requester final : public Client {
public:
    Requester(int port, std::string queue, std::size_t outstanding, std::size_t bytes);
    void hear(const amqp::Frame& frame) override;
    void act() override;
    std::uint64_t answered = 0;
    std::vector<double> answered_ms;

private:
    std::string frames_;
    std::size_t to_ask_, bytes_ = 0;
};

}  // namespace rowmq::bench
