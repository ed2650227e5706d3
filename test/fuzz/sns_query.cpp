// Any bytes as a request of SNS: read or refused, never a crash.
#include "aws/query.hpp"
#include "aws/xml.hpp"
#include "sns/messages.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

template <typename M>
void try_as(std::string_view action, const rowmq::aws::Parameters& parameters, std::size_t size) {
    M m;
    {
        const rowmq::fuzz::Allocations law(size);
        if (rowmq::aws::read_query(parameters, m)) return;
    }
    rowmq::aws::write_xml("ns", action, m, "id");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    std::string malformed;
    const auto parameters = rowmq::aws::Parameters::parse(std::string(reinterpret_cast<const char*>(bytes), size), malformed);
    if (!parameters) return 0;
    try_as<rowmq::sns::PublishBatchRequest>("PublishBatch", *parameters, size);
    try_as<rowmq::sns::SubscribeRequest>("Subscribe", *parameters, size);
    try_as<rowmq::sns::CreateTopicRequest>("CreateTopic", *parameters, size);
    return 0;
}
