#pragma once
// A private PostgreSQL server of this process: its own folder, reached only through a socket file in it, run by a user without
// privileges, gone when the process ends.

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace rowmq::conformance::postgres_spike {

class Cluster {
public:
    /// The one of this process, started when first asked for.
    static Cluster& instance();

    /// `durable`: fsync and synchronous_commit as a product would have them.
    explicit Cluster(bool durable);
    ~Cluster();
    Cluster(const Cluster&) = delete;

    std::string target() const;  ///< for PQconnectdb
    /// The name of an empty schema that nobody else has.
    std::string new_schema();

private:
    std::filesystem::path folder_;
    pid_t server_ = -1;
    int schemas_ = 0;
};

}  // namespace rowmq::conformance::postgres_spike
