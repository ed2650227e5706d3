#pragma once
// Who may come in: what clients answer to connection.start, and whom that is compared with.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/peer_certificate.hpp"

namespace rowmq::amqp {

struct Credentials {
    std::string user, password;
};

/// What of a client's certificate is the name of its user (RabbitMQ's ssl_cert_login_from); of the alternative names the first of DNS.
enum class CertificateName : std::uint8_t { common_name, distinguished_name, subject_alternative_name };

/// Empty: the certificate names nobody.
std::string user_of(const net::PeerCertificate& certificate, CertificateName from);

/// What a client said under PLAIN or AMQPLAIN. None: it is malformed, or the mechanism is another.
std::optional<Credentials> credentials_of(std::string_view mechanism, std::string_view response);

/// What is offered; the second where the client has shown who it is.
inline constexpr std::string_view mechanisms = "AMQPLAIN PLAIN", mechanisms_with_certificate = "AMQPLAIN PLAIN EXTERNAL";

/// The access keys of the settings, which are users here.
class Logins final {
public:
    explicit Logins(std::vector<Credentials> users = {}) : users_(std::move(users)) {}
    bool any() const noexcept { return !users_.empty(); }
    bool admits(const Credentials& credentials) const;
    const std::vector<Credentials>& all() const noexcept { return users_; }

private:
    std::vector<Credentials> users_;
};

}  // namespace rowmq::amqp
