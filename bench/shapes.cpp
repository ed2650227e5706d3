// Which settings and statement shapes of SQLite alone are fast: what the store's own were chosen by.

#include <fmt/format.h>

#include "bed.hpp"
#include "bench.hpp"
#include "measure.hpp"
#include "raw_sqlite.hpp"

namespace rowmq::bench {
namespace {

struct Shape {
    std::string name;
    RawSettings raw;
    std::size_t batch = 1024;
    std::int64_t queues = 1;
};

/// Messages a second of puts and removals in one commit.
double rate(const Settings& settings, const Shape& shape, std::size_t bytes) {
    Scratch scratch(settings.directory);
    RawSettings raw_settings = shape.raw;
    raw_settings.path = scratch.file("raw.db");
    RawSqlite raw(raw_settings);
    raw.declare(shape.queues);
    const std::string body(bytes, 'x');
    std::int64_t next = 1;
    std::vector<RawRow> before;
    std::uint64_t done = 0;
    const auto start = now();
    do {
        std::vector<RawRow> puts(shape.batch);
        for (auto& row : puts) {
            row = {.id = next, .queue = 1 + next % shape.queues, .body = body};
            ++next;
        }
        raw.commit(puts, before);
        before = std::move(puts);
        done += shape.batch;
    } while (seconds_since(start) < settings.slice());
    return static_cast<double>(done) / seconds_since(start);
}

std::vector<Shape> all_shapes() {
    std::vector<Shape> shapes;
    const RawSettings usual = store_settings("");
    const auto with = [&](std::string name, auto change, std::size_t batch = 1024, std::int64_t queues = 1) {
        Shape shape{.name = std::move(name), .raw = usual, .batch = batch, .queues = queues};
        change(shape.raw);
        shapes.push_back(std::move(shape));
    };
    for (const int rows : {1, 8, 64, 128}) with(fmt::format("{} rows an INSERT", rows), [&](RawSettings& raw) { raw.insert_rows = rows; });
    with("DELETE by row", [](RawSettings& raw) { raw.remove = RemoveShape::rows; });
    with("DELETE by list", [](RawSettings& raw) { raw.remove = RemoveShape::lists; });
    with("DELETE by range", [](RawSettings& raw) { raw.remove = RemoveShape::ranges; });
    for (const int page : {4096, 8192, 16384})
        for (const std::int64_t queues : {1, 100})
            with(
                fmt::format("pages of {}, {} queues", page, queues),
                [&](RawSettings& raw) {
                    raw.checkpoint_pages = raw.checkpoint_pages * raw.page_bytes / page;
                    raw.page_bytes = page;
                },
                1024, queues);
    for (const bool on : {false, true})
        with(on ? "auto_vacuum incremental" : "auto_vacuum none", [&](RawSettings& raw) { raw.incremental_vacuum = on; });
    for (const int kib : {2'048, 8'192, 32'768}) with(fmt::format("cache of {} KiB", kib), [&](RawSettings& raw) { raw.cache_kib = kib; });
    for (const int pages : {250, 1'000, 4'000, 16'000})
        with(fmt::format("checkpoint at {} pages", pages), [&](RawSettings& raw) { raw.checkpoint_pages = pages; });
    for (const std::size_t batch : {16u, 64u, 256u, 1024u, 4096u})
        with(
            fmt::format("batches of {}", batch), [](RawSettings&) {}, batch);
    return shapes;
}

}  // namespace

void shapes(const Settings& settings, Report& report) {
    const auto tried = all_shapes();
    for (const std::size_t bytes : {16u, 100u, 1024u}) {
        std::vector<std::vector<double>> rates(tried.size());
        for (int round = 0; round < (settings.quick ? 1 : 3); ++round)
            for (std::size_t i = 0; i < tried.size(); ++i) rates[i].push_back(rate(settings, tried[i], bytes));
        for (std::size_t i = 0; i < tried.size(); ++i)
            report.add({.name = fmt::format("SQLite alone, {} B, {}", bytes, tried[i].name), .unit = "msg/s", .value = median(rates[i])});
    }
}

}  // namespace rowmq::bench
