#include "net/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <climits>
#include <new>

namespace rowmq::net {
namespace asio = boost::asio;
namespace {

bool is_transient(const boost::system::error_code& error) {
    return error == asio::error::would_block || error == asio::error::try_again || error == asio::error::interrupted;
}

asio::ip::tcp::socket& socket_of(BIO* bio) { return *static_cast<asio::ip::tcp::socket*>(BIO_get_data(bio)); }

int from_socket(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    boost::system::error_code error;
    const std::size_t count = socket_of(bio).read_some(asio::buffer(into, static_cast<std::size_t>(size)), error);
    if (is_transient(error)) BIO_set_retry_read(bio);
    return error ? -1 : static_cast<int>(count);
}

int to_socket(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    boost::system::error_code error;
    const std::size_t count = socket_of(bio).write_some(asio::buffer(from, static_cast<std::size_t>(size)), error);
    if (is_transient(error)) BIO_set_retry_write(bio);
    return error ? -1 : static_cast<int>(count);
}

/// OpenSSL's own socket BIO would write to a connection that is gone with a SIGPIPE, and to a descriptor that may by then be
/// somebody else's.
BIO_METHOD* socket_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        if (!made) throw std::bad_alloc();
        BIO_meth_set_read(made, &from_socket);
        BIO_meth_set_write(made, &to_socket);
        BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH ? 1 : 0; });
        return made;
    }();
    return method;
}

SSL* made_for(const TlsContext& context, asio::ip::tcp::socket& socket) {
    SSL* ssl = SSL_new(context.get());
    BIO* bio = ssl ? BIO_new(socket_method()) : nullptr;
    if (!bio) {
        SSL_free(ssl);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, &socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return ssl;
}

int clamped(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

TlsSession::TlsSession(const TlsContext& context, tcp::socket& socket) : ssl_(made_for(context, socket), &SSL_free) {
    SSL_set_accept_state(ssl_.get());
}

TlsSession::TlsSession(const TlsContext& context, tcp::socket& socket, const std::string& host)
    : ssl_(made_for(context, socket), &SSL_free) {
    SSL_set_connect_state(ssl_.get());
    boost::system::error_code is_name;
    asio::ip::make_address(host, is_name);
    if (is_name) {
        const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
        SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl_.get(), name.c_str());
        SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    } else {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());  // RFC 6066 3: no server name for an address
    }
}

TlsSession::~TlsSession() = default;

void TlsSession::judge(int result, error_code& error) {
    error = {};
    wants_ = tcp::socket::wait_read;
    if (result > 0) return;
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ: error = asio::error::would_block; return;
        case SSL_ERROR_WANT_WRITE:
            wants_ = tcp::socket::wait_write;
            error = asio::error::would_block;
            return;
        case SSL_ERROR_ZERO_RETURN: error = asio::error::eof; return;
        default: break;
    }
    failed_ = true;
    error = asio::error::connection_reset;
    ERR_clear_error();
}

void TlsSession::handshake(error_code& error) {
    ERR_clear_error();
    judge(SSL_do_handshake(ssl_.get()), error);
}

std::size_t TlsSession::read_some(asio::mutable_buffer into, error_code& error) {
    ERR_clear_error();
    const int result = SSL_read(ssl_.get(), into.data(), clamped(into.size()));
    judge(result, error);
    return result > 0 ? static_cast<std::size_t>(result) : 0;
}

std::size_t TlsSession::write_some(asio::const_buffer from, error_code& error) {
    ERR_clear_error();
    const int result = SSL_write(ssl_.get(), from.data(), clamped(from.size()));
    judge(result, error);
    return result > 0 ? static_cast<std::size_t>(result) : 0;
}

void TlsSession::close_notify() noexcept {
    if (failed_ || !SSL_is_init_finished(ssl_.get())) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

std::string TlsSession::distrust() const {
    const long verdict = SSL_get_verify_result(ssl_.get());
    return verdict == X509_V_OK ? std::string() : std::string(X509_verify_cert_error_string(verdict));
}

}  // namespace rowmq::net
