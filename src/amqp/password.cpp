#include "amqp/password.hpp"

#include <argon2.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

#include "base/base64.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::uint32_t passes = 2, memory_kib = 19 * 1024, lanes = 1;  // OWASP's recommendation of 2023 for Argon2id
constexpr std::size_t salt_bytes = 16, hash_bytes = 32, longest_encoded = 512;
// A hash that was imported decides what checking it costs: no more than this.
constexpr std::uint32_t most_passes = 10, most_memory_kib = 256 * 1024, most_lanes = 4;

constexpr std::string_view argon2id = "$argon2id$";
constexpr std::string_view own_name = "rowmq_password_hashing_argon2id";
constexpr std::size_t digest_salt_bytes = 4;  // RabbitMQ's

struct Digest {
    std::string_view name;
    const EVP_MD* (*function)();
    std::size_t bytes;
};
constexpr std::array<Digest, 3> digests{Digest{"rabbit_password_hashing_sha256", EVP_sha256, 32},
                                        Digest{"rabbit_password_hashing_sha512", EVP_sha512, 64},
                                        Digest{"rabbit_password_hashing_md5", EVP_md5, 16}};

const Digest* digest_named(std::string_view name) {
    for (const Digest& digest : digests)
        if (digest.name == name) return &digest;
    return nullptr;
}

/// The salt, and the digest of it and the password. Empty: OpenSSL has failed.
std::string salted_digest(const Digest& digest, std::string salt, std::string_view password) {
    const std::string input = salt + std::string(password);
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int bytes = 0;
    if (EVP_Digest(input.data(), input.size(), out.data(), &bytes, digest.function(), nullptr) != 1) return {};
    return salt.append(reinterpret_cast<const char*>(out.data()), bytes);
}

bool is_salted_digest(const Digest& digest, std::string_view password, std::string_view salted) {
    if (salted.size() != digest_salt_bytes + digest.bytes) return false;
    return equal_secrets(salted_digest(digest, std::string(salted.substr(0, digest_salt_bytes)), password), salted);
}

/// The number behind `name` ("m=") in "m=19456,t=2,p=1".
std::optional<std::uint32_t> cost(std::string_view encoded, std::string_view name) {
    const auto at = encoded.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    std::uint64_t number = 0;
    std::size_t digits = 0;
    for (auto i = at + name.size(); i < encoded.size() && encoded[i] >= '0' && encoded[i] <= '9' && digits < 10; ++i, ++digits)
        number = number * 10 + static_cast<std::uint64_t>(encoded[i] - '0');
    if (digits == 0 || number > UINT32_MAX) return std::nullopt;
    return static_cast<std::uint32_t>(number);
}

bool is_affordable(std::string_view encoded) {
    if (!encoded.starts_with(argon2id) || encoded.size() > longest_encoded) return false;
    const auto memory = cost(encoded, "m="), time = cost(encoded, ",t="), threads = cost(encoded, ",p=");
    return memory && time && threads && *memory <= most_memory_kib && *time <= most_passes && *threads <= most_lanes;
}

}  // namespace

bool equal_secrets(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<std::string> hash_password(std::string_view password) {
    std::array<unsigned char, salt_bytes> salt{};
    if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return std::nullopt;
    std::string encoded(argon2_encodedlen(passes, memory_kib, lanes, salt_bytes, hash_bytes, Argon2_id), '\0');
    const int done = argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(), salt.data(), salt.size(),
                                           hash_bytes, encoded.data(), encoded.size());
    if (done != ARGON2_OK) return std::nullopt;
    encoded.resize(encoded.find('\0'));
    return encoded;
}

std::optional<std::string> rabbitmq_hash(std::string_view password) {
    std::array<unsigned char, digest_salt_bytes> salt{};
    if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return std::nullopt;
    const std::string salted = salted_digest(digests[0], std::string(salt.begin(), salt.end()), password);
    if (salted.empty()) return std::nullopt;
    return base64_encode(salted);
}

bool is_password(std::string_view password, std::string_view hash) {
    if (hash.starts_with(argon2id))
        return is_affordable(hash) && argon2id_verify(std::string(hash).c_str(), password.data(), password.size()) == ARGON2_OK;
    const auto colon = hash.find(':');
    if (colon == std::string_view::npos) return false;
    const Digest* digest = digest_named(hash.substr(0, colon));
    const auto salted = base64_decode(hash.substr(colon + 1));
    return digest && salted && is_salted_digest(*digest, password, *salted);
}

HashInParts parts_of(std::string_view hash) {
    if (hash.empty()) return {.algorithm = std::string(digests[0].name), .hash = {}};
    const auto colon = hash.starts_with('$') ? std::string_view::npos : hash.find(':');
    if (colon == std::string_view::npos) return {.algorithm = std::string(own_name), .hash = std::string(hash)};
    return {.algorithm = std::string(hash.substr(0, colon)), .hash = std::string(hash.substr(colon + 1))};
}

std::optional<std::string> hash_of(const HashInParts& parts) {
    if (parts.hash.empty()) return std::string();
    if (parts.algorithm == own_name) return is_affordable(parts.hash) ? std::optional(parts.hash) : std::nullopt;
    const auto salted = base64_decode(parts.hash);
    if (!salted) return std::nullopt;
    for (const Digest& digest : digests)
        if ((parts.algorithm.empty() || parts.algorithm == digest.name) && salted->size() == digest_salt_bytes + digest.bytes)
            return fmt::format("{}:{}", digest.name, parts.hash);
    return std::nullopt;
}

}  // namespace rowmq::amqp
