// How soon a message reaches the receive that waits for it, over HTTP, in turns with SQLite's own commits of such a message.
//
// rowmq_bench_waiters PORT FILE CONNECTIONS SAMPLES: so many long polls on as many queues, FILE for SQLite alone.
// Prints one line of JSON: arrays of milliseconds. Exit: 0, or 1 with the reason on stderr.
// A client in C++, because one that needs a tenth of a millisecond for itself cannot tell what the server needs.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/bed.hpp"
#include "bench/http/sqs_connection.hpp"
#include "bench/measure.hpp"

namespace rowmq::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto pause_before_each = 2ms;
constexpr auto longest_answer = std::chrono::milliseconds(10'000);
const std::string message_body(1024, 'x');

struct Waiter {
    Waiter(int port, std::string url, std::string request) : connection(port), queue(std::move(url)), receive(std::move(request)) {}
    SqsConnection connection;
    std::string queue, receive;
};

class Waiters {
public:
    Waiters(int port, int count) : events_(::epoll_create1(0)) {
        SqsConnection creator(port);
        for (int i = 0; i < count; ++i) {
            const auto queue = field(creator.call(question("CreateQueue", fmt::format(R"({{"QueueName":"reached-{}"}})", i))), "QueueUrl");
            auto receive = question("ReceiveMessage", fmt::format(R"({{"QueueUrl":"{}","WaitTimeSeconds":20}})", queue));
            all_.push_back(std::make_unique<Waiter>(port, queue, std::move(receive)));
            epoll_event event{.events = EPOLLIN, .data = {.ptr = all_.back().get()}};
            if (::epoll_ctl(events_, EPOLL_CTL_ADD, all_.back()->connection.descriptor(), &event) != 0)
                throw std::runtime_error("epoll_ctl failed");
            all_.back()->connection.ask(all_.back()->receive);
        }
    }
    ~Waiters() { ::close(events_); }
    Waiter& at(std::size_t i) { return *all_[i % all_.size()]; }

    /// Those that were answered within `wait`, once one is.
    std::vector<Waiter*> answered(std::chrono::milliseconds wait) {
        epoll_event events[64];
        const int count = ::epoll_wait(events_, events, 64, static_cast<int>(wait.count()));
        std::vector<Waiter*> whole;
        for (int i = 0; i < count; ++i) {
            auto* waiter = static_cast<Waiter*>(events[i].data.ptr);
            if (waiter->connection.hear()) whole.push_back(waiter);
        }
        return whole;
    }
    void keep_waiting(std::chrono::milliseconds pause) {
        const auto until = now() + pause;
        while (now() < until)
            for (Waiter* waiter : answered(1ms)) waiter->connection.ask(waiter->receive);
    }

private:
    int events_;
    std::vector<std::unique_ptr<Waiter>> all_;
};

/// Milliseconds from the publish until its waiter has the message. Then it is deleted, and the waiter waits again.
double publish(Waiters& waiters, Waiter& waiter, SqsConnection& publisher) {
    const auto send = question("SendMessage", fmt::format(R"({{"QueueUrl":"{}","MessageBody":"{}"}})", waiter.queue, message_body));
    const auto began = now();
    publisher.ask(send);
    double reached = 0;
    while (reached == 0) {
        if (now() - began > longest_answer) throw std::runtime_error("a message did not reach its waiter within 10 s");
        for (Waiter* answered : waiters.answered(longest_answer)) {
            if (answered == &waiter && answered->connection.heard().find("ReceiptHandle") != std::string::npos)
                reached = seconds_since(began) * 1e3;
            else answered->connection.ask(answered->receive);
        }
    }
    while (!publisher.hear()) {}
    const auto handle = field(waiter.connection.heard(), "ReceiptHandle");
    publisher.call(question("DeleteMessage", fmt::format(R"({{"QueueUrl":"{}","ReceiptHandle":"{}"}})", waiter.queue, handle)));
    waiter.connection.ask(waiter.receive);
    return reached;
}

void measure(int port, const std::string& file, int connections, int samples) {
    Waiters waiters(port, connections);
    SqsConnection publisher(port);
    RawSqlite raw(store_settings(file));
    raw.declare(connections);
    std::vector<double> received, committed;
    // In turns and with a pause before each, so that neither finds the disk busy with the other.
    for (int i = 0; i < samples; ++i) {
        waiters.keep_waiting(pause_before_each);
        received.push_back(publish(waiters, waiters.at(static_cast<std::size_t>(i) * 7), publisher));
        waiters.keep_waiting(pause_before_each);
        const std::vector<RawRow> row{{.id = i + 1, .queue = i * 7 % connections + 1, .body = message_body}};
        const auto began = now();
        raw.commit(row, {});
        committed.push_back(seconds_since(began) * 1e3);
        if (raw.wal_pages() >= store_settings(file).checkpoint_pages) raw.checkpoint();
    }
    fmt::print("{{\"received\":[{:.4f}],\"committed\":[{:.4f}]}}\n", fmt::join(received, ","), fmt::join(committed, ","));
}

}  // namespace
}  // namespace rowmq::bench

int main(int count, char** words) {
    try {
        if (count != 5) throw std::runtime_error("rowmq_bench_waiters PORT FILE CONNECTIONS SAMPLES");
        rowmq::bench::measure(std::stoi(words[1]), words[2], std::stoi(words[3]), std::stoi(words[4]));
        return 0;
    } catch (const std::exception& thrown) {
        fmt::print(stderr, "{}\n", thrown.what());
        return 1;
    }
}
