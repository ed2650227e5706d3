#pragma once
// What all clients together have been told and not taken is bounded (Settings::unsent_of_all_bytes). Many may be given something
// in the same moment, so what is on its way to them is counted before it is read. Threads: the broker's executor.

#include <cstddef>

#include "rowmq/values.hpp"

namespace rowmq::amqp {

class Connection;

/// How much one consumer is given at a time.
class Share final : public ByteBudget {
public:
    explicit Share(Connection& connection) : connection_(connection) {}
    /// A part of what is left for all; little where nothing is, and for a client that has read nothing yet. It is taken until the end of the turn.
    std::size_t take() override;

    /// From a next() until what it gave has been told, and is counted as that.
    class Turn {
    public:
        explicit Turn(Share& share) : share_(share) {}
        ~Turn() { share_.give_back(); }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        Share& share_;
    };

private:
    void give_back();

    Connection& connection_;
    std::size_t taken_ = 0;
};

}  // namespace rowmq::amqp
