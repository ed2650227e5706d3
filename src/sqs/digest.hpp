#pragma once
// The digests SQS gives: MD5 of bodies and of attributes, which its clients compare with their own.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sqs/messages.hpp"

struct evp_md_st;
struct evp_md_ctx_st;

namespace rowmq::sqs {

/// Computes MD5 as lower-case hexadecimal.
class Digests final {
public:
    Digests();
    ~Digests();
    Digests(const Digests&) = delete;
    Digests& operator=(const Digests&) = delete;

    std::string md5(std::string_view bytes);
    /// Over names, types and values in name order, each behind its length (Amazon SQS Developer Guide, "Calculating the MD5
    /// message digest for message attributes"). None without attributes.
    Text md5_of(const MessageAttributes& attributes);

private:
    std::string finish();

    evp_md_st* md5_;
    evp_md_ctx_st* context_;
};

}  // namespace rowmq::sqs
