// Signatures that the certificate verifies, and the same key after a restart.
#include "aws/signer.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <boost/asio/thread_pool.hpp>

#include "base/base64.hpp"
#include "base/manual_clock.hpp"
#include "broker/make.hpp"
#include "storage/memory/engine.hpp"
#include "test/support/run.hpp"

namespace rowmq::aws {
namespace {

using rowmq::test::run_in;

class Signatures : public testing::Test {
protected:
    Signatures() { start(); }
    ~Signatures() override { stop(); }
    void start() {
        BrokerParts parts;
        parts.executor = io.get_executor();
        parts.clock = std::make_shared<ManualClock>();
        parts.random = std::make_shared<SeededRandom>(1);
        parts.engine = storage::memory::make_engine(io.get_executor(), content);
        broker = run_in(io, make_broker(std::move(parts))).value();
        signer = std::make_unique<Signer>(*broker, workers.get_executor());
    }
    void stop() {
        signer.reset();
        run_in(io, broker->close());
        broker.reset();
    }
    static bool verifies(const std::string& pem, const std::string& text, const std::string& signature, const EVP_MD* hash) {
        BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
        X509* certificate = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
        EVP_PKEY* key = X509_get_pubkey(certificate);
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        const std::string bytes = base64_decode(signature).value_or("");
        EVP_DigestVerifyInit(context, nullptr, hash, nullptr, key);
        const int verified = EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                              reinterpret_cast<const unsigned char*>(text.data()), text.size());
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        X509_free(certificate);
        BIO_free(in);
        return verified == 1;
    }

    boost::asio::io_context io;
    boost::asio::thread_pool workers{1};
    std::shared_ptr<storage::memory::Content> content = std::make_shared<storage::memory::Content>();
    std::unique_ptr<Broker> broker;
    std::unique_ptr<Signer> signer;
};

TEST_F(Signatures, are_verified_by_the_certificate) {
    const std::string text = "Message\nm\n";
    const auto one = run_in(io, signer->sign(text, SignatureVersion::sha1));
    const auto two = run_in(io, signer->sign(text, SignatureVersion::sha256));
    const auto certificate = run_in(io, signer->certificate());

    ASSERT_TRUE(one && two && certificate);
    EXPECT_TRUE(verifies(*certificate, text, *one, EVP_sha1()));
    EXPECT_TRUE(verifies(*certificate, text, *two, EVP_sha256()));
    EXPECT_FALSE(verifies(*certificate, text + "x", *one, EVP_sha1()));
    EXPECT_EQ(*run_in(io, signer->sign(text, SignatureVersion::sha1)), *one);
}

TEST_F(Signatures, have_one_key_for_the_life_of_the_store) {
    const auto before = run_in(io, signer->certificate());

    stop();
    start();

    EXPECT_EQ(*run_in(io, signer->certificate()), *before);
}

}  // namespace
}  // namespace rowmq::aws
