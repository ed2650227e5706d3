#include "test/simulation/sqs/machine.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

#include "broker/make.hpp"
#include "net/request_parser.hpp"
#include "storage/sqlite/engine.hpp"
#include "test/support/crash_images.hpp"

namespace rowmq::sqs_simulation {

using boost::asio::awaitable;
using boost::asio::co_spawn;
using test::FileImage;

namespace {

awaitable<bool> close_broker(Broker& broker) {
    co_await broker.close();
    co_return true;
}

Limits limits_of(const MachinePlan& plan) {
    Limits limits;
    if (plan.small_memory) {
        limits.window_entries = 24;
        limits.windows_entries = 48;
        limits.page_entries = 8;
    }
    if (plan.small_commits) {
        limits.commit_rows = 4;
        limits.commit_bytes = 2'048;
        limits.background_rows = 3;
        limits.reserved_ids = 8;
    }
    return limits;
}

test::FileKind kind_of(const std::string& name) {
    if (name.ends_with("-wal")) return test::FileKind::wal;
    return name.ends_with("-journal") ? test::FileKind::journal : test::FileKind::database;
}

}  // namespace

Machine::Machine(const Plan& plan) : plan_(plan), random_(std::make_shared<SeededRandom>(plan.seed)), began_(clock_->monotonic()) {
    files_ = std::make_unique<test::RecordingVfs>(test::RecordingOptions{.record = plan.faults, .seed = plan.seed});
    start();
}

Machine::~Machine() {
    try {
        stop();
    } catch (const std::exception&) {  // already reported as what made it so
    }
}

template <typename T>
T Machine::run(awaitable<T> work) {
    std::optional<T> result;
    co_spawn(context_, std::move(work), [&](std::exception_ptr thrown, T value) {
        if (thrown) std::rethrow_exception(thrown);
        result.emplace(std::move(value));
    });
    settle_down();
    if (!result) throw Violation("a call of the simulation's own did not end");
    return std::move(*result);
}

Time Machine::now() const { return std::chrono::duration_cast<milliseconds>(clock_->monotonic() - began_).count(); }

void Machine::settle_down() {
    context_.restart();
    for (std::size_t turns = 0; context_.poll_one() > 0; ++turns)
        if (turns == 1'000'000) throw Violation("the server does not come to rest");
}

void Machine::run_some(std::uint64_t handlers) {
    context_.restart();
    for (; handlers > 0 && context_.poll_one() > 0; --handlers) {}
}

// ------------------------------------------------------------------------------------------------ requests

void Machine::begin(std::shared_ptr<Call> call, std::string bytes, std::size_t cut_at) {
    net::RequestParser parser(32 * 1024, 16 * 1024 * 1024);
    const std::string_view all = bytes;
    std::string arrived;
    for (const auto part : {all.substr(0, cut_at % all.size()), all.substr(cut_at % all.size())}) {
        arrived += part;
        arrived.erase(0, parser.feed(arrived));
    }
    if (parser.failed() != 0 || !parser.is_done()) throw Violation("a request is not understood: " + bytes.substr(0, 200));
    call->began = now();
    open_.push_back(call);
    co_spawn(context_, protocol_->handle(std::move(parser.request)), [this, call](std::exception_ptr thrown, net::Response response) {
        if (std::find(open_.begin(), open_.end(), call) == open_.end()) return;  // of a process that has ended
        if (thrown) std::rethrow_exception(thrown);
        call->ended = true;
        call->status = response.status;
        call->body = std::move(response.body);
        std::erase(open_, call);
        ended_.push_back(call);
    });
}

std::shared_ptr<Call> Machine::ask(const Step& step, std::string bytes) {
    auto call = std::make_shared<Call>();
    call->step = &step;
    begin(call, std::move(bytes), 0);
    settle_down();
    std::erase(open_, call);
    std::erase(ended_, call);
    return call;
}

std::vector<std::shared_ptr<Call>> Machine::take_ended() { return std::exchange(ended_, {}); }

// ------------------------------------------------------------------------------------------------ time

bool Machine::advance(Time until) {
    const auto end = began_ + milliseconds(until);
    const auto alarm = clock_->alarm();
    const bool rings = alarm && *alarm <= end;
    clock_->advance(std::max(std::chrono::nanoseconds(0), (rings ? *alarm : end) - clock_->monotonic()));
    settle_down();
    return rings;
}

void Machine::jump(Time by) { clock_->jump_wall(milliseconds(by)); }

// ------------------------------------------------------------------------------------------------ faults

void Machine::cut_power_at(std::uint64_t change) {
    fail({.call = test::FileCall::any_change, .number = change, .code = SQLITE_IOERR_WRITE, .sticky = true});
    power_ = true;
}

void Machine::fail(test::FileFault fault) {
    if (fault_fired()) healed_ = now();  // the one before is over
    fault_ = fault;
    power_ = false;
    files_->fail(fault);
}

void Machine::heal() {
    if (fault_fired()) healed_ = now();
    fault_.reset();
    power_ = false;
    files_->heal();
}

bool Machine::fault_fired() const { return fault_ && files_->calls(fault_->call) >= fault_->number; }

bool Machine::recovers() const { return fault_fired() || (healed_ && now() - *healed_ <= 1'000); }

bool Machine::dead() const { return failed_ || !broker_ || (power_ && fault_fired()); }

// ------------------------------------------------------------------------------------------------ processes

void Machine::start() {
    failed_ = false;
    why_not.clear();
    why_failed.clear();
    storage::sqlite::SqliteOptions options;
    options.path = "simulation.db";
    options.threads = false;
    options.owner_lock = false;
    options.read_time = milliseconds(0);
    options.vfs = files_->name();
    options.page_size = plan_.machine.page_size;
    options.wal_bytes = plan_.machine.wal_bytes;
    auto engine = storage::sqlite::open(context_.get_executor(), options).value();
    engine_ = engine.get();
    BrokerParts parts{.executor = context_.get_executor(),
                      .clock = clock_,
                      .random = random_,
                      .engine = std::move(engine),
                      .limits = limits_of(plan_.machine),
                      .strict_counting = plan_.machine.strict_counting,
                      .on_store_failed = [this](const Error& error) {
                          failed_ = true;
                          why_failed = error.text;
                      }};
    auto made = run(make_broker(std::move(parts)));
    if (!made) {
        why_not = made.error().text;
        engine_ = nullptr;
        settle_down();
        return;
    }
    broker_ = std::move(made.value());
    protocol_ = std::make_unique<sqs::Protocol>(*broker_, *clock_, *random_);
    settle_down();
}

void Machine::stop() {
    if (!broker_) return;
    protocol_->close();
    settle_down();
    run(close_broker(*broker_));
    protocol_.reset();
    broker_.reset();
    engine_ = nullptr;
    settle_down();
    clock_->cancel();
}

FileImage Machine::image_after(Death death, std::uint64_t salt, std::string& survived) const {
    if (death != Death::power_lost) return files_->files();
    auto log = pending_;
    log.insert(log.end(), files_->log().begin(), files_->log().end());
    std::vector<std::pair<std::string_view, FileImage>> images, one_file;
    const test::CrashOptions options{
        .prefixes = 3, .random_subsets = 3, .name_subsets = 2, .every = std::max<std::size_t>(1, log.size()), .seed = salt};
    test::each_crash_image(
        log, options,
        [&](const test::CrashImage& image) {
            if (image.point < log.size()) return;
            const bool one = image.survival == test::Survival::only_wal || image.survival == test::Survival::only_database;
            (one ? one_file : images).emplace_back(test::name_of(image.survival), image.files);
        },
        durable_);
    // Where nothing has been synced yet, what is durable is what there was at the start, and is not shown a second time.
    const auto nothing = test::name_of(test::Survival::nothing_pending);
    if (images.empty() || images.front().first != nothing) images.emplace_back(nothing, durable_);
    // Seldom both files have something that is pending: then it is one of them alone that survives.
    auto& chosen = one_file.empty() ? images.at(static_cast<std::size_t>(salt % images.size()))
                                    : one_file.at(static_cast<std::size_t>((salt >> 40) % one_file.size()));
    survived = chosen.first;
    return std::move(chosen.second);
}

/// A process that is killed leaves the same files, but what it had not synced is still not durable for the next one.
void Machine::carry_over(FileImage durable, const FileImage& current) {
    durable_.clear();
    pending_.clear();
    int inode = 0;
    for (const auto& [name, bytes] : current) {
        ++inode;  // as RecordingVfs numbers them
        auto& before = durable_[name];
        if (const auto known = durable.find(name); known != durable.end()) before = known->second;
        constexpr std::int64_t block = 4096;
        if (before.size() > bytes.size())
            pending_.push_back(
                {.kind = test::FileOperation::Kind::truncate, .file = kind_of(name), .inode = inode, .offset = bytes.size(), .text = {}});
        for (std::int64_t at = 0; at < bytes.size(); at += block) {
            std::string is(static_cast<std::size_t>(std::min(block, bytes.size() - at)), '\0');
            bytes.read(at, is);
            std::string was(is.size(), '\0');
            if (before.read(at, was) == is.size() && was == is) continue;
            pending_.push_back(
                {.kind = test::FileOperation::Kind::write, .file = kind_of(name), .inode = inode, .offset = at, .text = std::move(is)});
        }
    }
}

bool Machine::wrote_back_half() const {
    return std::any_of(pending_.begin(), pending_.end(), [](const auto& change) { return change.file == test::FileKind::database; });
}

std::string Machine::restart(Death death, std::uint64_t salt) {
    std::string survived;
    if (death == Death::stopped) stop();
    auto image = image_after(death, salt, survived);
    auto durable = death == Death::power_lost || !plan_.faults ? image : image_after(Death::power_lost, salt, survived);
    if (death != Death::power_lost) survived.clear();
    // What the old process still does, nobody sees.
    const auto open = std::exchange(open_, {});
    heal();
    stop();
    open_ = open;
    ended_.clear();
    carry_over(std::move(durable), image);
    files_ = std::make_unique<test::RecordingVfs>(test::RecordingOptions{.record = plan_.faults, .seed = plan_.seed + salt}, image);
    start();
    return survived;
}

// ------------------------------------------------------------------------------------------------ looking

std::optional<Look> Machine::look(bool remakes) {
    Look look(plan_.queues.size());
    for (std::size_t q = 0; q < look.size(); ++q)
        for (const bool delayed : {false, true}) {
            std::optional<std::string> after;
            do {
                PeekRequest request{.max = 70, .after = after, .delayed = delayed};
                auto page = run(broker_->peek(plan_.queues[q].name, request));
                if (!page && page.error().code == Errc::store_failed) {  // by a checkpoint, and nobody had noticed
                    failed_ = true;
                    return std::nullopt;
                }
                if (!page && remakes && page.error().code == Errc::no_such_queue) break;
                if (!page) throw Violation("a look failed: " + page.error().text);
                for (const auto& d : page->messages) {
                    const auto body = d.message.text();
                    look[q].insert(std::strtoull(std::string(body.substr(1, 20)).c_str(), nullptr, 10));
                }
                after = page->next;
            } while (after);
        }
    return look;
}

std::vector<std::string> Machine::problems() { return run(engine_->check()).problems; }

}  // namespace rowmq::sqs_simulation
