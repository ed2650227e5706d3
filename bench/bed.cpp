#include "bed.hpp"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "base/random.hpp"
#include "base/real_clock.hpp"
#include "broker/make.hpp"

namespace rowmq::bench {

Bed::Bed(const std::string& path, bool strict_counting) {
    auto engine = must(storage::sqlite::open(context_.get_executor(), {.path = path}));
    engine_ = engine.get();
    BrokerParts parts;
    parts.executor = context_.get_executor();
    parts.clock = std::make_shared<RealClock>(context_.get_executor());
    parts.random = std::make_shared<SeededRandom>(1);
    parts.engine = std::move(engine);
    parts.strict_counting = strict_counting;
    broker_ = must(run(make_broker(std::move(parts))));
}

Bed::~Bed() {
    run(broker_->close());
    broker_.reset();
}

std::uint64_t Bed::transactions() const { return engine_->figures().transactions; }

void Bed::drive(const bool& ended) {
    context_.restart();
    while (!ended)
        if (context_.run_one() == 0) throw std::runtime_error("the broker has nothing to do, and the work is not done");
}

void Bed::run(boost::asio::awaitable<void> work) {
    std::exception_ptr failure;
    bool ended = false;
    boost::asio::co_spawn(context_, std::move(work), [&](std::exception_ptr error) {
        failure = error;
        ended = true;
    });
    drive(ended);
    if (failure) std::rethrow_exception(failure);
}

Scratch::Scratch(const std::string& parent) {
    std::string pattern = parent + "/rowmq-bench-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a directory in " + parent);
    path_ = pattern;
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace rowmq::bench
