#include "library/runtime.hpp"

namespace rowmq::blocking {
namespace {

thread_local bool inside_transaction = false;

struct InsideTransaction {
    InsideTransaction() noexcept { inside_transaction = true; }
    ~InsideTransaction() { inside_transaction = false; }
};

}  // namespace

Runtime::Runtime() : work_(loop_.get_executor()), process_(::getpid()) {
    thread_ = std::thread([this] { loop_.run(); });
}

std::shared_ptr<Runtime> Runtime::start() {
    return std::shared_ptr<Runtime>(new Runtime, [](Runtime* runtime) {
        // A child has no thread to end, and the thread cannot end itself: both leave the memory to the process.
        if (runtime->in_child() || runtime->thread_.get_id() == std::this_thread::get_id()) return;
        delete runtime;
    });
}

Runtime::~Runtime() {
    close();
    if (broker_) {
        ask([this] {
            broker_.reset();
            return true;
        });
    }
    work_.reset();
    loop_.stop();
    thread_.join();
}

std::optional<Error> Runtime::refusal() const {
    if (in_child()) return Error{Errc::closed, "the broker belongs to the parent process and cannot be used in its fork"};
    if (inside_transaction) {
        return Error{Errc::invalid_argument,
                     "a transaction's function publishes and settles through its Transaction, not through the broker"};
    }
    if (thread_.get_id() == std::this_thread::get_id()) {
        return Error{Errc::invalid_argument, "a blocking call on the broker's own thread would wait for itself"};
    }
    if (closed_) return Error{Errc::closed, "the broker is closed"};
    return std::nullopt;
}

void Runtime::close() {
    if (in_child() || inside_transaction || thread_.get_id() == std::this_thread::get_id()) return;
    const std::lock_guard lock(closing_);
    if (closed_.exchange(true) || !broker_) return;
    Answer<bool> answer;
    boost::asio::co_spawn(
        loop_, [](rowmq::Broker* broker) -> awaitable<void> { co_await broker->close(); }(broker_.get()),
        [&answer](std::exception_ptr failure) {
            if (failure) {
                answer.fail(std::move(failure));
            } else {
                answer.give(true);
            }
        });
    answer.wait();
}

TransactionFunction Runtime::marked(TransactionFunction function) {
    return [function = std::move(function)](Transaction& transaction) {
        const InsideTransaction inside;
        function(transaction);
    };
}

}  // namespace rowmq::blocking
