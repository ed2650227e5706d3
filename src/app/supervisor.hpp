#pragma once
// What the program tells whoever supervises it: systemd's protocol for Type=notify (sd_notify(3)), without its library.
// Any thread. Errors: none; a supervisor that does not listen is not the program's problem.

#include <string>
#include <string_view>

namespace rowmq::app {

/// Sends `state` ("READY=1", "STOPPING=1"; assignments, one a line) to `socket`: a path, or an abstract name after '@'.
/// False when it could not be sent: no such socket, not a name of one.
bool tell(const std::string& socket, std::string_view state);
/// Is there a supervisor that wants to be told?
bool is_supervised();
/// The same to NOTIFY_SOCKET; nothing where nobody set it.
bool tell_supervisor(std::string_view state);

}  // namespace rowmq::app
