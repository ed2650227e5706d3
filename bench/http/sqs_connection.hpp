#pragma once
// SQS as JSON over one keep-alive connection, with as little of a client as measuring needs. It speaks to a server of ours only.
// Threads: one. Errors: throws std::runtime_error.

#include <string>
#include <string_view>

namespace rowmq::bench {

class SqsConnection {
public:
    /// To 127.0.0.1.
    explicit SqsConnection(int port);
    SqsConnection(const SqsConnection&) = delete;
    ~SqsConnection();

    void ask(const std::string& question);
    /// Reads what is there; true when heard() is a whole answer. Errors: the server hung up, or answered another status than 200.
    bool hear();
    const std::string& call(const std::string& question);
    /// The last answer, its head included.
    const std::string& heard() const { return heard_; }
    int descriptor() const { return socket_; }

private:
    int socket_;
    std::string heard_;
    bool whole_ = false;
};

/// The bytes of one request.
std::string question(std::string_view action, std::string_view body);
/// The value of the first text member `name` after `from`, as it is written; `from` is then behind it. Empty view: there is none.
std::string_view next_field(std::string_view answer, std::string_view name, std::size_t& from);
/// The only one. Errors: there is none.
std::string field(const std::string& answer, std::string_view name);

}  // namespace rowmq::bench
