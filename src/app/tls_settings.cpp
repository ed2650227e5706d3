#include "app/tls_settings.hpp"

#include <fmt/format.h>

namespace rowmq::app {

void TlsSettings::put_over(const TlsLayer& upper) {
    if (upper.certificate) certificate = *upper.certificate;
    if (upper.key) key = *upper.key;
    if (upper.plain_too) plain_too = *upper.plain_too;
    if (upper.admin) admin = *upper.admin;
    if (upper.client_ca) client_ca = *upper.client_ca;
    if (upper.clients) clients = *upper.clients;
    if (upper.client_name) client_name = *upper.client_name;
}

net::ClientCertificates TlsSettings::client_certificates() const noexcept {
    return clients.value_or(client_ca.empty() ? net::ClientCertificates::off : net::ClientCertificates::asked);
}

Result<void> TlsSettings::check() const {
    if (certificate.empty() && !key.empty()) return Error{Errc::invalid_argument, "tls: there is a key, but no certificate"};
    if (!certificate.empty() && key.empty()) return Error{Errc::invalid_argument, "tls: there is a certificate, but no key"};
    if (!on() && (plain_too || admin))
        return Error{Errc::invalid_argument, "tls: optional and admin say nothing without a certificate and a key"};
    if (!on() && !client_ca.empty()) return Error{Errc::invalid_argument, "tls: client_ca says nothing without a certificate and a key"};
    if (client_ca.empty() && client_certificates() != net::ClientCertificates::off)
        return Error{Errc::invalid_argument, "tls: clients' certificates cannot be verified without client_ca"};
    return {};
}

Result<net::ClientCertificates> parse_client_certificates(std::string_view word) {
    if (word == "off") return net::ClientCertificates::off;
    if (word == "asked") return net::ClientCertificates::asked;
    if (word == "required") return net::ClientCertificates::required;
    return Error{Errc::invalid_argument, fmt::format("\"{}\" is none of off, asked, required", word)};
}

Result<amqp::CertificateName> parse_client_name(std::string_view word) {
    if (word == "common_name") return amqp::CertificateName::common_name;
    if (word == "distinguished_name") return amqp::CertificateName::distinguished_name;
    if (word == "subject_alternative_name") return amqp::CertificateName::subject_alternative_name;
    return Error{Errc::invalid_argument, fmt::format("\"{}\" is none of common_name, distinguished_name, subject_alternative_name", word)};
}

}  // namespace rowmq::app
