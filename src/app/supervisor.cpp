#include "app/supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace rowmq::app {

bool tell(const std::string& socket, std::string_view state) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.size() < 2 || socket.size() >= sizeof(address.sun_path) || (socket[0] != '/' && socket[0] != '@')) return false;
    std::memcpy(address.sun_path, socket.data(), socket.size());
    if (socket[0] == '@') address.sun_path[0] = '\0';
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return false;
    // An abstract name is as long as the address says, without a zero at its end.
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
    const auto sent = ::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
    ::close(descriptor);
    return sent == static_cast<ssize_t>(state.size());
}

bool is_supervised() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

bool tell_supervisor(std::string_view state) {
    const char* socket = std::getenv("NOTIFY_SOCKET");
    return socket && tell(socket, state);
}

}  // namespace rowmq::app
