#include "amqp/users.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
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

Users::Users(Broker& broker, Logins keys, LoginLimits limits)
    : broker_(broker), keys_(std::move(keys)), secret_(secret_bytes, '\0'), turns_(limits) {
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

awaitable<LoginAnswer> Users::login(Credentials credentials, bool from_loopback, std::string address) {
    LoginAnswer answer;
    bool known = false;
    answer.someone = at_once(credentials, from_loopback, known);
    if (answer.someone || !known) co_return answer;
    const std::string hash = broker_.access().users.at(credentials.user).password;
    const std::string mine = proof(credentials, hash);
    bool right = false;
    if (const auto same = checks_.find(mine); same != checks_.end()) {
        const std::shared_ptr<Check> check = same->second;
        boost::system::error_code ignored;
        while (!check->right) co_await check->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        right = *check->right;
    } else if (!turns_.has_room(address)) {
        answer.busy = true;
        co_return answer;
    } else {
        right = co_await is_right(mine, std::move(address), credentials.password, hash);
    }
    const auto found = broker_.access().users.find(credentials.user);
    if (!right || found == broker_.access().users.end() || found->second.password != hash) co_return answer;
    if (proofs_.size() >= most_proofs) proofs_.clear();
    proofs_[credentials.user] = mine;
    answer.someone.emplace();
    answer.someone->name = credentials.user;
    answer.someone->tags = found->second.tags;
    co_return answer;
}

/// When it is its turn; others that ask the same meanwhile are told as well, also where there was no memory to know.
awaitable<bool> Users::is_right(std::string proof, std::string address, std::string password, std::string hash) {
    const auto one = std::make_shared<Check>(broker_.executor());
    checks_.emplace(proof, one);
    const auto tell = [&](bool right) {
        one->right = right;
        one->ended.cancel();
        checks_.erase(proof);
        turns_.leave();
    };
    co_await turns_.take(std::move(address));
    bool right = false;
    try {
        awaitable<bool> checking = check(std::move(password), std::move(hash));
        right = co_await asio::co_spawn(threads(), std::move(checking), asio::use_awaitable);
    } catch (...) {
        tell(false);
        throw;
    }
    tell(right);
    co_return right;
}

std::optional<LoggedIn> Users::by_certificate(const std::string& name, bool from_loopback) const {
    const auto found = broker_.access().users.find(name);
    if (name.empty() || found == broker_.access().users.end() || (name == "guest" && !from_loopback)) return std::nullopt;
    return LoggedIn{.name = name, .tags = found->second.tags};
}

awaitable<std::optional<std::string>> Users::hash(std::string password) {
    awaitable<std::optional<std::string>> making = make(std::move(password));
    std::optional<std::string> made = co_await asio::co_spawn(threads(), std::move(making), asio::use_awaitable);
    co_return made;
}

}  // namespace rowmq::amqp
