#pragma once
// What one user may do in one virtual host, as RabbitMQ decides it: regular expressions over names, and over routing keys of
// topic exchanges. What was decided is remembered until users or permissions change.
// Threads: the broker's executor.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "amqp/errors.hpp"
#include "amqp/pattern.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::amqp {

enum class Right : std::uint8_t { configure, write, read };
std::string_view name_of(Right right) noexcept;

class Rights final {
public:
    /// `everything`: nobody asks what this user may do.
    Rights(const Broker& broker, std::string user, std::string vhost, bool everything);

    /// Whether the user has permissions in the virtual host at all.
    bool enters();
    /// Of a queue or an exchange; the default exchange is asked for as "amq.default".
    bool may(Right right, std::string_view name) {
        if (everything_) return true;
        if (broker_.access().version != version_) read();
        return all_[static_cast<std::size_t>(right)] || decided(right, name);
    }
    /// Of a topic exchange (`write`: to publish, `read`: to bind).
    bool may_on_topic(Right right, std::string_view exchange, std::string_view key);

    /// Both: what every publish asks.
    bool may_publish(std::string_view exchange, std::string_view key) {
        if (everything_) return true;
        return may(Right::write, exchange) && (!topics_ || may_on_topic(Right::write, exchange, key));
    }
    std::optional<Refusal> publish_refusal(std::string_view exchange, std::string_view key) {
        auto refused = this->exchange(Right::write, exchange);
        return refused ? refused : topic(Right::write, exchange, key);
    }

    const std::string& user() const noexcept { return user_; }
    const std::string& vhost() const noexcept { return vhost_; }
    /// Why not, in RabbitMQ's words; none: it may.
    std::optional<Refusal> refusal(Right right, std::string_view kind, std::string_view name);
    std::optional<Refusal> queue(Right right, std::string_view name) { return refusal(right, "queue", name); }
    std::optional<Refusal> exchange(Right right, std::string_view name) { return refusal(right, "exchange", name); }
    /// Of the routing key, where `exchange` is a topic exchange; others have none.
    std::optional<Refusal> topic(Right right, std::string_view exchange, std::string_view key);

private:
    void read();
    bool decided(Right right, std::string_view name);

    const Broker& broker_;
    const std::string user_, vhost_;
    const bool everything_;
    std::uint64_t version_ = 0;
    bool enters_ = false, topics_ = false;
    std::array<std::optional<Pattern>, 3> patterns_;
    std::array<bool, 3> all_{};
    /// Of names asked for: which rights were decided, and which of them are given, three bits each.
    std::unordered_map<std::string, std::uint8_t> known_;
};

}  // namespace rowmq::amqp
