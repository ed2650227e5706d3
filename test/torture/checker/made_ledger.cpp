// made_ledger OPERATIONS > FILE: a right history of that many lines, to measure the checker with: eight producers and
// consumers on a standard and a FIFO queue, batches, leases that run out, answers that were lost, a kill now and then.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace {

constexpr std::int64_t microsecond = 1'000, second = 1'000'000'000;

class Maker final {
public:
    explicit Maker(std::int64_t most) : most_(most) {}

    void all() {
        std::puts("# rowmq ledger 1");
        line(1, "main queue work ok kind=standard");
        line(1, "main queue work.fifo ok kind=fifo");
        while (number_ + 60 < most_) {
            round();
            if (number_ / 20'000 != killed_) kill();
        }
        while (number_ + 1 < most_) line(1, "consumer-0 receive - ok q=work ms=30000 wait=0");
        line(1, "main quiet - ok");
    }

private:
    void line(std::int64_t micros, const std::string& rest) {
        std::printf("%lld %lld %lld %s\n", static_cast<long long>(++number_), static_cast<long long>(now_),
                    static_cast<long long>(now_ + micros * microsecond), rest.c_str());
        now_ += micros * microsecond + 1;
    }

    /// Up to ten messages: sent, received in one call, some a second time after a lease ran out, deleted.
    void round() {
        const auto producer = draw_() % 8;
        const bool fifo = draw_() % 3 == 0;
        const std::string queue = fifo ? "q=work.fifo" : "q=work";
        const std::string group = " g=group-" + std::to_string(producer) + "-" + std::to_string(draw_() % 50);
        const auto count = 1 + draw_() % 10;
        const auto first = sent_;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto name = name_of(producer, sent_);
            std::string rest = "producer-" + std::to_string(producer) + " send " + name;
            const bool lost = draw_() % 200 == 0;
            rest += (lost ? " info " : " ok ") + queue + " crc=" + std::to_string(crc(sent_));
            if (fifo) rest += group + " dedup=" + name;
            if (!lost) rest += id(sent_) + (fifo ? " seq=" + std::to_string(sent_ + 1) : "");
            line(80, rest);
            ++sent_;
        }
        const bool again = draw_() % 50 == 0;
        const auto grant = receive(queue, fifo ? group : "", producer, first, 1);
        if (again) now_ += 31 * second;
        const auto newest = again ? receive(queue, fifo ? group : "", producer, first, 2) : grant;
        for (auto n = first; n < sent_; ++n)
            line(60, "consumer-" + std::to_string(producer) + " delete " + name_of(producer, n) + " ok " + queue +
                         " grant=" + std::to_string(newest + static_cast<std::int64_t>(n - first)));
    }

    std::int64_t receive(const std::string& queue, const std::string& group, std::uint64_t consumer, std::uint64_t first, int count) {
        const auto began = now_;
        const auto grant = number_ + 1;
        for (auto n = first; n < sent_; ++n) {
            now_ = began;
            line(90, "consumer-" + std::to_string(consumer) + " receive " + name_of(consumer, n) + " ok " + queue + group +
                         " ms=30000 wait=1000 n=" + std::to_string(count) + " crc=" + std::to_string(crc(n)) + id(n));
        }
        return grant;
    }

    void kill() {
        killed_ = number_ / 20'000;
        line(1'000, "main kill - ok");
        now_ += second / 5;
    }

    static std::string name_of(std::uint64_t producer, std::uint64_t n) {
        return "producer-" + std::to_string(producer) + ":" + std::to_string(n);
    }
    static std::string id(std::uint64_t n) { return " m=4f1c2d7e-0000-4000-8000-" + std::to_string(100'000'000'000 + n); }
    static std::uint32_t crc(std::uint64_t n) { return static_cast<std::uint32_t>(n * 2'654'435'761u) | 1; }

    const std::int64_t most_;
    std::int64_t number_ = 0, now_ = second, killed_ = 0;
    std::uint64_t sent_ = 0;
    std::mt19937_64 draw_{1};
};

}  // namespace

int main(int argc, char** argv) {
    const auto operations = argc == 2 ? std::atoll(argv[1]) : 0;
    if (operations < 100) {
        std::fputs("Usage: made_ledger OPERATIONS > FILE (100 or more)\n", stderr);
        return 2;
    }
    Maker(operations).all();
}
