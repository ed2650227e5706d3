// `rowmq sql`: SQL over a store, read only, also while a server owns it. The views (rowmq_messages, ...) are described in
// doc/storage.md.

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>

#include "app/command.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "library/store_address.hpp"

namespace rowmq::app {
namespace {

namespace json = boost::json;

struct Sql {
    Target target;
    std::string text;
    bool csv = false, headers = true;
};

using Database = std::unique_ptr<sqlite3, decltype([](sqlite3* db) { sqlite3_close(db); })>;
using Query = std::unique_ptr<sqlite3_stmt, decltype([](sqlite3_stmt* s) { sqlite3_finalize(s); })>;

Error of(sqlite3* db) { return {Errc::invalid_argument, fmt::format("SQLite: {}", sqlite3_errmsg(db))}; }

/// A connection that cannot write. The owner's locks are its own process's, so this must not run inside it.
Result<Database> open_to_read(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return Error{Errc::no_such_queue, fmt::format("there is no store {}", path)};
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
    Database db(opened);
    if (code != SQLITE_OK) return of(db.get());
    sqlite3_busy_timeout(db.get(), 5'000);
    return db;
}

std::string_view bytes_of(sqlite3_stmt* row, int column) {
    const void* data = sqlite3_column_blob(row, column);  // before its size, as SQLite wants it
    return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

std::string hex_of(std::string_view bytes) {
    std::string out = "x'";
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out + "'";
}

/// For people: text as it is, bytes that are text too.
std::string cell(sqlite3_stmt* row, int column) {
    switch (sqlite3_column_type(row, column)) {
        case SQLITE_NULL: return "";
        case SQLITE_INTEGER: return std::to_string(sqlite3_column_int64(row, column));
        case SQLITE_FLOAT: return fmt::format("{}", sqlite3_column_double(row, column));
        default: break;
    }
    const auto bytes = bytes_of(row, column);
    return is_utf8(bytes) ? std::string(bytes) : hex_of(bytes);
}

json::value value_of(sqlite3_stmt* row, int column) {
    switch (sqlite3_column_type(row, column)) {
        case SQLITE_NULL: return nullptr;
        case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(row, column)};
        case SQLITE_FLOAT: return sqlite3_column_double(row, column);
        default: break;
    }
    const auto bytes = bytes_of(row, column);
    if (is_utf8(bytes)) return json::string(bytes);
    return json::object{{"base64", base64_encode(bytes)}};
}

std::string csv_of(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

/// One line: on a terminal or for a spreadsheet.
std::string line_of(const std::vector<std::string>& cells, const Sql& sql) {
    std::string line;
    for (const auto& one : cells) {
        if (&one != cells.data()) line += sql.csv ? "," : "|";
        line += sql.csv ? csv_of(one) : one;
    }
    return line + "\n";
}

/// False when nobody reads the output any longer.
Result<bool> run_one(sqlite3* db, sqlite3_stmt* query, const Sql& sql) {
    const int columns = sqlite3_column_count(query);
    std::vector<std::string> names;
    for (int i = 0; i < columns; ++i) names.emplace_back(sqlite3_column_name(query, i));
    if (columns > 0 && sql.headers && !sql.target.json && !print(line_of(names, sql))) return false;
    for (;;) {
        const int code = sqlite3_step(query);
        if (code == SQLITE_DONE) return true;
        if (code == SQLITE_READONLY)
            return Error{Errc::access_refused,
                         "rowmq sql only reads: messages are changed through the broker (send, purge, redrive, transactions)"};
        if (code != SQLITE_ROW) return of(db);
        bool read = true;
        if (sql.target.json) {
            json::object row;
            for (int i = 0; i < columns; ++i) row[names[static_cast<std::size_t>(i)]] = value_of(query, i);
            read = print(json::serialize(row) + "\n");
        } else {
            std::vector<std::string> cells;
            for (int i = 0; i < columns; ++i) cells.push_back(cell(query, i));
            read = print(line_of(cells, sql));
        }
        if (!read) return false;
    }
}

Exit run(const Sql& sql) {
    const auto store = store_of(sql.target);
    if (store.has_error()) return report(store.error(), sql.target.json);
    const auto address = library::parse_store_address(*store);
    if (address.has_error()) return report(address.error(), sql.target.json);
    if (address->kind != library::StoreAddress::Kind::sqlite)
        return report(Error{Errc::invalid_argument, fmt::format("{} is not a file: there is nothing to query", *store)}, sql.target.json);
    const auto db = open_to_read(address->path);
    if (db.has_error()) return report(db.error(), sql.target.json);
    const std::string text = sql.text.empty() ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : sql.text;
    const char* at = text.c_str();
    const char* const end = at + text.size();
    while (at < end) {
        sqlite3_stmt* prepared = nullptr;
        const char* rest = nullptr;
        const int code = sqlite3_prepare_v2(db->get(), at, static_cast<int>(end - at), &prepared, &rest);
        const Query query(prepared);
        if (code != SQLITE_OK) return report(of(db->get()), sql.target.json);
        at = rest;
        if (!query) continue;  // white space or a comment
        const auto done = run_one(db->get(), query.get(), sql);
        if (done.has_error()) return report(done.error(), sql.target.json);
        if (!*done) break;
    }
    return Exit::ok;
}

}  // namespace

void add_sql(CLI::App& program, Exit& exit) {
    const auto sql = std::make_shared<Sql>();
    auto& command = *program.add_subcommand("sql", "Query a store with SQL, read only, also while it is in use");
    command.add_option("query", sql->text, "What to run (default: standard input); messages are in the view rowmq_messages");
    command.add_flag("--csv", sql->csv, "Comma-separated values");
    command.add_flag("!--no-header", sql->headers, "Leave the column names out");
    add_target(command, sql->target);
    command.callback([sql, &exit] { exit = run(*sql); });
}

}  // namespace rowmq::app
