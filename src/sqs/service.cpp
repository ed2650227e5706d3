#include "sqs/service.hpp"

#include <fmt/format.h>

#include <utility>

namespace rowmq::sqs {

void Deletions::add(const Lease& lease) {
    if (!set_.insert(lease).second) return;
    order_.push_back(lease);
    if (order_.size() <= kept) return;
    set_.erase(order_.front());
    order_.pop_front();
}

bool Purges::begin(QueueId queue, MonotonicTime now) {
    std::erase_if(last_, [&](const auto& purge) { return now - purge.second >= pause; });
    return last_.emplace(queue, now).second;
}

Service::Service(Broker& b, Clock& c, Random& r, Settings s, aws::Notifications* n)
    : broker(b), clock(c), random(r), settings(std::move(s)), notifications(n), seal(broker.health().store_id) {}

Answer<QueueInfo> Service::queue(const Text& url) const {
    if (!url || url->empty()) return missing("QueueUrl");
    const auto name = queue_of_url(*url, settings);
    if (!name) return no_such_queue();
    auto found = broker.queue(*name);
    if (!found) return refusal_of(found.error());
    return *std::move(found);
}

Answer<Session*> Service::session() {
    if (sessions.empty()) return another_session();
    return &sessions.front();
}

Answer<Session*> Service::another_session() {
    auto opened = broker.open_session();
    if (!opened) return refusal_of(opened.error());
    return &sessions.emplace_back(*std::move(opened));
}

Answer<Lease> Service::lease(const Text& handle, const QueueInfo& queue) const {
    if (!handle || handle->empty()) return missing("ReceiptHandle");
    const auto lease = seal.lease(*handle);
    if (!lease || lease->queue != queue.id)
        return Refusal{Fault::receipt_handle_is_invalid,
                       fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", *handle)};
    return *lease;
}

}  // namespace rowmq::sqs
