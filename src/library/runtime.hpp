#pragma once
// The thread of a blocking broker: an event loop, the broker on it, and how other threads ask it something and wait.
//
// Threads: await() and ask() from any but its own. Ownership: shared by every handle; the last one ends the thread.
// In a fork()ed child the thread does not exist: refusal() says so, and nothing of the broker is touched or freed.

#include <unistd.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "rowmq/broker.hpp"

namespace rowmq::blocking {

/// One answer, handed from the broker's thread to the one that waits.
template <typename T>
class Answer {
public:
    void give(T value) {
        const std::lock_guard lock(mutex_);
        value_.emplace(std::move(value));
        given_.notify_one();  // under the lock: the waiting thread destroys this object as soon as it has it
    }
    void fail(std::exception_ptr why) {
        const std::lock_guard lock(mutex_);
        failure_ = std::move(why);
        given_.notify_one();
    }
    T wait() {
        std::unique_lock lock(mutex_);
        given_.wait(lock, [this] { return value_.has_value() || failure_ != nullptr; });
        if (failure_) std::rethrow_exception(failure_);
        return std::move(*value_);
    }

private:
    std::mutex mutex_;
    std::condition_variable given_;
    std::optional<T> value_;
    std::exception_ptr failure_;
};

template <typename T, typename Start>
awaitable<void> give_answer(Start start, Answer<T>* answer) {
    auto started = start();
    T value = co_await std::move(started);
    answer->give(std::move(value));
}

class Runtime final {
public:
    static std::shared_ptr<Runtime> start();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    ~Runtime();

    rowmq::Broker& broker() noexcept { return *broker_; }
    void own(std::unique_ptr<rowmq::Broker> broker) { broker_ = std::move(broker); }
    boost::asio::any_io_executor executor() { return loop_.get_executor(); }

    /// Why a call cannot be made from here and now: closed, forked, or from a thread that would wait for itself.
    std::optional<Error> refusal() const;
    bool in_child() const noexcept { return ::getpid() != process_; }

    /// Awaits what `start` returns, on the broker's thread. `start` may refer to the caller's variables: it waits.
    template <typename T, typename Start>
    T await(Start start) {
        Answer<T> answer;
        boost::asio::co_spawn(loop_, give_answer<T>(std::move(start), &answer), [&answer](std::exception_ptr failure) {
            if (failure) answer.fail(std::move(failure));
        });
        return answer.wait();
    }
    /// What `function` returns when it is called on the broker's thread.
    template <typename Function>
    auto ask(Function function) {
        Answer<decltype(function())> answer;
        boost::asio::post(loop_, [&answer, &function] {
            try {
                answer.give(function());
            } catch (...) {
                answer.fail(std::current_exception());
            }
        });
        return answer.wait();
    }
    /// Ends and destroys `thing` on the broker's thread, some time; in a child, never.
    template <typename T, typename End>
    void discard(std::unique_ptr<T> thing, End end) {
        if (!thing) return;
        if (in_child()) {
            static_cast<void>(thing.release());
            return;
        }
        boost::asio::post(loop_, [thing = std::move(thing), end] { end(*thing); });
    }

    /// Closes the broker; who comes second waits for who came first.
    void close();

    /// `function`, made to remember that this thread is inside it.
    static TransactionFunction marked(TransactionFunction function);

private:
    Runtime();

    boost::asio::io_context loop_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::unique_ptr<rowmq::Broker> broker_;
    std::atomic<bool> closed_ = false;
    std::mutex closing_;
    const pid_t process_;
    std::thread thread_;
};

}  // namespace rowmq::blocking
