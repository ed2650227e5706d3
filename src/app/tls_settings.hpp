#pragma once
// Which listeners speak TLS, and with what. Values; errors are invalid_argument.

#include <optional>
#include <string>
#include <string_view>

#include "amqp/login.hpp"
#include "net/tls_context.hpp"
#include "rowmq/error.hpp"

namespace rowmq::app {

/// What one source says; absent members are left to the next.
struct TlsLayer {
    std::optional<std::string> certificate, key, client_ca;
    std::optional<net::ClientCertificates> clients;
    std::optional<amqp::CertificateName> client_name;
    std::optional<bool> plain_too, admin;
};

struct TlsSettings {
    std::string certificate, key;  ///< PEM files; empty: no TLS
    bool plain_too = false;        ///< plain HTTP is answered on the same ports
    bool admin = false;            ///< the admin listener speaks it too
    std::string client_ca;         ///< PEM file: whom clients' certificates on amqps must be from
    std::optional<net::ClientCertificates> clients;
    amqp::CertificateName client_name = amqp::CertificateName::common_name;  ///< what of a certificate is its user's name

    /// What is asked of clients on amqps: where nobody says it, `asked` with a file of authorities.
    net::ClientCertificates client_certificates() const noexcept;
    bool on() const noexcept { return !certificate.empty(); }
    /// `upper` wins where it says something.
    void put_over(const TlsLayer& upper);
    /// Half a setting is none.
    Result<void> check() const;
};

/// "off", "asked", "required".
Result<net::ClientCertificates> parse_client_certificates(std::string_view word);
/// "common_name", "distinguished_name", "subject_alternative_name".
Result<amqp::CertificateName> parse_client_name(std::string_view word);

}  // namespace rowmq::app
