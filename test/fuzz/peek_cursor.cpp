// Any bytes as the cursor of a peek, "d" before it for the delayed messages: a page or invalid_argument; the cursors that
// come back lead to the end.
#include <cstdlib>

#include "test/fuzz/small_broker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    static rowmq::fuzz::SmallBroker small;
    std::string_view text(reinterpret_cast<const char*>(bytes), size);
    rowmq::PeekRequest request{.max = 1, .after = {}, .delayed = text.starts_with('d')};
    if (request.delayed) text.remove_prefix(1);
    request.after = std::string(text);
    for (int pages = 0;; ++pages) {
        const auto page = small.run(small.broker->peek("q", request)).value();
        if (!page) {
            if (pages > 0 || page.error().code != rowmq::Errc::invalid_argument) std::abort();
            return 0;
        }
        if (pages > 10 || page->messages.size() > 1) std::abort();
        if (!page->next) return 0;
        request.after = page->next;
    }
}
