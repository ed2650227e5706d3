#include "amqp/share.hpp"

#include <algorithm>
#include <utility>

#include "amqp/connection.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::size_t most = 1024 * 1024, least = 16 * 1024;
constexpr std::size_t parts = 4;  // so that who comes next has a share, too

}  // namespace

std::size_t Share::take() {
    give_back();
    Service& service = connection_.service();
    const std::size_t bound = service.settings.unsent_of_all_bytes;
    const std::size_t used = connection_.unsent_of_all() + service.on_their_way_bytes;
    taken_ = std::clamp((bound - std::min(bound, used)) / parts, least, connection_.reads() ? most : least);
    service.on_their_way_bytes += taken_;
    connection_.is_told();
    return taken_;
}

void Share::give_back() { connection_.service().on_their_way_bytes -= std::exchange(taken_, 0); }

}  // namespace rowmq::amqp
