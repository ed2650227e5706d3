#pragma once
// Passwords as they are kept: Argon2id for those given to us (in the text form of its reference implementation), and the salted
// digests of RabbitMQ for those that came with its definitions: "rabbit_password_hashing_sha256:BASE64".
// Threads: any; hashing takes tens of milliseconds and 19 MiB, so not the broker's.

#include <optional>
#include <string>
#include <string_view>

namespace rowmq::amqp {

/// Salted anew each time. None: there is no memory for it.
std::optional<std::string> hash_password(std::string_view password);

/// As RabbitMQ keeps it by default, for definitions: Base64 of four bytes of salt and SHA-256. None: there is no random salt.
std::optional<std::string> rabbitmq_hash(std::string_view password);

/// Whether `password` is the one that was hashed. An empty hash is nobody's.
bool is_password(std::string_view password, std::string_view hash);

/// In a time that tells nothing but their sizes.
bool equal_secrets(std::string_view a, std::string_view b);

/// What RabbitMQ's management API calls the two parts of a kept password.
struct HashInParts {
    std::string algorithm;  ///< "rabbit_password_hashing_sha256", "rowmq_password_hashing_argon2id"; empty: RabbitMQ's of the hash's size
    std::string hash;
};
HashInParts parts_of(std::string_view hash);
/// None: no such algorithm is known, or it makes no hash like this one. An empty hash: without a password.
std::optional<std::string> hash_of(const HashInParts& parts);

}  // namespace rowmq::amqp
