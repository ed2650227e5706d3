#pragma once
// Signs what SNS sends, with a key of this store: RSA of 2048 bits and a certificate by itself, made when first needed and
// kept in the store (an exchange that nothing is published to), so that what was signed before a restart can be verified after.
//
// Threads: called from the broker's executor; the work is done on `workers`. Errors: what the store says.

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "rowmq/broker.hpp"

namespace rowmq::aws {

enum class SignatureVersion : std::uint8_t { sha1 = 1, sha256 = 2 };

class Signer final {
public:
    /// `broker` must outlive this, `workers` what is under way.
    Signer(Broker& broker, boost::asio::any_io_executor workers);
    ~Signer();
    Signer(const Signer&) = delete;
    Signer& operator=(const Signer&) = delete;

    /// The signature in Base64. A text signed lately is not signed again: one message goes to many subscribers.
    awaitable<Result<std::string>> sign(std::string text, SignatureVersion version);
    /// PEM.
    awaitable<Result<std::string>> certificate();

private:
    std::shared_ptr<struct SignerState> state_;
};

}  // namespace rowmq::aws
