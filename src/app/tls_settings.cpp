#include "app/tls_settings.hpp"

namespace rowmq::app {

void TlsSettings::put_over(const TlsLayer& upper) {
    if (upper.certificate) certificate = *upper.certificate;
    if (upper.key) key = *upper.key;
    if (upper.plain_too) plain_too = *upper.plain_too;
    if (upper.admin) admin = *upper.admin;
}

Result<void> TlsSettings::check() const {
    if (certificate.empty() && !key.empty()) return Error{Errc::invalid_argument, "tls: there is a key, but no certificate"};
    if (!certificate.empty() && key.empty()) return Error{Errc::invalid_argument, "tls: there is a certificate, but no key"};
    if (!on() && (plain_too || admin))
        return Error{Errc::invalid_argument, "tls: optional and admin say nothing without a certificate and a key"};
    return {};
}

}  // namespace rowmq::app
