// Fills a queue with numbered messages, or empties it and says which came: the client of backlog.py.
//
// torture_backlog fill PORT MESSAGES: sends 0 to MESSAGES - 1, 256 bytes each, in batches of 10.
// torture_backlog drain PORT MESSAGES: receives and deletes until nothing comes. Prints "missing N twice N".
// Exit: 0, or 1 with the reason on stderr.

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/http/sqs_connection.hpp"

namespace rowmq::test {
namespace {

using bench::SqsConnection;

constexpr int connections = 32;
constexpr std::size_t batch = 10, body_bytes = 256, digits = 12;
constexpr const char* queue_url = "http://127.0.0.1/000000000000/backlog";

/// Connections with one question each under way, until each has nothing more to ask.
class Asking {
public:
    explicit Asking(int port) : events_(::epoll_create1(0)) {
        for (int i = 0; i < connections; ++i) {
            all_.push_back(std::make_unique<SqsConnection>(port));
            epoll_event event{.events = EPOLLIN, .data = {.u32 = static_cast<std::uint32_t>(i)}};
            if (::epoll_ctl(events_, EPOLL_CTL_ADD, all_.back()->descriptor(), &event) != 0) throw std::runtime_error("epoll_ctl failed");
        }
    }
    ~Asking() { ::close(events_); }

    /// `next(connection, answer)` is the next question of a connection, or empty; the first answer is empty.
    template <typename Next>
    void run(Next next) {
        int left = 0;
        const auto go_on = [&](int i, const std::string& answer) {
            const std::string asked = next(i, answer);
            if (!asked.empty()) all_[static_cast<std::size_t>(i)]->ask(asked);
            return !asked.empty();
        };
        for (int i = 0; i < connections; ++i) left += go_on(i, "") ? 1 : 0;
        while (left > 0) {
            epoll_event events[connections];
            const int count = ::epoll_wait(events_, events, connections, -1);
            for (int e = 0; e < count; ++e) {
                const auto i = events[e].data.u32;
                if (all_[i]->hear() && !go_on(static_cast<int>(i), all_[i]->heard())) --left;
            }
        }
    }

private:
    int events_;
    std::vector<std::unique_ptr<SqsConnection>> all_;
};

void fill(int port, std::int64_t messages) {
    SqsConnection(port).call(bench::question("CreateQueue", R"({"QueueName":"backlog"})"));
    const std::string filler(body_bytes - digits, 'x');
    std::int64_t sent = 0;
    Asking(port).run([&](int, const std::string& answer) -> std::string {
        if (answer.find("\"Failed\":[{") != std::string::npos) throw std::runtime_error("an entry was refused: " + answer);
        if (sent == messages) return {};
        std::string body = fmt::format(R"({{"QueueUrl":"{}","Entries":[)", queue_url);
        for (std::size_t i = 0; i < batch && sent < messages; ++i, ++sent)
            body += fmt::format(R"({}{{"Id":"{}","MessageBody":"{:0{}}{}"}})", i > 0 ? "," : "", i, sent, digits, filler);
        return bench::question("SendMessageBatch", body + "]}");
    });
}

void drain(int port, std::int64_t messages) {
    const std::string receive =
        bench::question("ReceiveMessage", fmt::format(R"({{"QueueUrl":"{}","MaxNumberOfMessages":10,"WaitTimeSeconds":2}})", queue_url));
    std::vector<bool> came(static_cast<std::size_t>(messages), false);
    std::int64_t twice = 0, missing = messages;
    Asking(port).run([&](int, const std::string& answer) -> std::string {
        const bool of_receive = answer.find("\"Messages\"") != std::string::npos;
        if (!of_receive) return answer.empty() || answer.find("\"Successful\"") != std::string::npos ? receive : std::string();
        std::string body = fmt::format(R"({{"QueueUrl":"{}","Entries":[)", queue_url);
        std::size_t at = 0, handles = 0, entries = 0;
        for (std::string_view text; !(text = bench::next_field(answer, "Body", at)).empty();) {
            std::int64_t number = -1;
            std::from_chars(text.data(), text.data() + digits, number);
            if (text.size() != body_bytes || number < 0 || number >= messages) throw std::runtime_error("nobody sent " + std::string(text));
            if (came[static_cast<std::size_t>(number)]) ++twice;
            else --missing;
            came[static_cast<std::size_t>(number)] = true;
        }
        for (std::string_view handle; !(handle = bench::next_field(answer, "ReceiptHandle", handles)).empty(); ++entries)
            body += fmt::format(R"({}{{"Id":"{}","ReceiptHandle":"{}"}})", entries > 0 ? "," : "", entries, handle);
        return entries > 0 ? bench::question("DeleteMessageBatch", body + "]}") : std::string();
    });
    fmt::print("missing {} twice {}\n", missing, twice);
}

}  // namespace
}  // namespace rowmq::test

int main(int count, char** words) {
    try {
        if (count != 4) throw std::runtime_error("torture_backlog fill|drain PORT MESSAGES");
        const std::string what = words[1];
        const auto run = what == "fill" ? &rowmq::test::fill : &rowmq::test::drain;
        run(std::stoi(words[2]), std::stoll(words[3]));
        return 0;
    } catch (const std::exception& thrown) {
        fmt::print(stderr, "{}\n", thrown.what());
        return 1;
    }
}
