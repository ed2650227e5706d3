#pragma once
// A thread that runs jobs in order; started by the first one.
// Threads: post() and stop() from any but its own; nothing is posted after stop().

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rowmq::storage::sqlite {

class Worker final {
public:
    explicit Worker(const char* name) : name_(name) {}
    Worker(const Worker&) = delete;
    ~Worker() { stop(); }

    void post(std::function<void()> job);
    /// Runs what is posted, then ends the thread.
    void stop();

private:
    void run();
    const char* name_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::function<void()>> jobs_;
    bool stopping_ = false;
    std::mutex ending_;  ///< both the strand and the writer may stop it
    std::thread thread_;
};

/// Shuts readers out for a moment, so that a checkpoint can finish the log: a page that is under way ends first.
class ReaderGate final {
public:
    void enter();
    void leave();
    /// False: a page took longer than `wait`, and readers go on.
    bool shut_for(std::chrono::milliseconds wait);
    void open();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool reading_ = false, shut_ = false;
};

}  // namespace rowmq::storage::sqlite
