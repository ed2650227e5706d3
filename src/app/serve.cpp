// `rowmq serve`: the server until a signal ends it.

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>

#include "app/command.hpp"
#include "app/log.hpp"
#include "app/server.hpp"
#include "app/supervisor.hpp"
#include "base/failpoint.hpp"
#include "base/out_of_memory.hpp"

namespace rowmq::app {
namespace {

namespace asio = boost::asio;

struct Serve {
    std::string config, store, durability, log_level, log_format, account, region;
    std::vector<std::string> listens, access_keys;
    std::vector<std::string> outbound_allow;
    std::optional<bool> strict_counting;
    std::string early_delivery;
    TlsLayer tls;
    bool tls_optional = false;
    std::string tls_clients, tls_client_name;
};

Result<Settings> settings_of(const Serve& serve) {
    Layer flags;
    if (!serve.store.empty()) flags.store = serve.store;
    for (const auto& text : serve.listens) {
        auto listen = parse_listen(text);
        if (listen.has_error()) return Error{Errc::invalid_argument, fmt::format("--listen {}: {}", text, listen.error().text)};
        flags.listens.push_back(std::move(*listen));
    }
    if (!serve.durability.empty()) {
        const auto durability = parse_durability(serve.durability);
        if (durability.has_error()) return durability.error();
        flags.durability = *durability;
    }
    if (!serve.log_level.empty()) {
        auto level = parse_log_level(serve.log_level);
        if (level.has_error()) return std::move(level).error();
        flags.log_level = std::move(*level);
    }
    if (!serve.log_format.empty()) {
        const auto format = parse_log_format(serve.log_format);
        if (format.has_error()) return format.error();
        flags.log_format = *format;
    }
    for (const auto& text : serve.access_keys) {
        auto key = parse_access_key(text);
        if (key.has_error()) return Error{Errc::invalid_argument, "--access-key: " + key.error().text};
        flags.access_keys.insert_or_assign(std::move(key->first), std::move(key->second));
    }
    if (!serve.account.empty()) {
        auto account = parse_account(serve.account);
        if (account.has_error()) return std::move(account).error();
        flags.account = *std::move(account);
    }
    if (!serve.region.empty()) {
        auto region = parse_region(serve.region);
        if (region.has_error()) return std::move(region).error();
        flags.region = *std::move(region);
    }
    flags.strict_counting = serve.strict_counting;
    if (!serve.early_delivery.empty()) {
        const auto early = parse_early_delivery(serve.early_delivery);
        if (early.has_error()) return early.error();
        flags.early_delivery = *early;
    }
    for (const auto& text : serve.outbound_allow) {
        auto range = parse_outbound(text);
        if (range.has_error()) return Error{Errc::invalid_argument, "--outbound-allow: " + range.error().text};
        if (!flags.outbound_allow) flags.outbound_allow.emplace();
        flags.outbound_allow->push_back(*std::move(range));
    }
    flags.tls = serve.tls;
    if (serve.tls_optional) flags.tls.plain_too = true;
    if (!serve.tls_clients.empty()) {
        const auto clients = parse_client_certificates(serve.tls_clients);
        if (clients.has_error()) return Error{Errc::invalid_argument, "--tls-client-certificates: " + clients.error().text};
        flags.tls.clients = *clients;
    }
    if (!serve.tls_client_name.empty()) {
        const auto name = parse_client_name(serve.tls_client_name);
        if (name.has_error()) return Error{Errc::invalid_argument, "--tls-client-name: " + name.error().text};
        flags.tls.client_name = *name;
    }
    return settle(flags, process_environment(), serve.config);
}

/// As many connections as the system lets this process have.
void raise_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string_view scheme_of(std::string_view listener, bool secure) {
    if (listener == "amqp" || listener == "amqps") return listener;
    return secure ? "https" : "http";
}

void announce(const Server& server) {
    print(fmt::format("rowmq {}\n{:<6} {} (durability: {})\n", ROWMQ_VERSION, "store", server.opened().store, server.opened().durability));
    for (const auto& [name, endpoint, secure] : server.listening())
        print(fmt::format("{:<6} {}://{}\n", name, scheme_of(name, secure), to_text(endpoint)));
    print(fmt::format("{:<6} {}\n", "access", server.access()));
    print("ready\n");
}

/// A file that is wrong changes nothing.
void reload_log_level(const Serve& serve) {
    const auto settings = settings_of(serve);
    if (settings.has_error()) {
        spdlog::error("the log level stays as it was: {}", settings.error().text);
        return;
    }
    spdlog::set_level(spdlog::level::from_str(settings->log_level));
    spdlog::info("the log level is {}", settings->log_level);
}

/// SIGHUP: a renewed certificate and the log level count without a restart. Without TLS and without a supervisor the signal
/// means what it means to every program.
void reload_when_told(asio::signal_set& hangups, Server& server, const Serve& serve) {
    hangups.async_wait([&](boost::system::error_code cancelled, int) {
        if (cancelled) return;
        reload_log_level(serve);
        const auto reloaded = server.reload();
        if (reloaded.has_error()) spdlog::error("the certificate stays as it was: {}", reloaded.error().text);
        if (reloaded.has_value()) spdlog::info("what may change while serving was read again");
        reload_when_told(hangups, server, serve);
    });
}

asio::awaitable<void> serve_until_signalled(const Serve& serve, Settings settings, Exit* exit) {
    const auto executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGTERM, SIGINT);
    asio::signal_set hangups(executor);
    if (settings.tls.on() || is_supervised()) hangups.add(SIGHUP);
    Server server(executor, std::move(settings));
    reload_when_told(hangups, server, serve);
    const auto started = co_await server.start();
    if (started.has_error()) {
        *exit = report(started.error(), false);
        co_return;
    }
    announce(server);
    tell_supervisor("READY=1");
    const int signal = co_await signals.async_wait(asio::use_awaitable);
    log(spdlog::level::info, "stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    tell_supervisor("STOPPING=1");
    // Whoever asks twice does not want to wait.
    signals.async_wait([](boost::system::error_code cancelled, int) {
        if (!cancelled) std::_Exit(static_cast<int>(Exit::usage));
    });
    co_await server.stop();
    hangups.cancel();
    signals.cancel();
    spdlog::info("stopped");
}

/// Where the process is to kill itself, for tests of crashes; a program without failpoints does not ask.
Result<void> arm_failpoint() {
#ifdef ROWMQ_FAILPOINTS
    if (const char* text = std::getenv("ROWMQ_FAILPOINT"); text && !failpoint::arm(text))
        return Error{Errc::invalid_argument, fmt::format("ROWMQ_FAILPOINT={} is not NAME:N of a failpoint", text)};
#endif
    return {};
}

Exit run(const Serve& serve) {
    if (const auto armed = arm_failpoint(); armed.has_error()) return report(armed.error(), false);
    auto settings = settings_of(serve);
    if (settings.has_error()) return report(settings.error(), false);
    start_log(settings->log_level, settings->log_format);
    raise_descriptors();
    end_when_out_of_memory();
    auto exit = Exit::ok;
    std::exception_ptr failure;
    asio::io_context loop{1};
    asio::co_spawn(loop, serve_until_signalled(serve, std::move(*settings), &exit), [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        loop.stop();
    });
    const auto work = asio::make_work_guard(loop);
    loop.run();
    if (failure) std::rethrow_exception(failure);
    return exit;
}

}  // namespace

void add_serve(CLI::App& program, Exit& exit) {
    const auto serve = std::make_shared<Serve>();
    auto& command =
        *program.add_subcommand("serve", "Serve a store: SQS on 127.0.0.1:9324, AMQP on 127.0.0.1:5672, the admin API on 127.0.0.1:15672");
    command.add_option("--store", serve->store, "The store: sqlite:PATH or memory: (default sqlite:rowmq.db)");
    command.add_option("--config", serve->config, "A configuration file (TOML)");
    command
        .add_option("--listen", serve->listens,
                    "NAME=ADDRESS:PORT, NAME=PORT or NAME=off; repeatable. Names: sqs, amqp, amqps, kafka, stomp, openwire, mqtt, admin, "
                    "management")
        ->allow_extra_args(false);
    command.add_option("--durability", serve->durability, "full (default), normal or off: when a commit counts");
    command.add_option("--strict-counting", serve->strict_counting, "true: store receive counts before deliveries");
    command.add_option("--early-delivery", serve->early_delivery,
                       "on (default) or off: AMQP consumers get messages while their commit is under way");
    command.add_option("--tls-certificate", serve->tls.certificate, "PEM file: the certificate, with its chain; sqs then speaks HTTPS");
    command.add_option("--tls-key", serve->tls.key, "PEM file: the key of the certificate; SIGHUP reads both again");
    command.add_option("--tls-client-ca", serve->tls.client_ca,
                       "PEM file: the authorities that clients' certificates on amqps must be from; SIGHUP reads it again");
    command.add_option("--tls-client-certificates", serve->tls_clients,
                       "off, asked or required: whether amqps asks for one (default asked with --tls-client-ca, else off)");
    command.add_option("--tls-client-name", serve->tls_client_name,
                       "common_name (default), distinguished_name or subject_alternative_name: the user's name in a client's certificate");
    command.add_flag("--tls-optional", serve->tls_optional, "Answer plain HTTP on the same port too");
    command
        .add_option("--access-key", serve->access_keys,
                    "ID:SECRET of a client that signs with it; repeatable. Without any, SQS takes every credential")
        ->allow_extra_args(false);
    command.add_option("--account", serve->account, "The AWS account in ARNs and queue URLs: 12 digits (default 000000000000)");
    command.add_option("--region", serve->region, "The AWS region in ARNs and signatures (default us-east-1)");
    command
        .add_option("--outbound-allow", serve->outbound_allow,
                    "CIDR that notifications to HTTP endpoints may reach though it is link-local or a metadata address; repeatable")
        ->allow_extra_args(false);
    command.add_option("--log-level", serve->log_level, "debug, info (default), warning, error or off");
    command.add_option("--log-format", serve->log_format, "text (default) or json: one JSON object a line on standard error");
    command.callback([serve, &exit] { exit = run(*serve); });
}

}  // namespace rowmq::app
