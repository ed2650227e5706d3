// What the spike does a second, on a private server with fsync on; what happens to a commit whose connection breaks; what libpq
// says to COPY in pipeline mode.
#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <thread>

#include "test/conformance/postgres_spike/cluster.hpp"
#include "test/conformance/postgres_spike/connection.hpp"
#include "test/conformance/postgres_spike/place.hpp"
#include "test/conformance/rows.hpp"
#include "test/support/run.hpp"

namespace rowmq::conformance::postgres_spike {
namespace {

using namespace storage;
using Clock = std::chrono::steady_clock;
constexpr std::int64_t rows = 20'000;
const std::string body(1024, 'x');

double seconds_of(auto work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Store {
    explicit Store(Cluster& cluster) : engine(new_engine(io.get_executor(), cluster.target(), cluster.new_schema())) {
        test::run_in(io, engine->load()).value();
    }
    void commit(Batch batch) {
        const Outcome outcome = test::run_in(io, engine->commit(std::make_shared<const Batch>(std::move(batch))));
        if (outcome.failure || outcome.missing || !outcome.left_out.empty()) throw Failure("a batch did not hold");
    }
    boost::asio::io_context io;
    std::unique_ptr<Engine> engine;
};

enum class Kind { put, put_once, remove, remove_in_units };

/// Rows in batches of `size`, ids 1 to `count`.
void run(Store& store, Kind kind, std::int64_t count, std::int64_t size) {
    for (std::int64_t from = 1; from <= count; from += size) {
        Batch batch;
        for (std::int64_t id = from; id < from + size; ++id) {
            switch (kind) {
                case Kind::put: publish(batch, id, id, {.body = body}); break;
                case Kind::put_once: {
                    const Unit unit = batch.new_unit();
                    batch.remembers.push_back({.queue = orders,
                                               .scope = "",
                                               .id = std::to_string(id),
                                               .message = MessageId{id},
                                               .sequence = Sequence{id},
                                               .now = at(0),
                                               .window = std::chrono::minutes(5),
                                               .unit = unit});
                    publish(batch, id, id, {.body = body, .unit = unit});
                    break;
                }
                case Kind::remove: batch.removals.push_back(removal(entry(id, id))); break;
                case Kind::remove_in_units: batch.removals.push_back(removal(entry(id, id), batch.new_unit())); break;
            }
        }
        store.commit(std::move(batch));
    }
}

void rate(Cluster& cluster, std::string_view what, Kind kind, std::int64_t size, std::int64_t count = rows) {
    Store store(cluster);
    if (kind == Kind::remove || kind == Kind::remove_in_units) run(store, Kind::put, count, 1'000);
    fmt::print("{:<58} {:>9.0f} rows/s\n", what, static_cast<double>(count) / seconds_of([&] { run(store, kind, count, size); }));
}

void sync_time(const std::filesystem::path& folder) {
    const int file = open((folder / "rowmq-sync").c_str(), O_CREAT | O_RDWR, 0600);
    std::vector<double> times;
    const std::string block(8192, 'x');
    for (int i = 0; i < 200; ++i) {
        if (pwrite(file, block.data(), block.size(), i * 8192) < 0) break;
        times.push_back(seconds_of([&] { fdatasync(file); }));
    }
    close(file);
    unlink((folder / "rowmq-sync").c_str());
    std::ranges::sort(times);
    fmt::print("{:<58} {:>9.3f} ms\n", "fdatasync of 8 KiB appended, median", times[times.size() / 2] * 1e3);
}

void latency(Cluster& cluster) {
    Store store(cluster);
    std::vector<double> times;
    for (std::int64_t id = 1; id <= 500; ++id) {
        Batch batch;
        publish(batch, id, id, {.body = body});
        times.push_back(seconds_of([&] { store.commit(std::move(batch)); }));
    }
    std::ranges::sort(times);
    fmt::print("{:<58} {:>9.3f} ms, p99 {:.3f} ms\n", "one row a commit, median", times[250] * 1e3, times[495] * 1e3);
}

void send_put(Connection& db, std::int64_t from, std::int64_t size) {
    std::vector<std::optional<std::int64_t>> ids, zeros(static_cast<std::size_t>(size), 0), ones(zeros.size(), 1), none(zeros.size());
    for (std::int64_t id = from; id < from + size; ++id) ids.push_back(id);
    const std::vector<std::optional<std::string_view>> bodies(zeros.size(), body), empty(zeros.size(), std::string_view()),
        absent(zeros.size());
    db.send("begin");
    db.send("put_messages", Parameters().integers(ids).integers(zeros).texts(absent).blobs(bodies));
    db.send("put_entries", Parameters()
                               .integers(ones)
                               .integers(zeros)
                               .integers(ids)
                               .integers(ids)
                               .integers(ones)
                               .integers(ones)
                               .integers(zeros)
                               .integers(none)
                               .integers(none)
                               .texts(empty)
                               .texts(absent));
    db.send("commit");
    db.sync();
}

/// `depth` batches sent before the first is answered, on each of `connections`.
void in_flight(Cluster& cluster, int connections, int depth, std::int64_t size) {
    const std::string schema = cluster.new_schema();
    Store made(cluster);  // warms the server
    boost::asio::io_context io;
    const auto engine = new_engine(io.get_executor(), cluster.target(), schema);
    test::run_in(io, engine->load()).value();
    std::vector<std::thread> threads;
    const std::int64_t each = rows / connections;
    const double seconds = seconds_of([&] {
        for (int c = 0; c < connections; ++c)
            threads.emplace_back([&, c] {
                Connection db(cluster.target(), schema);
                db.prepare();
                db.enter_pipeline();
                int open = 0;
                for (std::int64_t from = 1 + c * each; from < 1 + (c + 1) * each; from += size) {
                    send_put(db, from, size);
                    if (++open == depth) db.receive(), --open;
                }
                for (; open > 0; --open) db.receive();
            });
        for (std::thread& thread : threads) thread.join();
    });
    fmt::print("{:<58} {:>9.0f} rows/s\n", fmt::format("put, {} rows a batch, {} connection(s), {} in flight", size, connections, depth),
               rows / seconds);
}

/// Ends the backend while a commit is under way, then asks by inserting the same token again.
void unknown_outcomes(Cluster& cluster) {
    const std::string schema = cluster.new_schema();
    boost::asio::io_context io;
    const auto engine = new_engine(io.get_executor(), cluster.target(), schema);
    test::run_in(io, engine->load()).value();
    Connection operator_of(cluster.target(), schema), asks(cluster.target(), schema);
    asks.prepare();
    asks.enter_pipeline();
    int answered = 0, held = 0, lost = 0, wrong = 0;
    for (std::int64_t i = 0; i < 60; ++i) {
        const std::string token = "token " + std::to_string(i);
        bool known = true;
        {
            Connection db(cluster.target(), schema);
            db.prepare();
            db.enter_pipeline();
            db.send("begin");
            db.send("put_token", Parameters().text(token));
            send_put(db, 1 + i * 100, 100);  // its own BEGIN only warns
            std::thread ends([&] {
                std::this_thread::sleep_for(std::chrono::microseconds(i * 120));
                operator_of.run("SELECT pg_terminate_backend(" + std::to_string(db.backend()) + ")");
            });
            try {
                db.receive();
            } catch (const Failure&) {
                known = false;
            }
            ends.join();
        }
        bool committed = false;
        asks.send("put_token", Parameters().text(token));
        asks.sync();
        try {
            asks.receive();
        } catch (const Failure&) {
            committed = true;  // the unique key, after waiting for the old backend to end
        }
        asks.send("messages_by_id", Parameters().integers({1 + i * 100}));
        asks.sync();
        const bool stored = asks.receive().at(0).size() == 1;
        answered += known;
        wrong += stored != committed || (known && !stored);
        held += !known && committed;
        lost += !known && !committed;
    }
    fmt::print(
        "60 connections broken around COMMIT: {} answered before, {} unknown and committed, {} unknown and not; the token was wrong {} "
        "times\n",
        answered, held, lost, wrong);
}

void copy_in_pipeline(Cluster& cluster) {
    PGconn* connection = PQconnectdb(cluster.target().c_str());
    PQclear(PQexec(connection, "CREATE TEMPORARY TABLE t (a int)"));
    PQenterPipelineMode(connection);
    const int sent = PQsendQueryParams(connection, "COPY t FROM STDIN", 0, nullptr, nullptr, nullptr, nullptr, 1);
    PQpipelineSync(connection);
    std::string says = sent ? "" : "refused";
    for (int results = 0; sent && results < 8; ++results) {
        PGresult* result = PQgetResult(connection);
        const ExecStatusType status = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
        says += result ? fmt::format(" {}", PQresStatus(status)) : std::string(" -");
        if (status == PGRES_COPY_IN && (PQputCopyData(connection, "1\n", 2) != 1 || PQputCopyEnd(connection, nullptr) != 1))
            says += fmt::format(" (data refused: {})", PQerrorMessage(connection));
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC || PQstatus(connection) != CONNECTION_OK) break;
    }
    std::ranges::replace(says, '\n', ' ');
    fmt::print("COPY in pipeline mode:{} {}\n", says, PQerrorMessage(connection));
    PQfinish(connection);
}

}  // namespace

void measure() {
    Cluster cluster(true);
    sync_time(std::filesystem::temp_directory_path());
    latency(cluster);
    rate(cluster, "put 1 KiB, 1,000 rows a batch", Kind::put, 1'000);
    rate(cluster, "put 1 KiB, 100 rows a batch", Kind::put, 100);
    rate(cluster, "put 1 KiB with a deduplication id, 1,000 rows a batch", Kind::put_once, 1'000);
    rate(cluster, "remove, 1,000 rows a batch", Kind::remove, 1'000);
    rate(cluster, "remove, each its own unit, 1,000 rows a batch", Kind::remove_in_units, 1'000);
    in_flight(cluster, 1, 1, 100);
    in_flight(cluster, 1, 4, 100);
    in_flight(cluster, 2, 4, 100);
    in_flight(cluster, 1, 4, 1'000);
    unknown_outcomes(cluster);
    copy_in_pipeline(cluster);
}

}  // namespace rowmq::conformance::postgres_spike

int main() { rowmq::conformance::postgres_spike::measure(); }
