// Any bytes as form-encoded parameters: read or refused, never a crash.
#include "aws/query.hpp"
#include "aws/xml.hpp"
#include "sqs/messages.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

template <typename M>
void try_as(std::string_view action, const rowmq::aws::Parameters& parameters, std::size_t size) {
    M m;
    {
        const rowmq::fuzz::Allocations law(size);
        if (rowmq::aws::read_query(parameters, m)) return;
    }
    rowmq::aws::write_xml("http://queue.amazonaws.com/doc/2012-11-05/", action, m, "id");
}

std::optional<rowmq::aws::Parameters> parse(std::string text) {
    const rowmq::fuzz::Allocations law(text.size());
    std::string malformed;
    return rowmq::aws::Parameters::parse(std::move(text), malformed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const auto parameters = parse(std::string(reinterpret_cast<const char*>(bytes), size));
    if (!parameters) return 0;
    try_as<rowmq::sqs::SendMessageBatchRequest>("SendMessageBatch", *parameters, size);
    try_as<rowmq::sqs::ReceiveMessageRequest>("ReceiveMessage", *parameters, size);
    try_as<rowmq::sqs::CreateQueueRequest>("CreateQueue", *parameters, size);
    return 0;
}
