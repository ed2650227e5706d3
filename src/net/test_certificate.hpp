#pragma once
// A certificate for tests: self-signed, for one name or address, written as two PEM files that go away with it.

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/tls_context.hpp"

namespace rowmq::net {

class TestCertificate final {
public:
    /// `subject`: "IP:127.0.0.1", "DNS:localhost".
    explicit TestCertificate(std::string subject = "IP:127.0.0.1", std::vector<std::string> common_names = {"test"})
        : common_names_(std::move(common_names)) {
        static int number = 0;
        const std::string base = testing::TempDir() + "rowmq-tls-" + std::to_string(::getpid()) + '-' + std::to_string(++number);
        files_ = {.certificate = base + ".crt", .key = base + ".key"};
        renew(subject);
    }
    ~TestCertificate() {
        std::filesystem::remove(files_.certificate);
        std::filesystem::remove(files_.key);
    }
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;

    /// Another key and certificate, in the same files.
    void renew(const std::string& subject) {
        const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), &X509_free);
        X509_set_version(certificate.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        X509_NAME* name = X509_get_subject_name(certificate.get());
        for (const std::string& one : common_names_)
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(one.data()),
                                       static_cast<int>(one.size()), -1, 0);
        X509_set_issuer_name(certificate.get(), name);
        const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> names(
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject.c_str()), &X509_EXTENSION_free);
        if (!names || X509_add_ext(certificate.get(), names.get(), -1) != 1 || X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
            throw std::runtime_error("no test certificate for " + subject);
        write(files_.certificate, [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
        write(files_.key, [&](std::FILE* file) { return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    }

    const TlsFiles& files() const noexcept { return files_; }

private:
    template <typename Write>
    static void write(const std::string& path, Write write) {
        std::FILE* file = std::fopen(path.c_str(), "wb");
        const bool written = file && write(file) == 1;
        if (file) std::fclose(file);
        if (!written) throw std::runtime_error("cannot write " + path);
    }

    const std::vector<std::string> common_names_;
    TlsFiles files_;
};

}  // namespace rowmq::net
