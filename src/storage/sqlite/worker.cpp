#include "storage/sqlite/worker.hpp"

#include <pthread.h>

namespace rowmq::storage::sqlite {

void Worker::post(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    else if (jobs_.size() == 1) wake_.notify_one();
}

void Worker::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_one();
    }
    const std::lock_guard only(ending_);
    if (thread_.joinable()) thread_.join();
}

void Worker::run() {
    pthread_setname_np(pthread_self(), name_);
    std::vector<std::function<void()>> taken;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return !jobs_.empty() || stopping_; });
            if (jobs_.empty()) return;
            taken.swap(jobs_);
        }
        for (auto& job : taken) job();
        taken.clear();
    }
}

void ReaderGate::enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !shut_; });
    reading_ = true;
}

void ReaderGate::leave() {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    if (shut_) changed_.notify_all();
}

bool ReaderGate::shut_for(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    shut_ = true;
    if (changed_.wait_for(lock, wait, [&] { return !reading_; })) return true;
    shut_ = false;
    changed_.notify_all();
    return false;
}

void ReaderGate::open() {
    const std::lock_guard lock(mutex_);
    shut_ = false;
    changed_.notify_all();
}

}  // namespace rowmq::storage::sqlite
