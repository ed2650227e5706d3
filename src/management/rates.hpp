#pragma once
// How fast numbers grow: between what a list said now and what it said at least five seconds before. Nobody samples while nobody asks.
// Threads: one.

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rowmq/values.hpp"

namespace rowmq::management {

class Rates final {
public:
    using Now = std::function<std::chrono::steady_clock::time_point()>;
    explicit Rates(Now now = [] { return std::chrono::steady_clock::now(); }) : now_(std::move(now)) {}

    /// Numbers that belong together ("queue 7"); returns how each changes in a second. 0 while that is not known.
    std::vector<double> of(const std::string& what, const std::vector<std::int64_t>& numbers);

    /// A sum over queues, whose counters do not fall when one of them is deleted: what it had counted when they were last asked for stays.
    QueueCounts risen(const std::string& what, QueueCounts sum);
    void forget();

    static constexpr std::size_t remembered = 100'000;  ///< beyond it all are forgotten
    static constexpr std::chrono::seconds apart{5};

private:
    struct Sample {
        std::chrono::steady_clock::time_point at;
        std::vector<std::int64_t> numbers;
    };
    struct Known {
        Sample older, newer;
        std::vector<double> rates;
    };
    struct Risen {
        QueueCounts last, gone;
    };
    Now now_;
    std::unordered_map<std::string, Known> known_;
    std::unordered_map<std::string, Risen> risen_;
};

/// "name": number, and "name_details": {"rate": ...}.
void put_with_rate(boost::json::object& into, std::string_view name, std::int64_t number, double rate);

/// What `messages`, `messages_ready` and so on say of queues, with their rates; and `message_stats`.
boost::json::object queue_totals(const QueueCounts& counts, const std::vector<double>& rates);
boost::json::object message_stats(const QueueCounts& counts, const std::vector<double>& rates);
/// The numbers those two show, in the order they expect their rates.
std::vector<std::int64_t> shown(const QueueCounts& counts);
void add(QueueCounts& sum, const QueueCounts& counts);

}  // namespace rowmq::management
