#include "app/supervisor.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>

namespace rowmq::app {
namespace {

/// A supervisor: a socket that hears one datagram.
class Supervisor {
public:
    explicit Supervisor(const std::string& name) : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@') address.sun_path[0] = '\0';
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        listening_ = ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), length) == 0;
    }
    ~Supervisor() { ::close(descriptor_); }
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    bool listening() const { return listening_; }
    std::string heard() const {
        char text[256];
        const auto size = ::recv(descriptor_, text, sizeof text, 0);
        return size < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(size));
    }

private:
    int descriptor_;
    bool listening_ = false;
};

std::string unique(const char* what) { return std::string(what) + std::to_string(::getpid()); }

TEST(Supervisor, hears_what_is_told_to_a_path) {
    const auto path = (std::filesystem::temp_directory_path() / unique("rowmq-notify-")).string();
    const Supervisor supervisor(path);
    ASSERT_TRUE(supervisor.listening());

    EXPECT_TRUE(tell(path, "READY=1\nSTATUS=serving"));

    EXPECT_EQ(supervisor.heard(), "READY=1\nSTATUS=serving");
    std::filesystem::remove(path);
}

TEST(Supervisor, hears_what_is_told_to_an_abstract_name) {
    const auto name = unique("@rowmq-notify-");
    const Supervisor supervisor(name);
    ASSERT_TRUE(supervisor.listening());

    EXPECT_TRUE(tell(name, "STOPPING=1"));

    EXPECT_EQ(supervisor.heard(), "STOPPING=1");
}

TEST(Supervisor, that_is_not_there_is_no_error) {
    EXPECT_FALSE(tell("/nowhere/rowmq", "READY=1"));
    EXPECT_FALSE(tell("", "READY=1"));
    EXPECT_FALSE(tell("relative", "READY=1"));
    EXPECT_FALSE(tell("/" + std::string(200, 'x'), "READY=1"));
}

TEST(Supervisor, is_the_one_of_the_environment) {
    const auto name = unique("@rowmq-environment-");
    const Supervisor supervisor(name);
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_FALSE(is_supervised());
    EXPECT_FALSE(tell_supervisor("READY=1"));

    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    EXPECT_TRUE(is_supervised());
    EXPECT_TRUE(tell_supervisor("READY=1"));
    ::unsetenv("NOTIFY_SOCKET");

    EXPECT_EQ(supervisor.heard(), "READY=1");
}

}  // namespace
}  // namespace rowmq::app
