// Disk full, every I/O error and every failed allocation, at call n of each operation, for every n: once, and from then on.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

#include "base/out_of_memory.hpp"
#include "test/torture/faults/allocations.hpp"
#include "test/torture/faults/attempt.hpp"

namespace rowmq::torture {
namespace {

using test::FileCall;

constexpr std::uint64_t highest_number = 20'000;

const PreparedStore& store() {
    static const PreparedStore prepared = prepared_store();
    return prepared;
}

/// Every operation, with the fault at its first call, its second, ... until it ends before that.
Tally at_every_number(const std::function<Fault(std::uint64_t number, bool sticky)>& fault_at) {
    Tally tally;
    for (const auto& operation : operations())
        for (const bool sticky : {false, true})
            for (std::uint64_t number = 1; number < highest_number; ++number) {
                const auto before = tally.wrong.size();
                const bool met = attempt(operation, store(), fault_at(number, sticky), tally);
                for (auto i = before; i < tally.wrong.size(); ++i)
                    tally.wrong[i] += " (fault " + std::to_string(number) + (sticky ? " and all after it)" : ")");
                if (!met) break;
            }
    std::cout << tally << "\n";
    return tally;
}

Tally at_every_call(FileCall call, int code) {
    return at_every_number([&](std::uint64_t number, bool sticky) {
        return Fault{.begin = [=](RecordingVfs& disk) { disk.fail({.call = call, .number = number, .code = code, .sticky = sticky}); },
                     .end = [](RecordingVfs& disk) { disk.heal(); },
                     .was_met = [=](const RecordingVfs& disk) { return disk.calls(call) >= number; },
                     .ends_store = call == FileCall::sync};
    });
}

TEST(DiskFull, at_any_change_refuses_or_does_and_goes_on) {
    const auto tally = at_every_call(FileCall::any_change, SQLITE_FULL);

    EXPECT_EQ(tally.wrong.size(), 0u);
    EXPECT_GT(tally.full, 20u);
}

struct IoError {
    const char* name;
    FileCall call;
    int code;
};
void PrintTo(const IoError& error, std::ostream* out) { *out << error.name; }

class IoErrors : public testing::TestWithParam<IoError> {};

TEST_P(IoErrors, at_any_call_leave_what_was_promised) {
    const auto tally = at_every_call(GetParam().call, GetParam().code);

    EXPECT_EQ(tally.wrong.size(), 0u);
    EXPECT_GT(tally.runs, operations().size());
}

constexpr IoError io_errors[] = {
    {"read", FileCall::read, SQLITE_IOERR_READ},
    {"write", FileCall::write, SQLITE_IOERR_WRITE},
    {"sync", FileCall::sync, SQLITE_IOERR_FSYNC},
    {"truncate", FileCall::truncate, SQLITE_IOERR_TRUNCATE},
    {"size", FileCall::size, SQLITE_IOERR_FSTAT},
    {"lock", FileCall::lock, SQLITE_IOERR_LOCK},
    {"shared_memory", FileCall::shared_memory, SQLITE_IOERR_SHMMAP},
    {"open", FileCall::open, SQLITE_CANTOPEN},
    {"remove", FileCall::remove, SQLITE_IOERR_DELETE},
};

INSTANTIATE_TEST_SUITE_P(Each, IoErrors, testing::ValuesIn(io_errors), [](const auto& each) { return each.param.name; });

TEST(Memory, that_sqlite_does_not_get_ends_the_operation_or_the_store) {
    const auto tally = at_every_number([](std::uint64_t number, bool sticky) {
        return Fault{.begin = [=](RecordingVfs&) { fail_sqlite_allocations({.number = number, .sticky = sticky}); },
                     .end = [](RecordingVfs&) { fail_sqlite_allocations({.number = 0, .sticky = false}); },
                     .was_met = [=](const RecordingVfs&) { return sqlite_allocations() >= number; }};
    });

    EXPECT_EQ(tally.wrong.size(), 0u);
    EXPECT_GT(tally.met, 100u);
}

// ------------------------------------------------------------------------------------------- operator new

/// What the child leaves when it ends: its files, through a pipe.
struct Dying {
    const RecordingVfs* disk = nullptr;
    int pipe = -1;
};
Dying dying;

void write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written <= 0) ::_exit(1);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void send_files() {
    for (const auto& [name, bytes] : dying.disk->files()) {
        std::string content(static_cast<std::size_t>(bytes.size()), '\0');
        bytes.read(0, content);
        const std::uint64_t sizes[2] = {name.size(), content.size()};
        write_all(dying.pipe, {reinterpret_cast<const char*>(sizes), sizeof sizes});
        write_all(dying.pipe, name);
        write_all(dying.pipe, content);
    }
}

void die() {
    fail_new(0);
    send_files();
    end_out_of_memory();
}

test::FileImage files_in(std::string_view bytes) {
    test::FileImage image;
    while (!bytes.empty()) {
        std::uint64_t sizes[2];
        std::memcpy(sizes, bytes.data(), sizeof sizes);
        bytes.remove_prefix(sizeof sizes);
        const std::string name(bytes.substr(0, sizes[0]));
        image[name].write(0, bytes.substr(sizes[0], sizes[1]));
        bytes.remove_prefix(sizes[0] + sizes[1]);
    }
    return image;
}

struct Child {
    int status = 0;
    std::string bytes;
};

/// Does the operation with the how manyth allocation failing; ends with 0 when it was done before.
Child child_runs(const Operation& operation, std::uint64_t number) {
    int ends[2];
    expect(::pipe(ends) == 0, "no pipe");
    const auto pid = ::fork();
    if (pid == 0) {
        RecordingVfs disk({.record = false}, store().files);
        BrokerOnDisk running(disk);
        Scene scene{running, {}};
        Owed owed = store().owed;
        operation.attend(scene, owed);
        dying = {&disk, ends[1]};
        std::set_new_handler(die);
        fail_new(number);
        const auto answer = operation.act(scene);
        fail_new(0);
        send_files();
        ::_exit(answer ? 2 : 0);
    }
    ::close(ends[1]);
    Child child;
    char buffer[65'536];
    for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) child.bytes.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    ::waitpid(pid, &child.status, 0);
    return child;
}

TEST(Memory, that_the_process_does_not_get_ends_it_and_leaves_what_was_promised) {
    std::size_t ended = 0;
    for (const auto& operation : operations())
        for (std::uint64_t number = 1; number < highest_number; ++number) {
            const auto child = child_runs(operation, number);
            ASSERT_TRUE(WIFEXITED(child.status));
            const int code = WEXITSTATUS(child.status);
            SCOPED_TRACE(std::string(operation.name) + ", allocation " + std::to_string(number));
            Owed before = store().owed, after;
            {
                RecordingVfs disk({.record = false}, store().files);
                BrokerOnDisk running(disk);
                Scene scene{running, {}};
                operation.attend(scene, before);
                after = before;
                if (operation.name == "receive") expect(!operation.act(scene), "a receive");
                operation.effect(scene, after);
            }
            ASSERT_EQ(judge_files(files_in(child.bytes), code == 0 ? std::vector{after} : std::vector{before, after}), "");
            if (code == 0) break;
            ASSERT_EQ(code, 70);
            ++ended;
        }
    std::cout << ended << " processes ended\n";
    EXPECT_GT(ended, 100u);
}

}  // namespace
}  // namespace rowmq::torture

int main(int count, char** words) {
    rowmq::torture::let_sqlite_allocations_fail();
    testing::InitGoogleTest(&count, words);
    return RUN_ALL_TESTS();
}
