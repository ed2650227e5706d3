#pragma once
// The admin API under /rowmq/v1/, /healthz and /metrics, as requests and responses without a socket.
// Threads: the broker's strand. Ownership: the broker outlives it. Errors: responses {"code", "text"}.
// `/api/` is nobody's here.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <string>

#include "admin/metrics/families.hpp"
#include "admin/request.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::admin {

class Admin final {
public:
    /// `collectors` add to /metrics what other rooms measure; with `rabbitmq` it has RabbitMQ's names, too.
    explicit Admin(Broker& broker, std::vector<metrics::Collector> collectors = {}, metrics::RabbitmqSource rabbitmq = {});
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    awaitable<Response> handle(Request request);
    /// Wakes who waits and releases what this API leased.
    void close();

    /// What it answers to: methods and paths, whose "*" is the part that varies.
    static std::vector<std::pair<std::string, std::string>> paths();

    static constexpr std::size_t namespaces_at_once = 1'000;  ///< sessions, one a namespace used

private:
    /// A request with what its path and query name.
    struct Call {
        Request request;
        std::string name;  ///< the part of the path that varies: a queue, a task
        std::string ns;
        boost::json::object body;
    };
    using Handler = awaitable<Response> (Admin::*)(Call);
    struct Route;
    static const Route routes[];

    awaitable<Response> healthz(Call call);
    awaitable<Response> scrape(Call call);
    awaitable<Response> openapi(Call call);
    awaitable<Response> health(Call call);
    awaitable<Response> counts(Call call);
    awaitable<Response> list_queues(Call call);
    awaitable<Response> get_queue(Call call);
    awaitable<Response> declare_queue(Call call);
    awaitable<Response> alter_queue(Call call);
    awaitable<Response> delete_queue(Call call);
    awaitable<Response> purge_queue(Call call);
    awaitable<Response> send(Call call);
    awaitable<Response> receive(Call call);
    awaitable<Response> peek(Call call);
    awaitable<Response> search(Call call);
    awaitable<Response> settle(Call call);
    awaitable<Response> extend(Call call);
    awaitable<Response> redrive(Call call);
    awaitable<Response> list_exchanges(Call call);
    awaitable<Response> get_exchange(Call call);
    awaitable<Response> declare_exchange(Call call);
    awaitable<Response> delete_exchange(Call call);
    awaitable<Response> bind(Call call);
    awaitable<Response> unbind(Call call);
    awaitable<Response> publish(Call call);
    awaitable<Response> list_redrives(Call call);
    awaitable<Response> cancel_redrive(Call call);
    awaitable<Response> backup(Call call);

    /// The session that owns what this API leases in a namespace.
    Result<Session*> session(const std::string& ns);

    Broker& broker_;
    std::vector<metrics::Collector> collectors_;
    metrics::RabbitmqSource rabbitmq_;
    std::map<std::string, Session, std::less<>> sessions_;
};

}  // namespace rowmq::admin
