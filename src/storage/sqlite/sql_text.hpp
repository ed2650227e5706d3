#pragma once
// The text of sql/*.sql and migrations/*.sql, embedded by embed.cmake.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rowmq::storage::sqlite {

struct SqlFile {
    std::string_view name;
    std::string_view text;
};

const std::vector<SqlFile>& sql_statements();
const std::vector<SqlFile>& sql_migrations();

/// One named statement. `rows`: the sizes it is prepared in, largest first; empty: it has no repeated row.
struct SqlText {
    std::string sql;
    std::vector<std::size_t> rows;
    std::string row;  ///< what is repeated

    /// The statement with `count` rows.
    std::string with_rows(std::size_t count) const;
};

/// Reads "-- name: x", "-- rows: 64 8 1" and "... -- row". Throws Failure on what it does not understand.
std::map<std::string, SqlText, std::less<>> parse_sql(const std::vector<SqlFile>& files);

/// All of sql/*.sql, parsed once.
const SqlText& sql_named(std::string_view name);

}  // namespace rowmq::storage::sqlite
