#include "amqp/service.hpp"

#include <fmt/format.h>

namespace rowmq::amqp {
namespace {

struct Standing {
    std::string_view name;
    ExchangeKind kind;
};
constexpr Standing standing_exchanges[] = {{"amq.direct", ExchangeKind::direct},
                                           {"amq.fanout", ExchangeKind::fanout},
                                           {"amq.topic", ExchangeKind::topic},
                                           {"amq.headers", ExchangeKind::headers},
                                           {"amq.match", ExchangeKind::headers}};

}  // namespace

awaitable<Result<void>> Service::prepare(std::string vhost) {
    if (prepared_.contains(vhost)) co_return Result<void>();
    for (const Standing& standing : standing_exchanges) {
        if (broker.exchange(standing.name, vhost)) continue;
        ExchangeOptions options;
        options.kind = standing.kind;
        const Result<ExchangeInfo> made = co_await broker.declare_exchange(std::string(standing.name), std::move(options), vhost);
        if (!made && made.error().code != Errc::already_exists) co_return made.error();
    }
    prepared_.insert(vhost);
    co_return Result<void>();
}

std::string Service::generated(std::string_view prefix) {
    // Unique over restarts too: the store's epoch is in no name, so the time is.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{}{:x}-{:x}", prefix, std::chrono::duration_cast<std::chrono::microseconds>(now).count(), ++names_);
}

}  // namespace rowmq::amqp
