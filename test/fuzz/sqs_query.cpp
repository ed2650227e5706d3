// Any bytes as form-encoded parameters: read or refused, never a crash.
#include "sqs/query.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

template <typename M>
void try_as(std::string_view action, const rowmq::sqs::Parameters& parameters, std::size_t size) {
    M m;
    {
        const rowmq::fuzz::Allocations law(size);
        if (rowmq::sqs::read_query(parameters, m)) return;
    }
    rowmq::sqs::write_xml(action, m, "id");
}

rowmq::sqs::Answer<rowmq::sqs::Parameters> parse(std::string text) {
    const rowmq::fuzz::Allocations law(text.size());
    return rowmq::sqs::Parameters::parse(std::move(text));
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
