// Any bytes as a receipt handle, a queue URL and an ARN. A handle that opens is the one its lease is written as.
#include <cstdlib>

#include "aws/seal.hpp"
#include "sqs/names.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    static const rowmq::aws::Seal seal("store");
    static const rowmq::sqs::Settings settings;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (const auto handle = seal.open(text); handle && seal.handle(*handle) != text) std::abort();
    if (const auto name = rowmq::sqs::queue_of_url(text, settings); name && !name->empty()) {
        if (rowmq::sqs::queue_of_url(rowmq::sqs::url_of(*name, "http://h", settings), settings) != *name) std::abort();
    }
    rowmq::sqs::queue_of_arn(text, settings);
    return 0;
}
