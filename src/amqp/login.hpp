#pragma once
// Who may come in: what clients answer to connection.start, and whom that is compared with.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowmq::amqp {

struct Credentials {
    std::string user, password;
};

/// What a client said under PLAIN or AMQPLAIN. None: it is malformed, or the mechanism is another.
std::optional<Credentials> credentials_of(std::string_view mechanism, std::string_view response);

inline constexpr std::string_view mechanisms = "AMQPLAIN PLAIN";

/// The access keys of the settings, which are users here.
class Logins final {
public:
    explicit Logins(std::vector<Credentials> users = {}) : users_(std::move(users)) {}
    bool any() const noexcept { return !users_.empty(); }
    bool admits(const Credentials& credentials) const;
    const std::vector<Credentials>& all() const noexcept { return users_; }

private:
    std::vector<Credentials> users_;
};

}  // namespace rowmq::amqp
