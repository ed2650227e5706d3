// A file system of 64 MiB that this test mounts for itself, filled by publishing to the watermark and by somebody else to the last
// byte: publishers are refused, consumers go on, and everything goes on when there is space.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <thread>

#include "rowmq/open.hpp"
#include "test/support/run.hpp"

namespace rowmq::torture {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kept_free = 8 * 1024 * 1024;
constexpr int cycles = 20;
constexpr int nobody_mounts = 77;  ///< an exit code: in some containers

void must(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error(what);
}

/// In a mount namespace of this process, which nobody else sees and which ends with it. Without being root: in a user
/// namespace, too.
void mount_small_disk(const std::string& folder) {
    if (::unshare(CLONE_NEWNS) != 0) {
        const auto user = std::to_string(::getuid()), group = std::to_string(::getgid());
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(nobody_mounts);
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/uid_map") << "0 " + user + " 1";
        std::ofstream("/proc/self/gid_map") << "0 " + group + " 1";
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(nobody_mounts);
    if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64m") != 0) ::_exit(nobody_mounts);
}

std::int64_t free_bytes(const std::string& folder) {
    struct statvfs disk {};
    must(::statvfs(folder.c_str(), &disk) == 0, "statvfs");
    return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

/// Somebody else's file takes all that is left.
void fill(const std::string& folder) {
    const int file = ::open((folder + "/others").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{4'096}, std::size_t{1}})
        while (::write(file, std::string(piece, 'x').data(), piece) > 0) {}
    ::close(file);
    must(free_bytes(folder) == 0, "there is space left");
}

class Open final {
public:
    explicit Open(const std::string& path) {
        OpenOptions options;
        options.limits.disk_free_bytes = kept_free;
        auto opened = test::run_in(io, open(io.get_executor(), "sqlite:" + path, options));
        must(opened.has_value(), opened.has_value() ? "" : opened.error().text);
        broker = std::move(*opened);
        session = broker->open_session().value();
    }
    ~Open() {
        session.close();
        test::run_in(io, broker->close());
    }
    Open(const Open&) = delete;

    Result<Receipt> publish(const std::vector<Publish>& messages) { return test::run_in(io, session.publish(messages)); }
    boost::asio::io_context io;
    std::unique_ptr<Broker> broker;
    Session session;
};

Publish to_queue(const std::string& body) { return {.routing_key = "q", .message = Message(body)}; }

void publish_until_refused(Open& store, std::set<std::string>& owed, int& number) {
    for (;;) {
        std::vector<Publish> several;
        for (int i = 0; i < 10; ++i) several.push_back(to_queue(std::to_string(++number) + std::string(20'000, '.')));
        const auto receipt = store.publish(several);
        if (receipt.has_error()) {
            must(receipt.error().code == Errc::store_full, receipt.error().text);
            must(receipt.error().text.find("limits.disk_free_bytes") != std::string::npos, receipt.error().text);
            return;
        }
        for (const auto& p : several) owed.insert(std::string(p.message.text()));
    }
}

/// Every receive and every delete must be answered.
void take(Open& store, std::set<std::string>& owed, std::size_t most) {
    for (std::size_t taken = 0; taken < most;) {
        const NextRequest next{.max = 10, .wait = 0ms};
        const auto got = test::run_in(store.io, store.session.receive("q", next));
        must(got.has_value(), got.has_value() ? "" : got.error().text);
        must(!got->empty(), "nothing is given, and " + std::to_string(owed.size()) + " are owed");
        for (const auto& d : *got) {
            must(owed.erase(std::string(d.message.text())) == 1, "a message that is not owed");
            const auto done = test::run_in(store.io, store.session.settle(d.lease));
            must(done.has_value(), done.has_value() ? "" : done.error().text);
            ++taken;
        }
    }
}

/// What the child does; what it throws is its failure.
void fill_and_drain(const std::string& folder) {
    mount_small_disk(folder);
    std::set<std::string> owed;
    int number = 0;
    std::int64_t deleted = 0;
    auto store = std::make_unique<Open>(folder + "/full.db");
    test::run_in(store->io, store->broker->declare_queue("q", {.lease = 10min})).value();
    for (int cycle = 0; cycle < cycles; ++cycle) {
        publish_until_refused(*store, owed, number);
        must(free_bytes(folder) > kept_free / 8, "the watermark was crossed by far");  // pages of its own are used up to a quarter of it
        fill(folder);
        must(store->publish({to_queue("x")}).has_error(), "published on a full disk");
        const auto most = cycle % 2 ? owed.size() : owed.size() / 2;
        take(*store, owed, most);
        deleted += static_cast<std::int64_t>(most);
        if (cycle % 5 == 2) {  // and opened there, too
            store.reset();
            store = std::make_unique<Open>(folder + "/full.db");
        }
        must(std::filesystem::remove(folder + "/others"), "the other file");
        const auto freed = std::chrono::steady_clock::now();
        const auto again = "again " + std::to_string(cycle);
        while (store->publish({to_queue(again)}).has_error()) {
            must(std::chrono::steady_clock::now() - freed < 2s, "still refused two seconds after there was space");
            std::this_thread::sleep_for(10ms);
        }
        owed.insert(again);
    }
    take(*store, owed, owed.size());
    must(owed.empty(), "messages are lost");
    std::cout << cycles << " cycles, " << deleted << " messages received and deleted at zero bytes free" << std::endl;
}

TEST(FullDisk, refuses_publishers_at_the_watermark_and_lets_consumers_go_on) {
    std::string folder = (std::filesystem::temp_directory_path() / "rowmq-full-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);

    const auto child = ::fork();  // a namespace cannot be left again
    if (child == 0) {
        int code = 0;
        try {
            fill_and_drain(folder);
        } catch (const std::exception& thrown) {
            std::cerr << thrown.what() << std::endl;
            code = 1;
        }
        ::_exit(code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);

    std::filesystem::remove_all(folder);
    EXPECT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == nobody_mounts) {
        std::cout << "NOT TRIED: this system lets nobody mount a file system" << std::endl;
        return;
    }
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace rowmq::torture
