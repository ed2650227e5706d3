#pragma once
// Who may come in: users kept in the store, access keys of the settings, and guest while nobody else could administer.
// Threads: the broker's executor; passwords are hashed on a thread of its own, one after the other (login_turns.hpp).

#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amqp/login.hpp"
#include "amqp/login_turns.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::amqp {

struct LoggedIn {
    std::string name;
    std::vector<std::string> tags;
    bool everything = false;  ///< it has every permission in every virtual host
    bool has_tag(std::string_view tag) const;
};

/// What came of a login: somebody, nobody (not `busy`), or that so many wait for theirs that this one was not looked at.
struct LoginAnswer {
    std::optional<LoggedIn> someone;
    bool busy = false;
};

class Users final {
public:
    Users(Broker& broker, Logins keys, LoginLimits limits = {});
    ~Users();

    /// Who that is, when it can be said without hashing anything: an access key, guest, who came in before with the same
    /// password, or a name that is nobody's (`known` is false then).
    std::optional<LoggedIn> at_once(const Credentials& credentials, bool from_loopback, bool& known) const;
    /// Who that is; none: nobody, or from where it may not come. Those who say the same at once are checked once. `address`: of the
    /// client.
    awaitable<LoginAnswer> login(Credentials credentials, bool from_loopback, std::string address);
    /// Who a verified certificate names. None: no such user is stored, or it may not come from there.
    std::optional<LoggedIn> by_certificate(const std::string& name, bool from_loopback) const;
    /// As hash_password(), elsewhere.
    awaitable<std::optional<std::string>> hash(std::string password);

    /// guest with the password "guest" comes in from the same machine, and may do everything: until there is a user "guest", or
    /// another who administers, or an access key.
    bool guest_is_open() const;

private:
    /// A check under way, or one that waits for its turn.
    struct Check {
        explicit Check(const boost::asio::any_io_executor& on) : ended(on, boost::asio::steady_timer::time_point::max()) {}
        boost::asio::steady_timer ended;
        std::optional<bool> right;
    };
    boost::asio::thread_pool& threads();
    awaitable<bool> is_right(std::string proof, std::string address, std::string password, std::string hash);
    std::string proof(const Credentials& credentials, const std::string& hash) const;

    Broker& broker_;
    const Logins keys_;
    std::string secret_;                                    ///< of proofs
    std::map<std::string, std::string> proofs_;             ///< by user: what the last successful login proves again
    std::map<std::string, std::shared_ptr<Check>> checks_;  ///< by the same
    LoginTurns turns_;
    std::unique_ptr<boost::asio::thread_pool> threads_;
};

}  // namespace rowmq::amqp
