// Any bytes as the JSON of a row, properties, notes or options: read, or Failure, never a crash; what was read is written
// and read back the same.
#include <cstdlib>

#include "broker/catalog/options.hpp"
#include "broker/notes.hpp"
#include "broker/properties.hpp"
#include "rowmq/error.hpp"

namespace {

template <typename Read, typename Write>
void try_as(const Read& read, const Write& write, const std::string& text) {
    std::string written;
    try {
        written = write(read(text));
    } catch (const rowmq::Failure&) {
        return;
    }
    if (write(read(written)) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    using namespace rowmq;
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    try_as([](const std::string& json) { return decode_properties(json); }, [](const Properties& p) { return encode(p); }, text);
    try_as([](const std::string& json) { return decode_queue_options(json); }, [](const QueueOptions& o) { return encode(o); }, text);
    try_as([](const std::string& json) { return decode_exchange_options(json); }, [](const ExchangeOptions& o) { return encode(o); }, text);
    const auto text_of = [](const std::shared_ptr<const std::string>& json) { return json ? *json : std::string("{}"); };
    try_as([](const std::string& json) { return decode_notes(&json); }, [&](const Notes& n) { return text_of(encode(n)); }, text);
    return 0;
}
