#include "net/tls_context.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <new>

namespace rowmq::net {
namespace {

Error wrong(std::string_view what, const std::string& file, const std::string& why) {
    return Error{Errc::invalid_argument, fmt::format("the {} \"{}\" cannot be used: {}", what, file, why)};
}

/// What OpenSSL complained of, in its words; forgotten afterwards.
std::string complaint() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return reason ? reason : "it is not PEM";
}

Result<void> check_readable(std::string_view what, const std::string& file) {
    std::FILE* opened = std::fopen(file.c_str(), "rb");
    if (!opened) return wrong(what, file, std::strerror(errno));
    std::fclose(opened);
    return {};
}

}  // namespace

TlsContext::Context TlsContext::make(bool server) {
    Context context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()), &SSL_CTX_free);
    if (!context) throw std::bad_alloc();
    SSL_CTX* ctx = context.get();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // A connection that is idle owns no buffers; one that writes may go on from where it was.
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets resume sessions; nothing is kept here
    SSL_CTX_set_num_tickets(ctx, 1);
    // Nobody is there to be asked for the password of an encrypted key.
    SSL_CTX_set_default_passwd_cb(ctx, [](char*, int, int, void*) { return -1; });
    return context;
}

Result<TlsContext::Context> TlsContext::read(const TlsFiles& files) {
    const std::string_view certificate = "certificate file", key = "key file of the certificate";
    if (auto readable = check_readable(certificate, files.certificate); readable.has_error()) return readable.error();
    if (auto readable = check_readable(key, files.key); readable.has_error()) return readable.error();
    auto context = make(true);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
        return wrong(certificate, files.certificate, complaint());
    if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) return wrong(key, files.key, complaint());
    if (files.clients == ClientCertificates::off) return context;
    const std::string_view authority = "file of authorities for clients' certificates";
    if (auto readable = check_readable(authority, files.client_ca); readable.has_error()) return readable.error();
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.client_ca.c_str());
    if (!names || SSL_CTX_load_verify_file(context.get(), files.client_ca.c_str()) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return wrong(authority, files.client_ca, complaint());
    }
    SSL_CTX_set_client_CA_list(context.get(), names);  // theirs now: clients choose by it
    const int strictly = files.clients == ClientCertificates::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | strictly, nullptr);
    // Without it no ticket could be taken that names a client. Each context has ticket keys of its own, so what an authority said that
    // was replaced since is not believed.
    constexpr std::string_view id = "rowmq";
    SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(id.data()), static_cast<unsigned>(id.size()));
    return context;
}

Result<std::shared_ptr<TlsContext>> TlsContext::for_server(TlsFiles files) {
    auto context = read(files);
    if (context.has_error()) return context.error();
    return std::shared_ptr<TlsContext>(new TlsContext(std::move(files), *std::move(context)));
}

Result<std::shared_ptr<TlsContext>> TlsContext::for_client(const std::string& ca_file) {
    auto context = make(false);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    ERR_clear_error();
    if (ca_file.empty()) {
        SSL_CTX_set_default_verify_paths(context.get());
    } else {
        const std::string_view what = "file of trusted certificates";
        if (auto readable = check_readable(what, ca_file); readable.has_error()) return readable.error();
        if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) return wrong(what, ca_file, complaint());
    }
    return std::shared_ptr<TlsContext>(new TlsContext({}, std::move(context)));
}

std::optional<std::chrono::system_clock::time_point> TlsContext::expires_at() const {
    const X509* certificate = SSL_CTX_get0_certificate(context_.get());
    std::tm date{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &date) != 1) return std::nullopt;
    return std::chrono::system_clock::from_time_t(timegm(&date));
}

Result<void> TlsContext::reload() {
    auto context = read(files_);
    if (context.has_error()) return context.error();
    context_ = *std::move(context);
    return {};
}

}  // namespace rowmq::net
