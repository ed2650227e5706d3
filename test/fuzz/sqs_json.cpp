// Any bytes as the JSON of a request: read or refused, never a crash; what was read is written and read back the same.
#include <cstdlib>

#include "aws/json.hpp"
#include "sqs/messages.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

template <typename M>
void try_as(std::string_view text) {
    M m;
    {
        const rowmq::fuzz::Allocations law(text.size());
        if (rowmq::aws::read_json(text, m)) return;
    }
    const std::string written = rowmq::aws::write_json(m);
    M again;
    if (rowmq::aws::read_json(written, again)) std::abort();
    if (rowmq::aws::write_json(again) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    try_as<rowmq::sqs::SendMessageBatchRequest>(text);
    try_as<rowmq::sqs::ReceiveMessageRequest>(text);
    try_as<rowmq::sqs::CreateQueueRequest>(text);
    return 0;
}
