#pragma once
// One libpq connection in pipeline mode: statements are sent together, results read together.
// Threads: the caller's; calls block.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace rowmq::conformance::postgres_spike {

/// Parameters in binary; arrays are one-dimensional.
class Parameters {
public:
    Parameters& integer(std::int64_t value);
    Parameters& text(std::optional<std::string_view> value);
    Parameters& integers(const std::vector<std::optional<std::int64_t>>& values);
    Parameters& texts(const std::vector<std::optional<std::string_view>>& values);
    Parameters& blobs(const std::vector<std::optional<std::string_view>>& values);

private:
    friend class Connection;
    Parameters& strings(const std::vector<std::optional<std::string_view>>& values, std::uint32_t type);
    struct One {
        bool null = false;
        std::string bytes;
    };
    std::vector<One> all_;
};

/// Rows in binary.
class Rows {
public:
    explicit Rows(pg_result* result);
    std::size_t size() const;
    bool is_null(std::size_t row, int column) const;
    std::string_view bytes(std::size_t row, int column) const;
    std::int64_t integer(std::size_t row, int column) const;  ///< smallint, int or bigint
private:
    std::shared_ptr<pg_result> result_;
};

/// Errors throw rowmq::Failure; unknown() tells whether a COMMIT had been sent and not answered.
class Connection {
public:
    explicit Connection(const std::string& target, const std::string& search_path);
    ~Connection();
    Connection(const Connection&) = delete;

    /// Several statements without parameters, outside the pipeline.
    void run(const std::string& sql);
    /// Prepares all statements of spike.sql but the schema.
    void prepare();
    void enter_pipeline();

    void send(const std::string& statement, const Parameters& parameters = {});
    /// Ends what was sent since the last sync: one round trip.
    void sync();
    /// The rows of each statement up to the next sync, in order. After an error the transaction is rolled back by the caller.
    std::vector<Rows> receive();

    int backend() const;

private:
    pg_conn* connection_;
};

}  // namespace rowmq::conformance::postgres_spike
