#include "app/forward/amqp_forward.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <thread>

#include "app/forward/amqp_source.hpp"
#include "app/forward/amqp_target.hpp"

namespace rowmq::app {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t messages_at_once = 64;
constexpr int tick_ms = 100;
constexpr int empty_looks = 3;  // a tick apart: what was on its way to us has come by then
constexpr auto last_confirms = std::chrono::seconds(5);
constexpr auto patience = std::chrono::seconds(60);  // with a broker that has gone
constexpr auto between_tries = std::chrono::milliseconds(500);

/// From both connections to the end of one of them, or of the work.
class Run {
public:
    Run(const AmqpForward& what, Forwarded& done, Progress& progress, const std::atomic<bool>& interrupted)
        : what_(what), done_(done), progress_(progress), interrupted_(interrupted) {}
    ~Run() { done_.unconfirmed += static_cast<std::int64_t>(ledger_.unconfirmed()); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Result<void> open();
    Result<void> work();

private:
    bool all_taken() const { return interrupted_ || (what_.max > 0 && before_ + taken_ >= what_.max); }
    Result<std::size_t> pass_on();
    Result<void> hear();
    Result<bool> drained(std::size_t moved);
    void wait() const;

    const AmqpForward& what_;
    Forwarded& done_;
    Progress& progress_;
    const std::atomic<bool>& interrupted_;
    const std::int64_t before_ = done_.messages, refused_before_ = done_.refused;
    std::int64_t taken_ = 0;
    int empty_ = 0;
    Ledger ledger_;
    std::unique_ptr<AmqpSource> source_;
    std::unique_ptr<AmqpTarget> target_;
};

Result<void> Run::open() {
    // The target first: where it lacks a queue nothing is consumed.
    auto target = AmqpTarget::open(what_.to, what_.ca_file, what_.queues);
    if (!target) return target.error();
    target_ = *std::move(target);
    auto source = AmqpSource::open(what_.from, what_.ca_file, what_.queues, what_.prefetch);
    if (!source) return source.error();
    source_ = *std::move(source);
    const auto ready = source_->ready();
    if (!ready) return ready.error();
    progress_.update(done_.messages, what_.follow ? 0 : done_.messages + *ready);
    return {};
}

Result<std::size_t> Run::pass_on() {
    if (all_taken()) return std::size_t{0};
    std::size_t most = messages_at_once;
    if (what_.max > 0) most = std::min(most, static_cast<std::size_t>(what_.max - before_ - taken_));
    return source_->read(most, [this](const Taken& taken) -> Result<void> {
        if (const auto published = target_->publish(taken); !published) return published.error();
        ledger_.published(taken.tag);
        ++taken_;
        return {};
    });
}

Result<void> Run::hear() {
    const auto heard = target_->hear(ledger_);
    // Also where the target has just gone: what it confirmed before is confirmed.
    const auto told = source_->acknowledge(ledger_.acknowledgements());
    done_.messages = before_ + ledger_.confirmations();
    done_.refused = refused_before_ + static_cast<std::int64_t>(ledger_.refusals());
    progress_.update(done_.messages);
    return heard ? told : heard;
}

Result<bool> Run::drained(std::size_t moved) {
    if (moved > 0 || ledger_.unconfirmed() > 0 || what_.follow) {
        empty_ = 0;
        return false;
    }
    const auto ready = source_->ready();
    if (!ready) return ready.error();
    empty_ = *ready == 0 ? empty_ + 1 : 0;
    return empty_ >= empty_looks;
}

void Run::wait() const {
    // What comes when no more is taken is not waited for.
    const short from_source = all_taken() ? 0 : POLLIN;
    std::array<pollfd, 2> sockets{{{source_->socket(), from_source, 0}, {target_->socket(), POLLIN, 0}}};
    poll(sockets.data(), sockets.size(), tick_ms);
}

Result<void> Run::work() {
    std::optional<steady_clock::time_point> until;
    for (;;) {
        const auto moved = pass_on();
        if (!moved) return moved.error();
        if (const auto heard = hear(); !heard) return heard.error();
        if (all_taken()) {
            if (!until) until = steady_clock::now() + last_confirms;
            if (ledger_.unconfirmed() == 0 || steady_clock::now() > *until) break;
        }
        const bool stuck = ledger_.unconfirmed() == 0 && ledger_.refusals() >= what_.prefetch;
        if (stuck) break;
        const auto nothing_left = all_taken() ? Result<bool>(false) : drained(*moved);
        if (!nothing_left) return nothing_left.error();
        if (*nothing_left) break;
        if (*moved == 0) wait();
    }
    source_->close();
    target_->close();
    return {};
}

}  // namespace

Forwarded forward(const AmqpForward& what, const std::atomic<bool>& interrupted) {
    Forwarded done;
    Progress progress("forwarding", 0, what.silent);
    bool ran = false;
    auto last_seen = steady_clock::now();
    for (;;) {
        Run run(what, done, progress, interrupted);
        auto ended = run.open();
        if (ended) {
            ran = true;
            ended = run.work();
            last_seen = steady_clock::now();
        }
        if (ended) return done;
        const bool lost = ended.error().code == Errc::closed && ran;
        if (interrupted || !lost || (!what.follow && steady_clock::now() - last_seen > patience)) {
            done.error = ended.error();
            return done;
        }
        std::this_thread::sleep_for(between_tries);
    }
}

}  // namespace rowmq::app
