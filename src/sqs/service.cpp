#include "sqs/service.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/planted.hpp"

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

void DeletedQueues::add(const std::string& name, MonotonicTime now) {
    if (kept_ == std::chrono::milliseconds(0)) return;
    since_[name] = now;
    order_.emplace_back(now, name);
    while (order_.size() > most || now - order_.front().first >= kept_) {
        const auto& [since, oldest] = order_.front();
        if (const auto found = since_.find(oldest); found != since_.end() && found->second == since) since_.erase(found);
        order_.pop_front();
    }
}

bool DeletedQueues::contains(const std::string& name, MonotonicTime now) const {
    const auto found = since_.find(name);
    return found != since_.end() && now - found->second < kept_;
}

Service::Service(Broker& b, Clock& c, Random& r, Settings s, aws::Notifications* n)
    : broker(b),
      clock(c),
      random(r),
      settings(std::move(s)),
      notifications(n),
      opened_at(clock.wall()),
      opened(clock.monotonic()),
      seal(broker.health().store_id),
      deleted_queues(settings.recreate_after) {}

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

Answer<aws::Handle> Service::handle(const Text& text, const QueueInfo& queue) const {
    if (!text || text->empty()) return missing("ReceiptHandle");
    const auto unsealed = seal.open(*text);
    if (!unsealed || (unsealed->lease.queue != queue.id && !planted(Bug::handle_of_another_queue)))
        return Refusal{Fault::receipt_handle_is_invalid,
                       fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", *text)};
    return *unsealed;
}

std::uint32_t Service::second() {
    const auto now = opened_at + std::chrono::duration_cast<milliseconds>(clock.monotonic() - opened);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    return static_cast<std::uint32_t>(seconds % aws::handle_seconds);
}

}  // namespace rowmq::sqs
