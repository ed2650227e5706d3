// `rowmq forward`: moves the messages of one queue to another, both of servers that speak SQS or both of brokers of AMQP. A message
// is removed from the source only when the destination has said that it has it: a crash in between sends it again, nothing is lost.

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>

#include "app/command.hpp"
#include "app/forward/amqp_forward.hpp"
#include "app/forward/queue_client.hpp"
#include "app/progress.hpp"

namespace rowmq::app {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::asio::awaitable;

std::atomic<bool> interrupted{false};

struct Forward {
    bool as_json = false, follow = false;
    std::string from, to, from_region, to_region, from_key, to_key;
    std::int64_t max = 0;
    int workers = 4;
    std::vector<std::string> queues;  // of AMQP
    std::string ca_file;
    std::uint16_t prefetch = 256;
};

struct Moved {
    std::int64_t messages = 0, failures = 0;
    int working = 0;
    std::optional<Error> error;
    std::string refused;
};

/// "ID:SECRET", or what AWS's own environment says.
aws::SigningKey key_of(const std::string& text) {
    const auto colon = text.find(':');
    if (colon != std::string::npos) return {.id = text.substr(0, colon), .secret = text.substr(colon + 1)};
    const char* id = std::getenv("AWS_ACCESS_KEY_ID");
    const char* secret = std::getenv("AWS_SECRET_ACCESS_KEY");
    return id && secret ? aws::SigningKey{.id = id, .secret = secret} : aws::SigningKey{};
}

QueueEnd end_of(const std::string& url, const std::string& region, const std::string& key) {
    QueueEnd end{.url = url, .region = region, .key = key_of(key)};
    if (end.region.empty()) end.region = region_of(url);
    const char* usual = std::getenv("AWS_REGION") ? std::getenv("AWS_REGION") : std::getenv("AWS_DEFAULT_REGION");
    if (end.region.empty()) end.region = usual ? usual : "us-east-1";
    return end;
}

/// Whether nothing is left that could still come.
awaitable<Result<bool>> is_drained(QueueClient& source) {
    const auto counts = co_await source.counts();
    if (!counts) co_return counts.error();
    co_return counts->visible + counts->not_visible + counts->delayed == 0;
}

awaitable<void> work(const Forward& forward, QueueClient& source, QueueClient& destination, Moved& moved) {
    while (!interrupted && !moved.error && (forward.max == 0 || moved.messages < forward.max)) {
        auto messages = co_await source.receive(std::chrono::seconds(forward.follow ? 20 : 1));
        if (!messages) co_return void(moved.error = messages.error());
        if (messages->empty()) {
            if (forward.follow) continue;
            const auto drained = co_await is_drained(source);
            if (!drained) co_return void(moved.error = drained.error());
            if (*drained || moved.working > 1) co_return;  // the others, if any, look further
            continue;
        }
        const auto sent = co_await destination.send(*messages, moved.refused);
        if (!sent) co_return void(moved.error = sent.error());
        moved.failures += std::ssize(*messages) - std::ssize(*sent);
        if (sent->empty())
            co_return void(moved.error = Error{Errc::invalid_argument, fmt::format("the destination refuses: {}", moved.refused)});
        std::vector<std::string> handles;
        for (const std::size_t place : *sent)
            if (place < messages->size()) handles.emplace_back((*messages)[place].at("ReceiptHandle").as_string());
        const auto removed = co_await source.remove(std::move(handles));
        if (!removed) co_return void(moved.error = removed.error());
        moved.messages += std::ssize(*sent);
    }
}

awaitable<void> show(const Forward& forward, QueueClient& source, Moved& moved) {
    const auto counts = co_await source.counts();
    const std::int64_t total = counts ? counts->visible + counts->delayed : 0;
    Progress progress("forwarding", forward.follow ? 0 : total, forward.as_json);
    asio::steady_timer tick(co_await asio::this_coro::executor);
    while (moved.working > 0) {
        progress.update(moved.messages);
        tick.expires_after(std::chrono::milliseconds(100));
        co_await tick.async_wait(asio::use_awaitable);
    }
}

void stop_when_told() {
    std::signal(SIGINT, [](int) { interrupted = true; });
    std::signal(SIGTERM, [](int) { interrupted = true; });
}

/// The exit code, with what is left to say.
Exit told(const std::optional<Error>& error, std::int64_t refused, const std::string& why, bool as_json) {
    if (error) return report(*error, as_json);
    if (refused == 0) return Exit::ok;
    return report(Error{Errc::invalid_argument, fmt::format("{} messages were refused and stay where they are{}", refused, why)}, as_json);
}

Exit run_amqp(const Forward& asked) {
    const auto from = amqp_address(asked.from), to = amqp_address(asked.to);
    if (!from) return report(from.error(), asked.as_json);
    if (!to) return report(to.error(), asked.as_json);
    if (from->text() == to->text())
        return report(Error{Errc::invalid_argument, fmt::format("--from and --to are both {}: that would never end", to->text())},
                      asked.as_json);
    if (asked.queues.empty())
        return report(Error{Errc::invalid_argument, "which queues? --queue NAME, repeatable: AMQP has no list of them"}, asked.as_json);
    stop_when_told();
    AmqpForward what{.from = *from, .to = *to, .ca_file = asked.ca_file, .queues = asked.queues};
    what.prefetch = asked.prefetch;
    what.max = asked.max;
    what.follow = asked.follow;
    what.silent = asked.as_json;
    const Forwarded done = forward(what, interrupted);
    if (asked.as_json) {
        print_json(json::object{{"forwarded", done.messages}, {"refused", done.refused}, {"unconfirmed", done.unconfirmed}});
    } else {
        print(fmt::format("{} messages forwarded\n", done.messages));
        if (done.unconfirmed > 0) print(fmt::format("{} more were sent and not confirmed: they may be there twice\n", done.unconfirmed));
    }
    return told(done.error, done.refused, " (nacked: is the queue full?)", asked.as_json);
}

Exit run_sqs(const Forward& forward) {
    asio::io_context loop(1);
    net::HttpClientOptions options;
    options.total_time = std::chrono::seconds(60);  // longer than a long poll
    options.body_bytes = 32 * 1024 * 1024;          // ten messages of 1 MiB, escaped
    options.idle_connections = options.idle_per_origin = 64;
    net::HttpClient client(loop.get_executor(), options);
    QueueClient source(client, end_of(forward.from, forward.from_region, forward.from_key));
    QueueClient destination(client, end_of(forward.to, forward.to_region, forward.to_key));
    stop_when_told();

    Moved moved{.working = forward.workers};
    for (int i = 0; i < forward.workers; ++i)
        asio::co_spawn(loop, work(forward, source, destination, moved), [&](const std::exception_ptr& failed) {
            --moved.working;
            if (failed && !moved.error) moved.error = Error{Errc::invalid_argument, "a server's answer is not SQS's"};
        });
    asio::co_spawn(loop, show(forward, source, moved), asio::detached);
    while (moved.working > 0 && loop.run_one() > 0) {}
    if (forward.as_json) print_json(json::object{{"forwarded", moved.messages}, {"refused", moved.failures}});
    else print(fmt::format("{} messages forwarded\n", moved.messages));
    return told(moved.error, moved.failures, ": " + moved.refused, forward.as_json);
}

Exit run(const Forward& forward) {
    if (is_amqp(forward.from) && is_amqp(forward.to)) return run_amqp(forward);
    if (!is_amqp(forward.from) && !is_amqp(forward.to)) return run_sqs(forward);
    return report(
        Error{Errc::invalid_argument,
              "--from and --to must both be amqp:// or amqps://, or both URLs of SQS queues. RowMQ speaks both: name it as the other does"},
        forward.as_json);
}

}  // namespace

void add_forward(CLI::App& program, Exit& exit) {
    const auto forward = std::make_shared<Forward>();
    auto& command = *program.add_subcommand(
        "forward", "Move messages from a queue to another: of servers that speak SQS (AWS, ElasticMQ, LocalStack), or AMQP (RabbitMQ)");
    command.add_option("--from", forward->from, "The URL of the queue to empty, or amqp://USER:PASSWORD@HOST:PORT/VHOST (amqps)")
        ->required();
    command.add_option("--to", forward->to, "The URL of the queue to fill, or amqp://... where the queues are there already")->required();
    command.add_flag("--follow", forward->follow, "Go on with what comes, until interrupted");
    command.add_option("--max", forward->max, "End after about so many messages (default: when the source is empty)")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--queue", forward->queues, "AMQP: a queue's name at both ends, repeatable")->allow_extra_args(false);
    command.add_option("--prefetch", forward->prefetch, "AMQP: so many on their way, of each queue (default 256)")
        ->check(CLI::Range(1, 65535));
    command.add_option("--ca", forward->ca_file, "AMQP: certificates that amqps trusts (default: the system's)");
    command.add_option("--workers", forward->workers, "SQS: calls at the same time (default 4)")->check(CLI::Range(1, 64));
    command.add_option("--from-region", forward->from_region, "SQS: to sign for (default: of the URL, AWS_REGION, us-east-1)");
    command.add_option("--to-region", forward->to_region, "The same of the other");
    command.add_option("--from-access-key", forward->from_key, "SQS: ID:SECRET (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)");
    command.add_option("--to-access-key", forward->to_key, "The same of the other");
    command.add_flag("--json", forward->as_json, "Output for programs");
    command.footer(
        "A message is removed only when the destination has said that it has it: stopped or killed at any time, nothing is lost.\n"
        "What was sent and not removed is there twice after the next run. SQS: receive counts start anew; FIFO groups keep their\n"
        "order, and deduplication ids keep what is sent again from being there twice. AMQP: properties, headers, routing keys and\n"
        "the order stay; an expiration starts anew.");
    command.callback([forward, &exit] { exit = run(*forward); });
}

}  // namespace rowmq::app
