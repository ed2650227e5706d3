#include "app/server.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <random>

#include "amqp/channel.hpp"
#include "amqp/connection.hpp"
#include "app/exit_code.hpp"
#include "app/log.hpp"
#include "aws/notification.hpp"
#include "aws/signer.hpp"
#include "base/process_memory.hpp"
#include "base/random.hpp"
#include "base/real_clock.hpp"
#include "rowmq/open.hpp"
#include "sns/protocol.hpp"
#include "sqs/protocol.hpp"
#include "sqs/refusals.hpp"

namespace rowmq::app {
namespace {

namespace asio = boost::asio;

[[noreturn]] void end_for(const Error& error) {
    log(spdlog::level::critical, "the store failed", {{"error", error.text}});
    std::_Exit(static_cast<int>(Exit::store_failed));
}

std::uint64_t fresh_seed() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

/// What the process may hold before publishers wait: two fifths of what there is for it, but a small machine gives more.
std::int64_t usual_memory() {
    constexpr std::int64_t enough = 256 * 1024 * 1024;
    const std::int64_t available = available_memory();
    return std::max({available / 5 * 2, std::min(enough, available / 5 * 4), std::int64_t{1}});
}

bool is_amqp(std::string_view listener) { return listener == "amqp" || listener == "amqps"; }

/// RabbitMQ's management API has a listener of its own, and is served by the admin listener beside the admin API.
bool is_management(std::string_view listener, std::string_view target) {
    return listener == "management" || (listener == "admin" && (target == "/api" || target.starts_with("/api/")));
}

/// "rowmq@host", as RabbitMQ names nodes.
std::string node_name() {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0 || host.front() == '\0') return "rowmq@localhost";
    return std::string("rowmq@") + host.data();
}

bool is_loopback(const std::string& address) { return asio::ip::make_address(address).is_loopback(); }

}  // namespace

struct Server::Listener {
    std::string name;
    Endpoint wanted;
    bool secure;
    net::HttpServer server;
};

struct Server::Protocols {
    Protocols(asio::any_io_executor executor, Broker& broker, Random& random, const sqs::Settings& settings, bool secure,
              net::AddressRule outbound, std::vector<admin::metrics::Collector> collectors, admin::metrics::RabbitmqSource rabbitmq)
        : clock(std::move(executor)),
          place{.region = settings.region, .account = settings.account, .host = settings.host, .scheme = secure ? "https" : "http"},
          signer(broker, signing.get_executor()),
          notifications(broker, place, &signer),
          admin(broker, std::move(collectors), std::move(rabbitmq)),
          sqs(broker, clock, random, settings, &notifications),
          sns(broker, clock, random, place, notifications, &signer, {.addresses = std::move(outbound)}, settings.access) {}

    /// SQS and SNS share a port.
    awaitable<net::Response> aws(net::Request request) {
        return sns::Protocol::is_for(request) ? sns.handle(std::move(request)) : sqs.handle(std::move(request));
    }

    RealClock clock;
    asio::thread_pool signing{1};
    aws::Place place;
    aws::Signer signer;
    aws::Notifications notifications;
    admin::Protocol admin;
    sqs::Protocol sqs;
    sns::Protocol sns;
};

Server::Server(asio::any_io_executor executor, Settings settings)
    : executor_(std::move(executor)), settings_(std::move(settings)), random_(fresh_seed()) {}
Server::~Server() = default;

awaitable<net::Response> Server::answer(std::string name, net::Request request) {
    if (!protocols_) {
        if (name == "sqs") co_return sqs::refusal_before_reading(503, &request, {}, random_);
        co_return net::Response{.status = 503, .content_type = "text/plain", .body = "starting\n"};
    }
    if (is_management(name, request.target)) {
        if (!management_) co_return net::Response{.status = 404, .content_type = "text/plain", .body = "the listener amqp is off\n"};
        auto managed = management_->handle(std::move(request));
        co_return co_await std::move(managed);
    }
    auto response = name == "sqs" ? protocols_->aws(std::move(request)) : protocols_->admin.answer(std::move(request));
    co_return co_await std::move(response);
}

Result<void> Server::listen() {
    if (settings_.tls.on()) {
        auto tls = net::TlsContext::for_server({.certificate = settings_.tls.certificate, .key = settings_.tls.key});
        if (tls.has_error()) return tls.error();
        tls_ = *std::move(tls);
        const net::TlsFiles with_clients{.certificate = settings_.tls.certificate,
                                         .key = settings_.tls.key,
                                         .client_ca = settings_.tls.client_ca,
                                         .clients = settings_.tls.client_certificates()};
        auto amqps_tls = net::TlsContext::for_server(with_clients);
        if (amqps_tls.has_error()) return amqps_tls.error();
        amqps_tls_ = *std::move(amqps_tls);
    }
    for (const auto& [name, endpoint] : settings_.listeners) {
        if (!endpoint || is_amqp(name)) continue;  // that has nothing to say before there is a store
        const bool secure = tls_ && (name != "admin" || settings_.tls.admin);
        net::HttpOptions options{.address = endpoint->address, .port = endpoint->port, .plain_too = settings_.tls.plain_too};
        if (secure) options.tls = tls_;
        if (name == "sqs") {
            options.refusal = [this, limits = options.limits](unsigned status, const net::Request* so_far) {
                return sqs::refusal_before_reading(status, so_far, limits, random_);
            };
        }
        auto handler = [this, name = name](net::Request request) { return answer(name, std::move(request)); };
        listeners_.push_back(
            std::unique_ptr<Listener>(new Listener{.name = name,
                                                   .wanted = *endpoint,
                                                   .secure = secure,
                                                   .server = net::HttpServer(executor_, std::move(options), std::move(handler))}));
        if (const auto listening = listeners_.back()->server.listen(); listening.has_error()) {
            auto error = listening.error();
            error.text = fmt::format("{} ({}); --listen {}=off turns this listener off, --listen {}={} takes any free port", error.text,
                                     name, name, name, to_text(Endpoint{endpoint->address, 0}));
            error.code = Errc::invalid_argument;  // of the environment: exit 1
            return error;
        }
        if (name == "admin" && !is_loopback(endpoint->address)) {
            log(spdlog::level::warn, "the admin API has no access control: everybody who reaches it may do everything",
                {{"listener", name}, {"address", to_text(*endpoint)}});
        }
    }
    const auto& amqps = settings_.listeners["amqps"];
    if (amqps && !tls_) return Error{Errc::invalid_argument, "the listener amqps needs --tls-certificate and --tls-key"};
    if (listeners_.empty() && !settings_.listeners["amqp"] && !amqps)
        return Error{Errc::invalid_argument, "every listener is off: nobody could reach this server"};
    return {};
}

awaitable<Result<void>> Server::start_amqp() {
    if (settings_.listeners["amqp"] || settings_.listeners["amqps"] || settings_.listeners["management"]) {
        std::vector<amqp::Credentials> users;  // who may sign for SQS may log in here
        for (const auto& [id, secret] : settings_.access_keys) users.push_back({.user = id, .password = secret});
        amqp::Settings amqp_settings;
        amqp_settings.certificate_name = settings_.tls.client_name;
        amqp_settings.early_delivery = settings_.early_delivery;
        amqp_ = std::make_unique<amqp::Protocol>(*broker_, std::move(amqp_settings), amqp::Logins(std::move(users)));
        if (auto started = co_await amqp_->start(); started.has_error()) co_return started;
        management::Settings management{.node = node_name(),
                                        .memory_bytes = *settings_.limits.memory_bytes,
                                        .disk_bytes = settings_.limits.disk_free_bytes.value_or(0)};
        management.listeners = [this] {
            std::vector<management::OtherListener> all;
            for (const auto& one : listeners_)
                if (one->name == "management" || one->name == "admin")
                    all.push_back({.protocol = one->secure ? "https" : "http", .address = one->wanted.address, .port = one->server.port()});
            return all;
        };
        if (tls_) management.certificate_expires = [tls = tls_] { return tls->expires_at(); };
        management_ = std::make_unique<management::Management>(*amqp_, std::move(management));
    }
    for (const auto& [name, endpoint] : settings_.listeners) {
        if (!endpoint || !is_amqp(name)) continue;
        net::ByteServerOptions options;
        options.address = endpoint->address;
        options.port = endpoint->port;
        const bool secure = name == "amqps";
        if (secure) options.tls = amqps_tls_;
        const auto port = amqp_->listen(std::move(options));
        if (!port) {
            Error error = port.error();
            error.text = fmt::format("{} ({}); --listen {}=off turns this listener off, --listen {}={} takes any free port", error.text,
                                     name, name, name, to_text(Endpoint{endpoint->address, 0}));
            error.code = Errc::invalid_argument;  // of the environment: exit 1
            co_return error;
        }
        binary_.push_back({.name = name, .endpoint = {.address = endpoint->address, .port = *port}, .secure = secure});
    }
    co_return Result<void>();
}

std::vector<Server::Listening> Server::listening() const {
    std::vector<Listening> all = binary_;
    for (const auto& listener : listeners_) {
        all.push_back({.name = listener->name,
                       .endpoint = {.address = listener->wanted.address, .port = listener->server.port()},
                       .secure = listener->secure});
    }
    return all;
}

std::string Server::access() const {
    const auto keys = settings_.access_keys.size();
    if (keys == 0) return "SQS takes any credentials; --access-key ID:SECRET makes it check signatures";
    return fmt::format("SQS takes requests signed with {} access key{}", keys, keys == 1 ? "" : "s");
}

std::string Server::address_of(std::string_view wanted) const {
    for (auto& [name, endpoint, secure] : listening()) {
        if (name != wanted) continue;
        const auto address = asio::ip::make_address(endpoint.address);
        if (address.is_unspecified()) endpoint.address = address.is_v6() ? "::1" : "127.0.0.1";
        return to_text(endpoint);
    }
    return "";
}

Result<void> Server::reload() {
    if (!tls_) return {};
    if (auto reloaded = amqps_tls_->reload(); reloaded.has_error()) return reloaded;
    return tls_->reload();
}

awaitable<Result<void>> Server::start() {
    if (auto bound = listen(); bound.has_error()) {
        co_await stop_listeners();
        co_return bound;
    }
    settings_.limits.memory_bytes = settings_.limits.memory_bytes.value_or(usual_memory());
    OpenOptions options;
    options.durability = settings_.durability;
    options.strict_counting = settings_.strict_counting;
    options.limits = settings_.limits;
    // The commands speak plain HTTP to the owner of a store; where it hears none, they are not sent to it.
    if (!settings_.tls.admin || settings_.tls.plain_too) options.admin_address = address_of("admin");
    options.on_store_failed = [](const Error& error) { end_for(error); };
    options.on_damage = [](const std::string& words) { log(spdlog::level::warn, "the store was damaged", {{"damage", words}}); };
    options.on_clocks = [](const Clocks& clocks) {
        if (clocks.diverged)
            log(spdlog::level::warn, "the machine's clocks diverge: nothing expires until they agree, or until a restart",
                {{"wall_clock_ahead_ms", std::to_string(clocks.by.count())}});
        else log(spdlog::level::info, "the machine's clocks agree again");
    };
    auto opened = co_await rowmq::open(executor_, settings_.store, std::move(options));
    if (opened.has_error()) {
        co_await stop_listeners();
        co_return std::move(opened).error();
    }
    broker_ = std::move(*opened);
    opened_ = broker_->health();
    if (auto bound = co_await start_amqp(); bound.has_error()) {
        co_await stop_listeners();
        if (amqp_) co_await amqp_->stop();
        management_.reset();
        amqp_.reset();
        co_await broker_->close();
        broker_.reset();
        co_return bound;
    }
    sqs::Settings names{.region = settings_.region,
                        .account = settings_.account,
                        .recreate_after = settings_.recreate_after,
                        .access = aws::Access(settings_.access_keys, settings_.region)};
    if (auto address = address_of("sqs"); !address.empty()) names.host = std::move(address);
    protocols_ = std::make_unique<Protocols>(executor_, *broker_, random_, names, tls_ != nullptr, settings_.outbound, collectors(),
                                             [this] { return rabbitmq(); });
    co_await protocols_->sns.start();
    co_return Result<void>();
}

std::optional<admin::metrics::RabbitmqFacts> Server::rabbitmq() const {
    if (!amqp_) return std::nullopt;
    const amqp::Settings& said = amqp_->service().settings;
    const auto counts = amqp_->counts();
    admin::metrics::RabbitmqFacts facts{.node = node_name(), .cluster = said.cluster, .version = said.version};
    facts.connections = counts.connections;
    facts.connections_opened = counts.accepted;
    facts.most_connections = net::ByteServerOptions{}.limits.connections * binary_.size();
    facts.memory_limit_bytes = *settings_.limits.memory_bytes;
    for (const amqp::Connection* connection : amqp_->service().connections) {
        facts.channels += connection->channels().size();
        for (const auto& [number, channel] : connection->channels()) facts.consumers += channel->consumers().size();
    }
    using Labels = amqp::NamedNumber::Labels;
    const auto tell = [&facts](const amqp::NamedNumber& number) {
        admin::metrics::Labels labels;
        if (number.labels != Labels::none) labels.push_back({"protocol", "amqp091"});
        if (number.labels == Labels::protocol_and_queue_type) labels.push_back({"queue_type", "rabbit_classic_queue"});
        facts.traffic.push_back({.name = std::string(number.name),
                                 .help = std::string(number.help),
                                 .labels = std::move(labels),
                                 .value = static_cast<double>(number.value)});
    };
    for (const amqp::NamedNumber& number : named(amqp_->service().traffic)) tell(number);
    tell({.name = "rabbitmq_global_consumers",
          .help = "Consumers currently connected",
          .labels = Labels::protocol,
          .value = facts.consumers});
    return facts;
}

// What /metrics shows beside the broker: one collector a room that measures something.
std::vector<admin::metrics::Collector> Server::collectors() {
    const auto http = [this](std::vector<admin::metrics::MetricFamily>& families) {
        std::vector<admin::metrics::ListenerCounts> all;
        for (const auto& listener : listeners_) all.push_back({.name = listener->name, .counts = listener->server.counts()});
        admin::metrics::add_http(families, all);
    };
    const auto notifications = [this](std::vector<admin::metrics::MetricFamily>& families) {
        if (!protocols_) return;
        const auto counts = protocols_->sns.deliveries();
        admin::metrics::add_notifications(families, {.taken = counts.delivered, .failed = counts.failed, .given_up = counts.given_up});
    };
    return {http, notifications};
}

awaitable<void> Server::stop_listeners() {
    std::size_t running = listeners_.size();
    asio::steady_timer stopped(executor_, asio::steady_timer::time_point::max());
    for (auto& listener : listeners_) {
        asio::co_spawn(executor_, listener->server.stop(), [&](std::exception_ptr) {
            if (--running == 0) stopped.cancel();
        });
    }
    boost::system::error_code ignored;
    while (running > 0) co_await stopped.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    listeners_.clear();
}

awaitable<void> Server::stop() {
    co_await stop_listeners();
    if (amqp_) co_await amqp_->stop();
    if (!broker_) co_return;
    protocols_->sqs.close();
    protocols_->sns.close();
    protocols_->admin.close();
    co_await broker_->close();
    protocols_.reset();
    management_.reset();
    amqp_.reset();
    broker_.reset();
}

}  // namespace rowmq::app
