// Any bytes as form-encoded parameters: read or refused, never a crash.
#include "sqs/query.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const auto parameters = rowmq::sqs::Parameters::parse(std::string(reinterpret_cast<const char*>(bytes), size));
    if (!parameters) return 0;
    rowmq::sqs::SendMessageBatchRequest batch;
    rowmq::sqs::ReceiveMessageRequest receive;
    rowmq::sqs::CreateQueueRequest create;
    if (!rowmq::sqs::read_query(*parameters, batch)) rowmq::sqs::write_xml("SendMessageBatch", batch, "id");
    if (!rowmq::sqs::read_query(*parameters, receive)) rowmq::sqs::write_xml("ReceiveMessage", receive, "id");
    if (!rowmq::sqs::read_query(*parameters, create)) rowmq::sqs::write_xml("CreateQueue", create, "id");
    return 0;
}
