#include "storage/sqlite/owner.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "storage/sqlite/sqlite_test.hpp"

namespace rowmq::storage::sqlite {
namespace {

TEST(Owner, is_one_and_says_who_it_is) {
    Folder folder;
    EXPECT_FALSE(owner_of(folder.file()));
    auto first = OwnerLock::take(folder.file(), "127.0.0.1:15672");
    ASSERT_TRUE(first);

    const auto second = OwnerLock::take(folder.file(), "");
    const auto owner = owner_of(folder.file());

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::store_busy);
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->pid, ::getpid());
    EXPECT_EQ(owner->admin_address, "127.0.0.1:15672");
}

TEST(Owner, may_announce_another_address) {
    Folder folder;
    auto lock = OwnerLock::take(folder.file(), "127.0.0.1:15672");

    lock->announce("[::1]:9");

    EXPECT_EQ(owner_of(folder.file())->admin_address, "[::1]:9");
}

TEST(Owner, is_gone_when_it_lets_go) {
    Folder folder;
    { auto lock = OwnerLock::take(folder.file(), ""); }

    EXPECT_FALSE(owner_of(folder.file()));
    EXPECT_TRUE(OwnerLock::take(folder.file(), ""));
}

TEST(Owner, stays_when_somebody_asked_who_it_is) {
    Folder folder;
    auto lock = OwnerLock::take(folder.file(), "");
    owner_of(folder.file());

    EXPECT_FALSE(OwnerLock::take(folder.file(), ""));
}

TEST(Owner, is_the_same_by_every_name_of_the_file) {
    Folder folder;
    std::filesystem::create_directory(folder.file("real"));
    std::filesystem::create_symlink(folder.file("real"), folder.file("link"));
    auto lock = OwnerLock::take(folder.file("real/store.db"), "");

    EXPECT_FALSE(OwnerLock::take(folder.file("link/store.db"), ""));
}

TEST(Owner, is_not_kept_by_a_forked_child) {
    Folder folder;
    auto lock = OwnerLock::take(folder.file(), "");
    int begun[2], hold[2];
    ASSERT_EQ(::pipe(begun), 0);
    ASSERT_EQ(::pipe(hold), 0);
    char byte = 'x';
    const auto child = ::fork();
    if (child == 0) {
        [[maybe_unused]] const auto told = ::write(begun[1], &byte, 1);
        [[maybe_unused]] const auto waited = ::read(hold[0], &byte, 1);
        ::_exit(0);
    }
    ASSERT_EQ(::read(begun[0], &byte, 1), 1);

    lock->release();
    const bool free = OwnerLock::take(folder.file(), "").has_value();
    ASSERT_EQ(::write(hold[1], &byte, 1), 1);
    ::waitpid(child, nullptr, 0);

    EXPECT_TRUE(free);
}

TEST(Place, on_a_network_file_system_is_known_by_its_number) {
    EXPECT_EQ(network_file_system(0x6969), "NFS");
    EXPECT_EQ(network_file_system(0xff534d42), "CIFS");
    EXPECT_FALSE(network_file_system(0xef53));  // ext4
    EXPECT_FALSE(unfit_place(std::filesystem::temp_directory_path() / "store.db"));
}

}  // namespace
}  // namespace rowmq::storage::sqlite
