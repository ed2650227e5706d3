#pragma once
// Whom a client's certificate names, once it has been verified: values.

#include <optional>
#include <string>

struct ssl_st;

namespace rowmq::net {

struct PeerCertificate {
    std::string common_name;         ///< of the subject; empty: it has none, or several
    std::string distinguished_name;  ///< the subject as RFC 4514 writes it: "CN=ann,O=Example"
    std::string dns_name;            ///< the first of the subject's alternative names that is one; empty: none is
};

/// Of the other side. None: it showed none, or one that was not verified.
std::optional<PeerCertificate> peer_certificate(ssl_st* ssl);

}  // namespace rowmq::net
