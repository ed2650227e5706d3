#include "storage/sqlite/sql_text.hpp"

#include <sstream>

#include "rowmq/error.hpp"

namespace rowmq::storage::sqlite {
namespace {

constexpr std::string_view name_mark = "-- name: ", rows_mark = "-- rows: ", row_mark = " -- row", row_place = "\x01";

bool take_prefix(std::string_view& line, std::string_view prefix) {
    if (!line.starts_with(prefix)) return false;
    line.remove_prefix(prefix.size());
    return true;
}

}  // namespace

std::string SqlText::with_rows(std::size_t count) const {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
        if (i) all += ",";
        all += row;
    }
    std::string out = sql;
    out.replace(out.find(row_place), row_place.size(), all);
    return out;
}

std::map<std::string, SqlText, std::less<>> parse_sql(const std::vector<SqlFile>& files) {
    std::map<std::string, SqlText, std::less<>> out;
    for (const auto& file : files) {
        SqlText* current = nullptr;
        std::istringstream lines{std::string(file.text)};
        for (std::string whole; std::getline(lines, whole);) {
            std::string_view line = whole;
            if (take_prefix(line, name_mark)) {
                const auto [at, fresh] = out.try_emplace(std::string(line));
                if (!fresh) throw Failure(std::string(file.name) + ": statement " + whole + " twice");
                current = &at->second;
            } else if (take_prefix(line, rows_mark) && current) {
                std::istringstream sizes{std::string(line)};
                for (std::size_t size = 0; sizes >> size;) current->rows.push_back(size);
            } else if (line.starts_with("--") || line.empty()) {
                continue;
            } else if (!current) {
                throw Failure(std::string(file.name) + ": SQL before the first name: " + whole);
            } else if (line.ends_with(row_mark)) {
                current->row = line.substr(0, line.size() - row_mark.size());
                current->sql += row_place;
                current->sql += '\n';
            } else {
                current->sql += line;
                current->sql += '\n';
            }
        }
    }
    for (const auto& [name, text] : out)
        if (text.sql.empty() || text.rows.empty() != text.row.empty()) throw Failure("SQL statement " + name + " is incomplete");
    return out;
}

const SqlText& sql_named(std::string_view name) {
    static const auto all = parse_sql(sql_statements());
    const auto found = all.find(name);
    if (found == all.end()) throw Failure("no SQL statement is named " + std::string(name));
    return found->second;
}

}  // namespace rowmq::storage::sqlite
