#include "sqs/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>

#include "rowmq/error.hpp"

namespace rowmq::sqs {
namespace {

void add(evp_md_ctx_st* context, std::string_view bytes) { EVP_DigestUpdate(context, bytes.data(), bytes.size()); }

void add_with_length(evp_md_ctx_st* context, std::string_view bytes) {
    const auto n = static_cast<std::uint32_t>(bytes.size());
    const char length[4] = {static_cast<char>(n >> 24u), static_cast<char>(n >> 16u), static_cast<char>(n >> 8u), static_cast<char>(n)};
    add(context, {length, 4});
    add(context, bytes);
}

}  // namespace

// Fetched once: looking an algorithm up costs more than digesting a small body.
Digests::Digests() : md5_(EVP_MD_fetch(nullptr, "MD5", nullptr)), context_(EVP_MD_CTX_new()) {
    if (!md5_ || !context_) throw Failure("OpenSSL offers no MD5, which Amazon SQS needs");
}

Digests::~Digests() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(md5_);
}

std::string Digests::finish() {
    static constexpr char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_, digest, &size);
    std::string text(size * 2, '0');
    for (unsigned i = 0; i < size; ++i) {
        text[2 * i] = hex[digest[i] >> 4u];
        text[2 * i + 1] = hex[digest[i] & 15u];
    }
    return text;
}

std::string Digests::md5(std::string_view bytes) {
    EVP_DigestInit_ex2(context_, md5_, nullptr);
    add(context_, bytes);
    return finish();
}

Text Digests::md5_of(const MessageAttributes& attributes) {
    if (attributes.empty()) return std::nullopt;
    std::vector<const MessageAttributes::value_type*> sorted;
    for (const auto& attribute : attributes) sorted.push_back(&attribute);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    EVP_DigestInit_ex2(context_, md5_, nullptr);
    for (const auto* attribute : sorted) {
        const auto& [name, value] = *attribute;
        add_with_length(context_, name);
        add_with_length(context_, value.type.value_or(""));
        add(context_, value.bytes ? std::string_view("\2") : std::string_view("\1"));
        add_with_length(context_, value.bytes ? *value.bytes : value.text.value_or(""));
    }
    return finish();
}

}  // namespace rowmq::sqs
