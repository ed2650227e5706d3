#include "storage/sqlite/applications.hpp"

#include <array>
#include <stdexcept>

namespace rowmq::storage::sqlite {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::array<std::string_view, 18> own_tables = {
    "meta",        "namespaces",        "queues",     "counters",         "messages",         "queue_messages", "delayed_messages",
    "shares",      "exchanges",         "bindings",   "deduplications_a", "deduplications_b", "tasks",          "users",
    "permissions", "topic_permissions", "parameters", "sqlite_schema"};

bool is_own(std::string_view name) {
    // SQLite's names do not distinguish case.
    std::string lower(name);
    for (auto& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return lower.starts_with("rowmq_") || std::find(own_tables.begin(), own_tables.end(), lower) != own_tables.end();
}

struct Deadline {
    SteadyClock::time_point at;
    static int passed(void* self) { return SteadyClock::now() > static_cast<Deadline*>(self)->at; }
};

class Staging final : public Transaction {
public:
    Staging(sqlite3* db, Gate& gate) : db_(db), gate_(gate) {}

    sqlite3* sqlite() override { return db_; }
    void execute(std::string_view sql) override {
        char* text = nullptr;
        const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, &text);
        if (code == SQLITE_OK) return;
        std::string why = text ? text : sqlite3_errstr(code);
        sqlite3_free(text);
        if (auto refusal = gate_.take_refusal(); !refusal.empty()) why = refusal;
        throw std::runtime_error(why);
    }
    void publish(Publish message) override { work.publishes.push_back(std::move(message)); }
    void settle(Settlement settlement) override { work.settlements.push_back(settlement); }

    Work work;

private:
    sqlite3* db_;
    Gate& gate_;
};

/// Statements the function left running would keep COMMIT from working.
void end_statements(sqlite3* db) {
    for (sqlite3_stmt* s = sqlite3_next_stmt(db, nullptr); s; s = sqlite3_next_stmt(db, s))
        if (sqlite3_stmt_busy(s)) sqlite3_reset(s);
}

}  // namespace

void Gate::install(sqlite3* db) { sqlite3_set_authorizer(db, &Gate::ask, this); }

int Gate::ask(void* self, int action, const char* a, const char* b, const char*, const char*) {
    auto& gate = *static_cast<Gate*>(self);
    if (!gate.shut_) return SQLITE_OK;
    return gate.judge(action, a ? a : "", b ? b : "");
}

int Gate::refuse(std::string why) {
    refusal_ = std::move(why);
    return SQLITE_DENY;
}

int Gate::judge(int action, std::string_view a, std::string_view b) {
    const auto quoted = [](std::string_view name) { return "\"" + std::string(name) + "\""; };
    switch (action) {
        case SQLITE_TRANSACTION:
        case SQLITE_SAVEPOINT: return refuse("the broker begins and commits: " + std::string(a) + " is refused inside transaction()");
        case SQLITE_ATTACH:
        case SQLITE_DETACH: return refuse("ATTACH and DETACH are refused inside transaction()");
        case SQLITE_PRAGMA: return refuse("PRAGMA " + std::string(a) + " is refused inside transaction()");
        // Its figures would change the plans of the broker's statements.
        case SQLITE_ANALYZE: return refuse("ANALYZE is refused inside transaction()");
        case SQLITE_FUNCTION: return b == "load_extension" ? refuse("load_extension() is refused inside transaction()") : SQLITE_OK;
        case SQLITE_INSERT:
        case SQLITE_UPDATE:
        case SQLITE_DELETE:
            if (is_own(a)) return refuse("the broker's table " + quoted(a) + " is written by the broker only");
            return SQLITE_OK;
        case SQLITE_CREATE_TABLE:
        case SQLITE_CREATE_TEMP_TABLE:
        case SQLITE_CREATE_VIEW:
        case SQLITE_CREATE_TEMP_VIEW:
        case SQLITE_CREATE_VTABLE:
        case SQLITE_DROP_TABLE:
        case SQLITE_DROP_VIEW:
            if (is_own(a)) return refuse("the name " + quoted(a) + " is the broker's");
            return SQLITE_OK;
        case SQLITE_CREATE_INDEX:
        case SQLITE_CREATE_TRIGGER:
        case SQLITE_CREATE_TEMP_INDEX:
        case SQLITE_CREATE_TEMP_TRIGGER:
        case SQLITE_DROP_INDEX:
        case SQLITE_DROP_TRIGGER:
        case SQLITE_ALTER_TABLE:
            if (is_own(b) || is_own(a)) return refuse("the broker's table " + quoted(b) + " is changed by the broker only");
            return SQLITE_OK;
        default: return SQLITE_OK;
    }
}

std::string overrun_text(const Application& application) {
    return "the function ran longer than " + std::to_string(application.limit.count()) + " ms (transaction_time)";
}

std::string run_application(sqlite3* db, Gate& gate, const Application& application, const std::function<bool(const Batch&)>& apply) {
    Deadline deadline{SteadyClock::now() + application.limit};
    Staging staging(db, gate);
    std::string problem;

    gate.shut();
    if (application.limit.count() > 0) sqlite3_progress_handler(db, 1000, &Deadline::passed, &deadline);
    try {
        application.run(staging);
    } catch (const std::exception& thrown) {
        problem = thrown.what();
        if (problem.empty()) problem = "the function threw an exception without a text";
    } catch (...) {
        problem = "the function threw something that is not a std::exception";
    }
    sqlite3_progress_handler(db, 0, nullptr, nullptr);
    end_statements(db);
    gate.open();
    const auto refusal = gate.take_refusal();

    const bool late = application.limit.count() > 0 && Deadline::passed(&deadline);
    if (sqlite3_get_autocommit(db)) {
        if (late) throw TransactionLost{application.unit};
        throw_broken(db, sqlite3_errcode(db), "an application's function");
    }
    if (late) return overrun_text(application);
    if (!problem.empty()) return problem;
    // A refused statement whose error the function ignored: the function did less than it believes.
    if (!refusal.empty()) return refusal;
    if (staging.work.publishes.empty() && staging.work.settlements.empty()) return {};

    auto prepared = application.prepare(std::move(staging.work));
    if (!prepared) return prepared.error().text.empty() ? std::string(name_of(prepared.error().code)) : prepared.error().text;
    if (!apply(**prepared))
        return "a part of the transaction was refused: a message it settles is gone, or one it publishes is a duplicate";
    return {};
}

}  // namespace rowmq::storage::sqlite
