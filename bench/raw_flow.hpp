#pragma once
// The baseline of publish -> next -> done: what a program would have SQLite do for the same messages.

#include <string>
#include <vector>

#include "measure.hpp"
#include "raw_sqlite.hpp"

namespace rowmq::bench {

/// Commits of `batch` puts together with the removal of the batch before.
class RawFlow final {
public:
    RawFlow(RawSettings settings, std::size_t bytes, std::size_t queues) : raw_(std::move(settings)), body_(bytes, 'x'), queues_(queues) {
        raw_.declare(static_cast<std::int64_t>(queues));
    }
    double run(std::size_t batch, double seconds) {
        std::uint64_t done = 0;
        const auto start = now();
        do {
            std::vector<RawRow> puts(batch);
            for (auto& row : puts) {
                row = {.id = next_, .queue = 1 + next_ % static_cast<std::int64_t>(queues_), .body = body_};
                ++next_;
            }
            raw_.commit(puts, before_);
            done += before_.size();
            before_ = std::move(puts);
        } while (seconds_since(start) < seconds);
        done_ += done;
        return static_cast<double>(done) / seconds_since(start);
    }
    std::uint64_t done() const { return done_; }

private:
    RawSqlite raw_;
    std::string body_;
    std::size_t queues_;
    std::int64_t next_ = 1;
    std::uint64_t done_ = 0;
    std::vector<RawRow> before_;
};

}  // namespace rowmq::bench
