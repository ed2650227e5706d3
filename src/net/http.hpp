#pragma once
// HTTP requests and responses as values, and who waits for the answer.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowmq::net {

using boost::asio::awaitable;

/// Header fields in their order, kept in one piece of text.
class Fields {
public:
    void add(std::string_view name, std::string_view value);
    /// The first field of that name, in any case; empty when there is none.
    std::string_view get(std::string_view name) const noexcept;
    std::size_t size() const noexcept { return places_.size(); }
    std::pair<std::string_view, std::string_view> operator[](std::size_t i) const noexcept;

private:
    struct Place {
        std::uint32_t at, name, value;
    };
    std::string text_;
    std::vector<Place> places_;
};

/// The client, as a handler that waits needs to know it.
class Peer {
public:
    virtual ~Peer() = default;
    virtual std::string address() const = 0;
    /// The client hung up: nobody will read the answer.
    virtual bool gone() const noexcept = 0;
    /// Calls `then` once, when there is no reason to wait any longer: the client hung up or the server is stopping. At
    /// once if it is so already. Forgotten when the answer is given.
    virtual void on_end(std::function<void()> then) = 0;
};

struct Request {
    std::string method;  ///< as sent: "POST"
    std::string target;  ///< path and query as sent
    Fields fields;
    std::string body;
    bool secure = false;   ///< came through TLS
    Peer* peer = nullptr;  ///< valid until the answer; null where there is no connection (tests)

    std::string_view path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }
    std::string_view query() const noexcept {
        const auto mark = target.find('?');
        return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
    }
};

struct Response {
    unsigned status = 200;
    std::string content_type;
    std::vector<std::pair<std::string, std::string>> fields;  ///< further ones; values must not hold CR or LF
    std::string body;
    /// Awaited instead of nothing when the answer could not be given to the client.
    std::function<awaitable<void>()> unsent;
};

using Handler = std::function<awaitable<Response>(Request)>;

/// "OK" for 200.
std::string_view reason_of(unsigned status) noexcept;

}  // namespace rowmq::net
