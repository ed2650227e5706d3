#pragma once
// Which listeners speak TLS, and with what. Values; errors are invalid_argument.

#include <optional>
#include <string>

#include "rowmq/error.hpp"

namespace rowmq::app {

/// What one source says; absent members are left to the next.
struct TlsLayer {
    std::optional<std::string> certificate, key;
    std::optional<bool> plain_too, admin;
};

struct TlsSettings {
    std::string certificate, key;  ///< PEM files; empty: no TLS
    bool plain_too = false;        ///< plain HTTP is answered on the same ports
    bool admin = false;            ///< the admin listener speaks it too

    bool on() const noexcept { return !certificate.empty(); }
    /// `upper` wins where it says something.
    void put_over(const TlsLayer& upper);
    /// Half a setting is none.
    Result<void> check() const;
};

}  // namespace rowmq::app
