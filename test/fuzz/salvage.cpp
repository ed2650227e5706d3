// A database file with any bytes in it: the first 2 bytes of each group of 6 say how many more follow it, the other 4 where in a
// sound file they are put. What is saved is a sound store, and its messages are the ones that were there.
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <set>

#include "storage/sqlite/salvage.hpp"
#include "test/crash/store_on_disk.hpp"
#include "test/support/run.hpp"

using namespace rowmq;

namespace {

constexpr int messages = 40;
std::string body_of(int number) { return std::to_string(number) + std::string(static_cast<std::size_t>(number) * 400, 'm'); }

std::unique_ptr<storage::Engine> open(boost::asio::io_context& io, const test::RecordingVfs& disk, std::string& problem) {
    auto engine = test::open_store(io.get_executor(), disk);
    if (const auto loaded = test::run_in(io, engine->load()); !loaded) problem = loaded.error().text;
    return engine;
}

/// Closed in order: one file.
test::FileImage sound() {
    test::RecordingVfs disk({.record = false});
    boost::asio::io_context io;
    std::string problem;
    const auto engine = open(io, disk, problem);
    auto batch = std::make_shared<storage::Batch>();
    batch->ticket = Ticket{1};
    const QueueId queue{1};
    batch->catalog.push_back(
        storage::QueueRow{.id = queue, .ns = NamespaceId{1}, .name = "q", .options = std::make_shared<const std::string>("{}")});
    for (int i = 1; i <= messages; ++i) {
        const auto length = static_cast<std::int32_t>(body_of(i).size());
        batch->messages.push_back({.id = MessageId{i}, .published_at = {}, .properties = "", .message = Message(body_of(i))});
        batch->entries.push_back({.key = {queue, 0, Sequence{i}}, .message = MessageId{i}, .bytes = length});
        batch->counters.push_back({.queue = queue, .sent = 1, .bytes = length});
    }
    if (test::run_in(io, engine->commit(batch)).failure || !problem.empty()) std::abort();
    test::run_in(io, engine->close());
    return disk.files();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    static const test::FileImage whole = sound();
    auto files = whole;
    auto& file = files.at(test::store_path);
    for (std::size_t at = 0; at + 6 < size;) {
        const std::size_t count = std::min<std::size_t>(bytes[at] | bytes[at + 1] << 8, size - at - 6);
        std::int64_t place = 0;
        for (int i = 0; i < 4; ++i) place |= static_cast<std::int64_t>(bytes[at + 2 + static_cast<std::size_t>(i)]) << 8 * i;
        file.write(place % file.size(), std::string_view(reinterpret_cast<const char*>(bytes) + at + 6, count));
        at += 6 + count;
    }
    const test::RecordingVfs disk({.record = false}, files);

    const auto saved = storage::sqlite::salvage(test::store_path, "/saved.db", disk.name());

    if (!saved) return 0;
    test::FileImage renamed;
    const auto all = disk.files();
    renamed[test::store_path] = all.at("/saved.db");
    const test::RecordingVfs again({.record = false}, renamed);
    boost::asio::io_context io;
    std::string problem;
    const auto engine = open(io, again, problem);
    if (!problem.empty() || !test::run_in(io, engine->check()).problems.empty()) std::abort();
    std::vector<MessageId> ids;
    for (int i = 1; i <= messages; ++i) ids.push_back(MessageId{i});
    for (const auto& row : test::run_in(io, engine->page(storage::MessagesById{ids})).messages)
        if (row.message.text() != body_of(static_cast<int>(value_of(row.id)))) std::abort();
    test::run_in(io, engine->close());
    return 0;
}
