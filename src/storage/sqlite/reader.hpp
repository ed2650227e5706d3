#pragma once
// Answers page requests from read-only snapshots.
// Threads: one at a time. Errors: in Page::failure.

#include "storage/engine.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/statements.hpp"

namespace rowmq::storage::sqlite {

class Reader final {
public:
    /// `read_time`: of one page; 0: no bound.
    Reader(Connection connection, std::chrono::milliseconds read_time);

    /// Page::snapshot is the caller's to fill (before the call: what is committed by then is seen).
    Page read(const PageRequest& request);

private:
    void entries_after(const EntriesAfter& request, Page& page);
    std::optional<std::int64_t> first(Statement& statement, const EntriesAfter& request, Sequence bound);
    bool skip_groups(const EntriesAfter& request, Sequence up_to, Page& page);
    std::optional<Sequence> first_of_other_groups(const EntriesAfter& request, Sequence up_to);
    void lane_heads(const LaneHeads& request, Page& page);
    void due(const Due& request, Page& page);
    void delayed_of(const DelayedOf& request, Page& page);
    void read_messages(std::vector<std::int64_t> ids, Page& page);
    void check_deadline();

    Connection connection_;
    std::chrono::milliseconds read_time_;
    std::chrono::steady_clock::time_point deadline_{};
    Statement begin_read_, commit_, rollback_, entries_after_, entry_at_offset_, first_of_other_groups_, groups_after_, last_until_,
        lane_from_, lane_after_, messages_from_, due_, delayed_of_queue_, delayed_of_message_;
};

}  // namespace rowmq::storage::sqlite
