#include "test/conformance/postgres_spike/connection.hpp"

#include <libpq-fe.h>

#include <bit>

#include "rowmq/error.hpp"
#include "test/conformance/postgres_spike/statements.hpp"

namespace rowmq::conformance::postgres_spike {
namespace {

constexpr std::uint32_t type_bytea = 17, type_bigint = 20, type_text = 25;

template <typename T>
void append(std::string& out, T value) {
    for (int shift = (sizeof(T) - 1) * 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff);
}

std::string array_header(std::size_t size, std::uint32_t type) {
    std::string out;
    append<std::int32_t>(out, size ? 1 : 0);  // dimensions
    append<std::int32_t>(out, 1);             // may hold nulls
    append<std::uint32_t>(out, type);
    if (size) {
        append<std::int32_t>(out, static_cast<std::int32_t>(size));
        append<std::int32_t>(out, 1);  // first index
    }
    return out;
}

}  // namespace

Parameters& Parameters::integer(std::int64_t value) {
    std::string bytes;
    append(bytes, value);
    all_.push_back({false, std::move(bytes)});
    return *this;
}

Parameters& Parameters::text(std::optional<std::string_view> value) {
    all_.push_back({!value, std::string(value.value_or(""))});
    return *this;
}

Parameters& Parameters::integers(const std::vector<std::optional<std::int64_t>>& values) {
    std::string bytes = array_header(values.size(), type_bigint);
    for (const auto& value : values) {
        append<std::int32_t>(bytes, value ? 8 : -1);
        if (value) append(bytes, *value);
    }
    all_.push_back({false, std::move(bytes)});
    return *this;
}

Parameters& Parameters::strings(const std::vector<std::optional<std::string_view>>& values, std::uint32_t type) {
    std::string bytes = array_header(values.size(), type);
    for (const auto& value : values) {
        append<std::int32_t>(bytes, value ? static_cast<std::int32_t>(value->size()) : -1);
        if (value) bytes += *value;
    }
    all_.push_back({false, std::move(bytes)});
    return *this;
}

Parameters& Parameters::texts(const std::vector<std::optional<std::string_view>>& values) { return strings(values, type_text); }
Parameters& Parameters::blobs(const std::vector<std::optional<std::string_view>>& values) { return strings(values, type_bytea); }

Rows::Rows(pg_result* result) : result_(result, PQclear) {}
std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
bool Rows::is_null(std::size_t row, int column) const { return PQgetisnull(result_.get(), static_cast<int>(row), column); }

std::string_view Rows::bytes(std::size_t row, int column) const {
    return {PQgetvalue(result_.get(), static_cast<int>(row), column),
            static_cast<std::size_t>(PQgetlength(result_.get(), static_cast<int>(row), column))};
}

std::int64_t Rows::integer(std::size_t row, int column) const {
    const std::string_view value = bytes(row, column);
    std::uint64_t result = !value.empty() && static_cast<signed char>(value[0]) < 0 ? ~std::uint64_t{0} : 0;
    for (char byte : value) result = result << 8 | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(result);
}

Connection::Connection(const std::string& target, const std::string& search_path)
    : connection_(PQconnectdb((target + " options='-c search_path=" + search_path + " -c client_min_messages=error'").c_str())) {
    if (PQstatus(connection_) == CONNECTION_OK) return;
    const std::string text = PQerrorMessage(connection_);
    PQfinish(connection_);
    throw Failure("connect: " + text);
}

Connection::~Connection() { PQfinish(connection_); }

void Connection::run(const std::string& sql) {
    const Rows rows(PQexec(connection_, sql.c_str()));
    if (PQstatus(connection_) != CONNECTION_OK || *PQerrorMessage(connection_)) throw Failure(PQerrorMessage(connection_));
}

void Connection::prepare() {
    for (const auto& [name, sql] : statements()) {
        if (name == "schema") continue;
        pg_result* result = PQprepare(connection_, name.c_str(), sql.c_str(), 0, nullptr);
        const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        if (!good) throw Failure("prepare " + name + ": " + PQerrorMessage(connection_));
    }
}

void Connection::enter_pipeline() {
    if (!PQenterPipelineMode(connection_)) throw Failure(PQerrorMessage(connection_));
}

void Connection::send(const std::string& statement, const Parameters& parameters) {
    std::vector<const char*> values;
    std::vector<int> lengths, formats;
    for (const auto& one : parameters.all_) {
        values.push_back(one.null ? nullptr : one.bytes.data());
        lengths.push_back(static_cast<int>(one.bytes.size()));
        formats.push_back(1);
    }
    if (!PQsendQueryPrepared(connection_, statement.c_str(), static_cast<int>(values.size()), values.data(), lengths.data(), formats.data(),
                             1))
        throw Failure(statement + ": " + PQerrorMessage(connection_));
}

void Connection::sync() {
    if (!PQpipelineSync(connection_)) throw Failure(PQerrorMessage(connection_));
}

std::vector<Rows> Connection::receive() {
    std::vector<Rows> all;
    std::string error;
    for (;;) {
        pg_result* result = PQgetResult(connection_);
        if (!result) {  // the end of one statement's results
            if (PQstatus(connection_) != CONNECTION_OK) throw Failure(PQerrorMessage(connection_));
            continue;
        }
        switch (PQresultStatus(result)) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result);
                if (!error.empty()) throw Failure(error);
                return all;
            case PGRES_TUPLES_OK:
            case PGRES_COMMAND_OK: all.emplace_back(result); break;
            case PGRES_PIPELINE_ABORTED: PQclear(result); break;
            default:
                if (error.empty()) error = PQresultErrorMessage(result);
                PQclear(result);
        }
    }
}

int Connection::backend() const { return PQbackendPID(connection_); }

}  // namespace rowmq::conformance::postgres_spike
