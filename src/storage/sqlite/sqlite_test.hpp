#pragma once
// What the tests of this room share: a folder that goes away, an engine with its loop, rows.

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "storage/sqlite/engine.hpp"

namespace rowmq::storage::sqlite {

class Folder final {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rowmq-sqlite-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name = "test.db") const { return path_ + "/" + name; }
    SqliteOptions options() const {
        SqliteOptions options;
        options.path = file();
        return options;
    }

private:
    std::string path_;
};

/// An engine on a loop of its own; every call runs the loop until it is answered.
struct Running {
    explicit Running(SqliteOptions options) : engine(std::move(*open(loop.get_executor(), std::move(options)))) {}

    template <typename T>
    T wait(awaitable<T> call) {
        std::optional<T> answer;
        boost::asio::co_spawn(loop, std::move(call), [&](std::exception_ptr thrown, T value) {
            if (thrown) std::rethrow_exception(thrown);
            answer = std::move(value);
        });
        run();
        return std::move(*answer);
    }
    void run() {
        loop.restart();
        loop.run();
    }
    Result<Snapshot> try_load() {
        std::optional<Result<Snapshot>> answer;
        auto call = [](Engine& e, std::optional<Result<Snapshot>>& out) -> awaitable<void> { out = co_await e.load(); };
        boost::asio::co_spawn(loop, call(*engine, answer), boost::asio::detached);
        run();
        return std::move(*answer);
    }
    Snapshot load() { return try_load().value(); }
    Outcome commit(Batch value) { return wait(engine->commit(std::make_shared<const Batch>(std::move(value)))); }
    std::vector<Outcome> commit_together(std::vector<Batch> batches) {
        std::vector<Outcome> outcomes(batches.size());
        for (std::size_t i = 0; i < batches.size(); ++i)
            boost::asio::co_spawn(loop, engine->commit(std::make_shared<const Batch>(std::move(batches[i]))),
                                  [&outcomes, i](std::exception_ptr, Outcome outcome) { outcomes[i] = std::move(outcome); });
        run();
        return outcomes;
    }
    Page page(PageRequest request) { return wait(engine->page(std::move(request))); }
    CheckReport check() { return wait(engine->check()); }
    Result<void> backup(std::string path) {
        std::optional<Result<void>> answer;
        auto call = [](Engine& e, std::string to, std::optional<Result<void>>& out) -> awaitable<void> {
            out = co_await e.backup(std::move(to));
        };
        boost::asio::co_spawn(loop, call(*engine, std::move(path), answer), boost::asio::detached);
        run();
        return std::move(*answer);
    }
    void close() {
        boost::asio::co_spawn(loop, engine->close(), boost::asio::detached);
        run();
    }
    Batch batch() {
        Batch value;
        value.ticket = Ticket{++ticket};
        return value;
    }

    boost::asio::io_context loop{1};
    std::unique_ptr<SqliteEngine> engine;
    std::uint64_t ticket = 1'000;
};

inline Batch with_queue(QueueId id) {
    Batch batch;
    batch.catalog.push_back(QueueRow{
        .id = id, .ns = NamespaceId{1}, .name = "q" + std::to_string(value_of(id)), .options = std::make_shared<const std::string>("{}")});
    return batch;
}

/// A message and its entry, counted; message id = sequence = `id`.
inline void put(Batch& batch, QueueId queue, std::int64_t id, std::string body, std::string group = "", Unit unit = Unit::always) {
    const auto bytes = static_cast<std::int32_t>(body.size());
    batch.messages.push_back(
        {.id = MessageId{id}, .published_at = {}, .properties = "", .message = Message(std::move(body)), .unit = unit});
    batch.entries.push_back(
        {.key = {queue, 0, Sequence{id}}, .message = MessageId{id}, .group = std::move(group), .bytes = bytes, .unit = unit});
    batch.counters.push_back({.queue = queue, .sent = 1, .bytes = bytes, .unit = unit});
}

inline void take(Batch& batch, QueueId queue, std::int64_t id, std::int64_t bytes, Unit unit = Unit::always) {
    batch.removals.push_back({.key = {queue, 0, Sequence{id}}, .message = MessageId{id}, .unit = unit});
    batch.counters.push_back({.queue = queue, .done = 1, .bytes = -bytes, .unit = unit});
}

}  // namespace rowmq::storage::sqlite
