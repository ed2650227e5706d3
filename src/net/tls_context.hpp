#pragma once
// What TLS connections share: who this side is, or whom it trusts.
// Threads: one executor. Connections made before a reload keep what they began with.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rowmq/error.hpp"

struct ssl_ctx_st;

namespace rowmq::net {

/// Whether a server asks who its clients are: `asked` takes those without a certificate, too. One that is not good enough ends the
/// handshake either way.
enum class ClientCertificates : std::uint8_t { off, asked, required };

/// PEM files: the certificate with the chain behind it, and its key, not encrypted.
struct TlsFiles {
    std::string certificate, key;
    std::string client_ca{};  ///< whom clients' certificates must be from; looked at unless they are off
    ClientCertificates clients = ClientCertificates::off;
    friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

class TlsContext final {
public:
    /// For a server, TLS 1.2 or later. Errors: invalid_argument; the text names the file and what is wrong with it.
    static Result<std::shared_ptr<TlsContext>> for_server(TlsFiles files);
    /// For a client that verifies; trusts what is in `ca_file`, or the system's store when that is empty.
    /// Errors: invalid_argument.
    static Result<std::shared_ptr<TlsContext>> for_client(const std::string& ca_file);

    /// Reads a server's files again. Errors: as for_server(); then everything stays as it was.
    Result<void> reload();

    /// Of a server's certificate, not of the chain behind it. None: there is none, or its date cannot be read.
    std::optional<std::chrono::system_clock::time_point> expires_at() const;

    ssl_ctx_st* get() const noexcept { return context_.get(); }

private:
    using Context = std::shared_ptr<ssl_ctx_st>;

    TlsContext(TlsFiles files, Context context) : files_(std::move(files)), context_(std::move(context)) {}
    static Context make(bool server);
    static Result<Context> read(const TlsFiles& files);

    TlsFiles files_;
    Context context_;
};

}  // namespace rowmq::net
