#pragma once
// An application's own SQL inside the writer's transaction: what it may do, for how long, and what it staged.
// Threads: the writer's.

#include <chrono>
#include <functional>
#include <string>

#include "storage/engine.hpp"
#include "storage/sqlite/database.hpp"

namespace rowmq::storage::sqlite {

/// Stands at the connection's authorizer for ever (installing one expires every prepared statement) and is shut only
/// while an application's function runs. Asked when SQL is prepared, so it costs nothing when statements run.
class Gate final {
public:
    void install(sqlite3* db);
    void shut() noexcept { shut_ = true; }
    void open() noexcept { shut_ = false; }
    /// Why the last statement was refused, or empty.
    std::string take_refusal() { return std::exchange(refusal_, {}); }

private:
    static int ask(void* self, int action, const char* a, const char* b, const char* database, const char* trigger);
    int judge(int action, std::string_view a, std::string_view b);
    int refuse(std::string why);
    bool shut_ = false;
    std::string refusal_;
};

/// The application's function ran over its limit inside a writing statement: SQLite has rolled the whole transaction back.
struct TransactionLost {
    Unit unit;
};

std::string overrun_text(const Application& application);

/// Runs `application` inside the savepoint that is open; `apply` stores what it staged and says whether all of it held.
/// Empty when it is to be released, else why it is to be rolled back. Throws TransactionLost, and Broken.
std::string run_application(sqlite3* db, Gate& gate, const Application& application, const std::function<bool(const Batch&)>& apply);

}  // namespace rowmq::storage::sqlite
