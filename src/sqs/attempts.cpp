#include "sqs/attempts.hpp"

namespace rowmq::sqs {

void Attempts::add(QueueId queue, const std::string& id, Given given, std::chrono::milliseconds lease, MonotonicTime now) {
    const Key key{queue, id};
    erase(key);
    Attempt attempt{.made = now, .hidden_until = now + lease};
    for (const Delivery& delivery : given.deliveries) {
        forget(delivery.lease);
        attempt.bytes += delivery.message.text().size();
        by_lease_.emplace(delivery.lease, key);
    }
    attempt.given = std::move(given);
    bytes_ += attempt.bytes;
    attempts_.emplace(key, std::move(attempt));
    order_.emplace_back(now, key);
    while (!order_.empty() && (order_.size() > most || bytes_ > most_bytes || now - order_.front().first >= kept)) {
        const auto [made, oldest] = order_.front();
        order_.pop_front();
        if (const auto found = attempts_.find(oldest); found != attempts_.end() && found->second.made == made) erase(oldest);
    }
}

const Attempts::Given* Attempts::find(QueueId queue, const std::string& id, MonotonicTime now) {
    const auto found = attempts_.find({queue, id});
    if (found == attempts_.end()) return nullptr;
    if (now - found->second.made < kept && now < found->second.hidden_until) return &found->second.given;
    erase(found->first);
    return nullptr;
}

void Attempts::extend(QueueId queue, const std::string& id, std::chrono::milliseconds lease, MonotonicTime now) {
    if (const auto found = attempts_.find({queue, id}); found != attempts_.end()) found->second.hidden_until = now + lease;
}

void Attempts::forget(const Lease& lease) {
    if (const auto found = by_lease_.find(lease); found != by_lease_.end()) erase(found->second);
}

void Attempts::forget(QueueId queue) {
    for (auto at = attempts_.lower_bound({queue, {}}); at != attempts_.end() && at->first.first == queue;) {
        const Key key = at->first;
        ++at;
        erase(key);
    }
}

void Attempts::erase(Key key) {
    const auto found = attempts_.find(key);
    if (found == attempts_.end()) return;
    for (const Delivery& delivery : found->second.given.deliveries) by_lease_.erase(delivery.lease);
    bytes_ -= found->second.bytes;
    attempts_.erase(found);
}

}  // namespace rowmq::sqs
