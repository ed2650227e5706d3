// Any bytes as frames of AMQP 0-9-1: methods, content headers and their tables are read or refused, and what was read is
// written again as it can be read again.
#include "amqp/frame_writer.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

using namespace rowmq::amqp;

void write_again(const ContentHeader& header) {
    std::string bytes;
    write_content_header(bytes, header);
    const auto back = read_content_header(bytes);
    if (!back || back->body_bytes != header.body_bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    FrameReader reader;
    reader.limit(131'072);
    for (std::size_t at = 0; at < input.size();) {  // as they come from a socket
        const std::size_t some = std::min<std::size_t>(input.size() - at, 1 + (static_cast<unsigned char>(input[at]) & 127u));
        reader.feed(input.substr(at, some));
        while (const auto frame = reader.next()) {
            if (frame->kind == FrameKind::method) {
                const rowmq::fuzz::Allocations law(frame->payload.size());
                read_method(frame->payload);
            } else if (frame->kind == FrameKind::header) {
                std::optional<ContentHeader> header;
                {
                    const rowmq::fuzz::Allocations law(frame->payload.size());
                    header = read_content_header(frame->payload);
                }
                if (header) write_again(*header);
            }
        }
        reader.keep();
        at += some;
    }
    return 0;
}
