#include "amqp/users.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "amqp/password.hpp"
#include "base/sha256.hpp"

namespace rowmq::amqp {
namespace asio = boost::asio;
namespace {

constexpr std::size_t secret_bytes = 32, most_proofs = 10'000;
const std::string administrator = "administrator";

awaitable<bool> check(std::string password, std::string hash) { co_return is_password(password, hash); }
awaitable<std::optional<std::string>> make(std::string password) { co_return hash_password(password); }

}  // namespace

bool LoggedIn::has_tag(std::string_view tag) const { return std::find(tags.begin(), tags.end(), tag) != tags.end(); }

Users::Users(Broker& broker, Logins keys) : broker_(broker), keys_(std::move(keys)), secret_(secret_bytes, '\0') {
    RAND_bytes(reinterpret_cast<unsigned char*>(secret_.data()), static_cast<int>(secret_.size()));
}

Users::~Users() = default;

asio::thread_pool& Users::threads() {
    if (!threads_) threads_ = std::make_unique<asio::thread_pool>(1);
    return *threads_;
}

std::string Users::proof(const Credentials& credentials, const std::string& hash) const {
    return sha256_hex(secret_ + sha256_hex(hash) + credentials.password);
}

bool Users::guest_is_open() const {
    if (keys_.any()) return false;
    for (const auto& [name, user] : broker_.access().users)
        if (name == "guest" || std::find(user.tags.begin(), user.tags.end(), administrator) != user.tags.end()) return false;
    return true;
}

std::optional<LoggedIn> Users::at_once(const Credentials& credentials, bool from_loopback, bool& known) const {
    known = false;
    const LoggedIn everything{.name = credentials.user, .tags = {administrator}, .everything = true};
    if (keys_.any() && keys_.admits(credentials)) return everything;
    const auto& users = broker_.access().users;
    const auto found = users.find(credentials.user);
    if (found == users.end()) {
        const bool guest = credentials.user == "guest" && credentials.password == "guest";
        return guest && from_loopback && guest_is_open() ? std::optional(everything) : std::nullopt;
    }
    // RabbitMQ's loopback_users has this one, too.
    if (credentials.user == "guest" && !from_loopback) return std::nullopt;
    if (found->second.password.empty() || credentials.password.empty()) return std::nullopt;
    known = true;
    const auto proved = proofs_.find(credentials.user);
    if (proved == proofs_.end() || proved->second != proof(credentials, found->second.password)) return std::nullopt;
    return LoggedIn{.name = credentials.user, .tags = found->second.tags};
}

awaitable<std::optional<LoggedIn>> Users::login(Credentials credentials, bool from_loopback) {
    bool known = false;
    if (auto someone = at_once(credentials, from_loopback, known); someone || !known) co_return someone;
    const std::string hash = broker_.access().users.at(credentials.user).password;
    awaitable<bool> checking = check(credentials.password, hash);
    const bool right = co_await asio::co_spawn(threads(), std::move(checking), asio::use_awaitable);
    const auto found = broker_.access().users.find(credentials.user);
    if (!right || found == broker_.access().users.end() || found->second.password != hash) co_return std::nullopt;
    if (proofs_.size() >= most_proofs) proofs_.clear();
    proofs_[credentials.user] = proof(credentials, hash);
    LoggedIn someone;
    someone.name = credentials.user;
    someone.tags = found->second.tags;
    co_return someone;
}

awaitable<std::optional<std::string>> Users::hash(std::string password) {
    awaitable<std::optional<std::string>> making = make(std::move(password));
    std::optional<std::string> made = co_await asio::co_spawn(threads(), std::move(making), asio::use_awaitable);
    co_return made;
}

}  // namespace rowmq::amqp
