#pragma once
// A broker in this process on a SQLite file of its own, and the thread that runs it: the caller's.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "raw_sqlite.hpp"
#include "rowmq/broker.hpp"
#include "storage/sqlite/engine.hpp"

namespace rowmq::bench {

class Bed final {
public:
    explicit Bed(const std::string& path, bool strict_counting = false);
    ~Bed();

    Broker& broker() { return *broker_; }
    boost::asio::io_context& context() { return context_; }
    /// Commits since the file was opened.
    std::uint64_t transactions() const;

    /// Runs the broker until `work` is done.
    template <typename T>
    T run(boost::asio::awaitable<T> work) {
        std::optional<T> found;
        std::exception_ptr failure;
        bool ended = false;
        boost::asio::co_spawn(context_, std::move(work), [&](std::exception_ptr error, T value) {
            failure = error;
            if (!error) found.emplace(std::move(value));
            ended = true;
        });
        drive(ended);
        if (failure) std::rethrow_exception(failure);
        return std::move(*found);
    }
    void run(boost::asio::awaitable<void> work);

private:
    void drive(const bool& ended);

    boost::asio::io_context context_{1};
    storage::sqlite::SqliteEngine* engine_ = nullptr;
    std::unique_ptr<Broker> broker_;
};

/// The baseline with the settings the store gives its files.
RawSettings store_settings(std::string path);

/// A directory for one measurement, removed at the end.
class Scratch final {
public:
    explicit Scratch(const std::string& parent);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// The value, or an exception with the error's text: a benchmark has no business going on after an error.
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(result.value());
}
inline void must(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().text);
}

}  // namespace rowmq::bench
