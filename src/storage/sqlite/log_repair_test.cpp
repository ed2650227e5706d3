// Damage in the log: what a seal shows, what is put right, and what is named.
#include "storage/sqlite/log_repair.hpp"

#include "storage/sqlite/log_format.hpp"
#include "storage/sqlite/resting_store_test.hpp"
#include "storage/sqlite/salvage.hpp"

namespace rowmq::storage::sqlite {
namespace {

using namespace std::chrono_literals;
using test::FileCall;
using test::FileImage;
using test::RecordingOptions;
using test::RecordingVfs;

constexpr const char* log_path = "/log.db-wal";
constexpr std::int64_t frame_bytes = 24 + 8'192;

enum class Rest { long_enough, none };

/// What kill -9 leaves of a store with six commits.
FileImage killed(Rest rest, Synchronous synchronous = Synchronous::full, RecordingOptions disk_options = {}) {
    disk_options.record = false;
    RecordingVfs disk(disk_options);
    auto options = on(disk);
    options.synchronous = synchronous;
    Opened opened(options);
    for (int i = 0; i < 6; ++i) EXPECT_FALSE(opened.commit(3'000));
    opened.lengthen();
    if (rest == Rest::long_enough) {
        EXPECT_TRUE(opened.wants_seal());
        opened.rest();
    }
    return disk.files();
}

std::string bytes_of(const FileImage& files, std::int64_t at, std::size_t count) {
    std::string bytes(count, '\0');
    files.at(log_path).read(at, bytes);
    return bytes;
}

void turn(FileImage& files, std::int64_t byte, int bit) {
    auto one = bytes_of(files, byte, 1);
    one[0] = static_cast<char>(one[0] ^ 1 << bit);
    files.at(log_path).write(byte, one);
}

std::int64_t frames_in(const FileImage& files) {
    const auto salts = bytes_of(files, 16, 8);
    std::int64_t frames = 0;
    while (bytes_of(files, 32 + frames * frame_bytes + 8, 8) == salts) ++frames;
    return frames;
}

/// Where a write may tear the sector it ends in, so that SQLite repeats the last frame of a commit.
RecordingOptions tearing() { return {.sector_bytes = 512, .characteristics = 0}; }

/// What opening comes to: the sentences of repairs or of the refusal, and how many messages are there.
struct Reopened {
    bool refused = false;
    std::string words;
    std::int64_t messages = 0;
};
Reopened reopen(const FileImage& files) {
    RecordingVfs disk({.record = false}, files);
    Snapshot snapshot;
    auto store = Store::open(on(disk), snapshot);
    if (!store) return {.refused = true, .words = store.error().text};
    Reopened out;
    for (const auto& words : (*store)->repairs()) out.words += words + "; ";
    out.messages = messages_at("/log.db", disk.name());
    return out;
}

TEST(LogSeal, is_set_when_nothing_was_committed_for_a_moment_and_says_how_far_the_log_was_synced) {
    const auto files = killed(Rest::long_enough);
    const auto frames = frames_in(files);

    const auto seal = Seal::of(bytes_of(files, 32 + frames * frame_bytes, Seal::bytes));

    ASSERT_TRUE(seal);
    EXPECT_EQ(seal->frames, frames);
    EXPECT_EQ(reopen(files).messages, 6);
}

TEST(LogSeal, is_not_set_between_commits_that_follow_each_other) {
    const auto files = killed(Rest::none);

    EXPECT_FALSE(Seal::of(bytes_of(files, 32 + frames_in(files) * frame_bytes, Seal::bytes)));
}

TEST(LogSeal, is_set_once_a_rest_and_anew_after_the_next_commit) {
    RecordingVfs disk({.record = false});
    Opened opened(on(disk));
    ASSERT_FALSE(opened.commit());
    opened.lengthen();
    opened.rest();

    const bool again = opened.wants_seal();
    ASSERT_FALSE(opened.commit());
    opened.lengthen();

    EXPECT_FALSE(again);
    EXPECT_TRUE(opened.wants_seal());
    EXPECT_EQ(messages_at("/log.db", disk.name()), 2);
}

TEST(LogSeal, does_not_write_over_what_somebody_else_has_committed) {
    RecordingVfs disk({.record = false});
    Opened opened(on(disk));
    ASSERT_FALSE(opened.commit());
    opened.lengthen();
    Connection other("/log.db", {.vfs = disk.name()});
    other.write_back_on_close(false);
    other.execute("CREATE TABLE theirs (a)");
    const auto before = disk.files();

    opened.rest();

    const auto size = static_cast<std::size_t>(before.at(log_path).size());
    EXPECT_EQ(bytes_of(disk.files(), 0, size), bytes_of(before, 0, size));
}

TEST(LogSeal, needs_synced_commits) {
    RecordingVfs disk({.record = false});
    auto options = on(disk);
    options.synchronous = Synchronous::normal;
    Opened opened(options);
    ASSERT_FALSE(opened.commit());
    opened.lengthen();

    EXPECT_FALSE(opened.wants_seal());
}

TEST(LogSeal, that_cannot_be_synced_ends_the_store) {
    RecordingVfs disk({.record = false});
    Opened opened(on(disk));
    ASSERT_FALSE(opened.commit());
    opened.lengthen();

    disk.fail({.call = FileCall::sync, .number = 1, .code = SQLITE_IOERR_FSYNC});
    opened.rest();
    const auto failure = opened.commit();

    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, Errc::store_failed);
}

TEST(LogRepair, of_a_sealed_log_puts_one_bit_right_or_refuses_and_names_the_frame) {
    const auto whole = killed(Rest::long_enough);
    const auto frames = frames_in(whole);
    std::map<bool, int> outcomes;
    for (std::int64_t frame = 0; frame < frames; ++frame)
        for (const int bit : {0, 3, 7})
            for (const std::int64_t at : {4, 9, 17, 24 + 60, 24 + 4'000, 24 + 8'100}) {  // of the frame: commit size, salts, sums, its page
                SCOPED_TRACE(std::to_string(frame) + " " + std::to_string(at) + " " + std::to_string(bit));
                auto files = whole;
                turn(files, 32 + frame * frame_bytes + at, bit);

                const auto found = reopen(files);

                EXPECT_NE(found.words.find("frame " + std::to_string(frame + 1)), std::string::npos) << found.words;
                if (!found.refused) EXPECT_EQ(found.messages, 6);
                ++outcomes[found.refused];
            }
    EXPECT_GT(outcomes[false], outcomes[true]);
}

TEST(LogRepair, computes_a_damaged_checksum_anew_whatever_has_become_of_it) {
    auto files = killed(Rest::long_enough);
    files.at(log_path).write(32 + 2 * frame_bytes + 8, std::string(16, '\x5a'));

    const auto found = reopen(files);

    EXPECT_FALSE(found.refused);
    EXPECT_EQ(found.messages, 6);
    EXPECT_NE(found.words.find("frame 3 was damaged, and was put right"), std::string::npos) << found.words;
}

TEST(LogRepair, of_a_header_with_one_wrong_bit_puts_it_back) {
    auto files = killed(Rest::long_enough);
    turn(files, 18, 5);

    const auto found = reopen(files);

    EXPECT_EQ(found.messages, 6);
    EXPECT_NE(found.words.find("header"), std::string::npos) << found.words;
}

TEST(LogRepair, refuses_a_sealed_log_of_which_frames_are_gone) {
    const auto whole = killed(Rest::long_enough);
    for (const std::int64_t gone : {1, 2, 5}) {
        auto files = whole;
        const auto first = frames_in(whole) - gone;
        files.at(log_path).write(32 + first * frame_bytes, std::string(static_cast<std::size_t>(gone * frame_bytes), '\x5a'));

        const auto found = reopen(files);

        EXPECT_TRUE(found.refused);
        EXPECT_NE(found.words.find(std::to_string(first + 1)), std::string::npos) << found.words;
        EXPECT_NE(found.words.find("--salvage"), std::string::npos) << found.words;
    }
}

TEST(LogRepair, of_a_sealed_log_needs_no_repetition_of_its_last_frame) {
    auto files = killed(Rest::long_enough, Synchronous::full, tearing());
    const auto repeated = frames_in(files);
    ASSERT_EQ(bytes_of(files, 32 + (repeated - 1) * frame_bytes, 8), bytes_of(files, 32 + (repeated - 2) * frame_bytes, 8));
    for (const std::int64_t from : {0, 24 + 8'000}) {  // of the repetition: all of it, the end
        files.at(log_path).write(32 + (repeated - 1) * frame_bytes + from,
                                 std::string(static_cast<std::size_t>(frame_bytes - from), '\x5a'));

        const auto found = reopen(files);

        EXPECT_FALSE(found.refused) << found.words;
        EXPECT_EQ(found.messages, 6);
    }
}

TEST(LogRepair, makes_a_damaged_repetition_anew_where_later_commits_follow_it) {
    auto files = killed(Rest::long_enough, Synchronous::full, tearing());
    std::int64_t repetition = 3;
    while (bytes_of(files, 32 + repetition * frame_bytes, 8) != bytes_of(files, 32 + (repetition - 1) * frame_bytes, 8)) ++repetition;
    ASSERT_LT(repetition + 1, frames_in(files));
    files.at(log_path).write(32 + repetition * frame_bytes + 24, std::string(8'192, '\x5a'));

    const auto found = reopen(files);

    EXPECT_FALSE(found.refused) << found.words;
    EXPECT_EQ(found.messages, 6);
    EXPECT_NE(found.words.find("was put right"), std::string::npos) << found.words;
}

TEST(LogRepair, takes_the_end_of_a_log_without_a_seal_for_torn) {
    auto files = killed(Rest::none);
    turn(files, 32 + (frames_in(files) - 1) * frame_bytes + 24 + 4'000, 3);

    const auto found = reopen(files);

    EXPECT_FALSE(found.refused);
    EXPECT_EQ(found.words, "");
    EXPECT_EQ(found.messages, 5);
}

TEST(LogRepair, names_what_cannot_be_read_before_later_commits_without_a_seal) {
    auto files = killed(Rest::none, Synchronous::normal);
    files.at(log_path).write(32 + 2 * frame_bytes + 24, std::string(8'192, '\x5a'));

    const auto found = reopen(files);

    EXPECT_FALSE(found.refused) << found.words;
    EXPECT_NE(found.words.find("frame 3 is damaged, and later commits follow it"), std::string::npos) << found.words;
    EXPECT_LT(found.messages, 6);
}

TEST(LogRepair, for_a_salvage_lets_later_commits_follow_a_damaged_frame) {
    auto files = killed(Rest::long_enough);
    const auto last = frames_in(files) - 1;
    files.at(log_path).write(32 + 3 * frame_bytes + 24 + 100, std::string(64, '\x5a'));
    ASSERT_TRUE(reopen(files).refused);
    RecordingVfs disk({.record = false}, files);

    const auto report = repair_log("/log.db", disk.name(), Unrepairable::follow);

    EXPECT_NE(report.lost, "");
    EXPECT_TRUE(report.was_synced);
    EXPECT_EQ(frames_in(disk.files()), last + 1);
    Connection read("/log.db", {.vfs = disk.name()});
    EXPECT_EQ(read.integer("SELECT max(id) FROM messages"), 6) << "the last commit is read";
}

}  // namespace
}  // namespace rowmq::storage::sqlite
