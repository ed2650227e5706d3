#pragma once
// A server for tests that answers with exactly the bytes it was told to, one text a request, whatever was asked.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace rowmq::net {

class ScriptedServer final {
public:
    struct Step {
        std::string answer;
        bool close = false;  ///< behind the answer
    };

    explicit ScriptedServer(boost::asio::io_context& io)
        : acceptor_(io, {boost::asio::ip::make_address("127.0.0.1"), 0}), port_(acceptor_.local_endpoint().port()) {
        boost::asio::co_spawn(io, accept(), boost::asio::detached);
    }

    std::string url(std::string path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
    /// What nobody asked for, on every connection.
    void say(std::string_view bytes) {
        for (const auto& socket : sockets_) boost::asio::write(*socket, boost::asio::buffer(bytes));
    }

    std::deque<Step> steps;          ///< none left: requests wait for ever
    std::vector<std::string> heard;  ///< the head of each request
    std::size_t connections = 0;

private:
    using tcp = boost::asio::ip::tcp;

    boost::asio::awaitable<void> accept() {
        boost::system::error_code error;
        for (;;) {
            auto socket = std::make_shared<tcp::socket>(
                co_await acceptor_.async_accept(boost::asio::redirect_error(boost::asio::use_awaitable, error)));
            if (error) co_return;
            ++connections;
            sockets_.push_back(socket);
            boost::asio::co_spawn(acceptor_.get_executor(), serve(socket), boost::asio::detached);
        }
    }

    boost::asio::awaitable<void> serve(std::shared_ptr<tcp::socket> socket) {
        boost::system::error_code error;
        std::string request;
        char buffer[4096];
        for (;;) {
            while (request.find("\r\n\r\n") == std::string::npos) {
                const std::size_t count = co_await socket->async_read_some(boost::asio::buffer(buffer),
                                                                           boost::asio::redirect_error(boost::asio::use_awaitable, error));
                if (error) co_return;
                request.append(buffer, count);
            }
            heard.push_back(request);
            request.clear();
            if (steps.empty()) continue;
            const Step step = steps.front();
            steps.pop_front();
            co_await boost::asio::async_write(*socket, boost::asio::buffer(step.answer),
                                              boost::asio::redirect_error(boost::asio::use_awaitable, error));
            if (step.close) socket->close();
        }
    }

    tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::vector<std::shared_ptr<tcp::socket>> sockets_;
};

}  // namespace rowmq::net
