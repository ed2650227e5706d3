#include "management/rates.hpp"

#include <algorithm>

namespace rowmq::management {

namespace json = boost::json;

std::vector<double> Rates::of(const std::string& what, const std::vector<std::int64_t>& numbers) {
    const auto now = now_();
    if (known_.size() > remembered) known_.clear();
    const auto [found, is_new] = known_.try_emplace(what);
    Known& known = found->second;
    if (is_new || known.newer.numbers.size() != numbers.size()) {
        known.older = known.newer = Sample{now, numbers};
        known.rates.assign(numbers.size(), 0.0);
        return known.rates;
    }
    if (now - known.newer.at >= apart) {
        known.older = std::move(known.newer);
        known.newer = Sample{now, numbers};
        const std::chrono::duration<double> seconds = known.newer.at - known.older.at;
        for (std::size_t i = 0; i < numbers.size(); ++i)
            known.rates[i] = static_cast<double>(numbers[i] - known.older.numbers[i]) / seconds.count();
    }
    return known.rates;
}

QueueCounts Rates::risen(const std::string& what, QueueCounts sum) {
    if (risen_.size() > remembered) risen_.clear();
    Risen& risen = risen_[what];
    const QueueCounts now = sum;
    for (const auto counter : {&QueueCounts::sent, &QueueCounts::done, &QueueCounts::delivered, &QueueCounts::redelivered}) {
        risen.gone.*counter += std::max<std::int64_t>(0, risen.last.*counter - now.*counter);
        sum.*counter += risen.gone.*counter;
    }
    risen.last = now;
    return sum;
}

void Rates::forget() {
    known_.clear();
    risen_.clear();
}

void put_with_rate(json::object& into, std::string_view name, std::int64_t number, double rate) {
    into[name] = number;
    into[std::string(name) + "_details"] = json::object{{"rate", rate}};
}

std::vector<std::int64_t> shown(const QueueCounts& c) {
    return {c.ready + c.leased, c.ready, c.leased, c.sent, c.delivered, c.redelivered, c.done};
}

json::object queue_totals(const QueueCounts& c, const std::vector<double>& rates) {
    json::object out;
    put_with_rate(out, "messages", c.ready + c.leased, rates[0]);
    put_with_rate(out, "messages_ready", c.ready, rates[1]);
    put_with_rate(out, "messages_unacknowledged", c.leased, rates[2]);
    return out;
}

json::object message_stats(const QueueCounts& c, const std::vector<double>& rates) {
    json::object out;
    put_with_rate(out, "publish", c.sent, rates[3]);
    put_with_rate(out, "deliver_get", c.delivered, rates[4]);
    put_with_rate(out, "deliver", c.delivered, rates[4]);
    put_with_rate(out, "redeliver", c.redelivered, rates[5]);
    put_with_rate(out, "ack", c.done, rates[6]);
    return out;
}

void add(QueueCounts& sum, const QueueCounts& c) {
    sum.ready += c.ready;
    sum.delayed += c.delayed;
    sum.leased += c.leased;
    sum.sent += c.sent;
    sum.done += c.done;
    sum.bytes += c.bytes;
    sum.delivered += c.delivered;
    sum.redelivered += c.redelivered;
}

}  // namespace rowmq::management
