#include "aws/signer.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "base/base64.hpp"
#include "base/sha256.hpp"

namespace rowmq::aws {
namespace {

namespace asio = boost::asio;

constexpr std::string_view exchange_name = "rowmq/sns-signing";  // no topic has such a name
constexpr int key_bits = 2048;
constexpr long certificate_seconds = 20L * 365 * 24 * 3600;
constexpr std::size_t remembered = 1'024;

template <auto free>
struct Free {
    template <typename T>
    void operator()(T* object) const {
        free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bytes = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

struct Pem {
    std::string key, certificate;
};

/// OpenSSL's functions answer 1 for success.
void must(bool done, const char* what) {
    if (!done) throw std::runtime_error(fmt::format("OpenSSL could not {}", what));
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Pem make_pem() {
    const Key key(EVP_RSA_gen(key_bits));
    must(key != nullptr, "make a key");
    const Certificate certificate(X509_new());
    must(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "make a certificate");
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    must(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24L * 3600) &&
             X509_gmtime_adj(X509_getm_notAfter(certificate.get()), certificate_seconds),
         "date a certificate");
    X509_NAME* name = X509_get_subject_name(certificate.get());
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("RowMQ SNS"), -1, -1, 0) == 1 &&
             X509_set_issuer_name(certificate.get(), name) == 1 && X509_set_pubkey(certificate.get(), key.get()) == 1 &&
             X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0,
         "sign a certificate");
    const Bytes key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
             PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1,
         "write a key");
    return {text_of(key_text.get()), text_of(certificate_text.get())};
}

Key read_key(const std::string& pem) {
    const Bytes text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
    must(key != nullptr, "read the stored key");
    return key;
}

std::string sign_with(EVP_PKEY* key, std::string_view text, SignatureVersion version) {
    const Digest digest(EVP_MD_CTX_new());
    const EVP_MD* hash = version == SignatureVersion::sha256 ? EVP_sha256() : EVP_sha1();
    must(digest && EVP_DigestSignInit(digest.get(), nullptr, hash, nullptr, key) == 1, "begin a signature");
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    must(EVP_DigestSign(digest.get(), nullptr, &size, bytes, text.size()) == 1, "sign");
    std::string signature(size, '\0');
    must(EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) == 1, "sign");
    signature.resize(size);
    return base64_encode(signature);
}

// What runs on the workers. Their arguments are their own: nothing of the broker's strand is touched.
awaitable<Pem> make_pem_there() { co_return make_pem(); }
awaitable<std::string> sign_there(std::shared_ptr<EVP_PKEY> key, std::string text, SignatureVersion version) {
    co_return sign_with(key.get(), text, version);
}

}  // namespace

struct SignerState {
    SignerState(Broker& b, asio::any_io_executor w) : broker(b), workers(std::move(w)) {}

    /// Runs `work` on the workers; comes back to the broker's executor.
    template <typename T>
    awaitable<T> elsewhere(awaitable<T> work) {
        auto begun = asio::co_spawn(workers, std::move(work), asio::use_awaitable);
        co_return co_await std::move(begun);
    }
    awaitable<Result<void>> prepare();

    Broker& broker;
    asio::any_io_executor workers;
    std::shared_ptr<EVP_PKEY> key;  ///< null until prepared
    std::string certificate;
    std::unordered_map<std::string, std::string> signatures;  ///< by a digest of version and text
    std::deque<std::string> order;
};

/// Several may prepare at once: the exchange that was declared first has the key.
awaitable<Result<void>> SignerState::prepare() {
    if (key) co_return Result<void>{};
    auto stored = broker.exchange(exchange_name);
    if (!stored) {
        auto making = make_pem_there();
        const Pem made = co_await elsewhere(std::move(making));
        ExchangeOptions options{.kind = ExchangeKind::fanout, .attributes = {{"key", made.key}, {"certificate", made.certificate}}};
        auto declared = co_await broker.declare_exchange(std::string(exchange_name), std::move(options));
        if (!declared && declared.error().code != Errc::already_exists) co_return declared.error();
        stored = broker.exchange(exchange_name);
        if (!stored) co_return stored.error();
    }
    const auto& kept = stored->options.attributes;
    key = std::shared_ptr<EVP_PKEY>(read_key(kept.at("key")).release(), Free<EVP_PKEY_free>());
    certificate = kept.at("certificate");
    co_return Result<void>{};
}

Signer::Signer(Broker& broker, asio::any_io_executor workers) : state_(std::make_shared<SignerState>(broker, std::move(workers))) {}
Signer::~Signer() = default;

awaitable<Result<std::string>> Signer::sign(std::string text, SignatureVersion version) {
    const auto state = state_;
    std::string name = sha256_hex(fmt::format("{}{}", static_cast<int>(version), text));
    if (const auto known = state->signatures.find(name); known != state->signatures.end()) co_return known->second;
    std::string problem;
    try {
        if (const auto prepared = co_await state->prepare(); !prepared) co_return prepared.error();
        auto signing = sign_there(state->key, std::move(text), version);
        std::string signature = co_await state->elsewhere(std::move(signing));
        if (state->signatures.emplace(name, signature).second) state->order.push_back(std::move(name));
        if (state->order.size() > remembered) {
            state->signatures.erase(state->order.front());
            state->order.pop_front();
        }
        co_return signature;
    } catch (const std::exception& failed) {
        problem = failed.what();
    }
    co_return Error{Errc::invalid_argument, problem};
}

awaitable<Result<std::string>> Signer::certificate() {
    const auto state = state_;
    std::string problem;
    try {
        if (const auto prepared = co_await state->prepare(); !prepared) co_return prepared.error();
        co_return state->certificate;
    } catch (const std::exception& failed) {
        problem = failed.what();
    }
    co_return Error{Errc::invalid_argument, problem};
}

}  // namespace rowmq::aws
