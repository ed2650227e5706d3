// Any bytes as a form with a file, "CONTENT-TYPE\nBODY": its file, which is a part of the body that no boundary cuts, or none.
// The same file, put into a form as a client makes one, is found there.
#include <cstdlib>

#include "management/form.hpp"
#include "test/fuzz/allocations.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const std::string_view type = text.substr(0, text.find('\n'));
    const std::string_view body = type.size() < size ? text.substr(type.size() + 1) : std::string_view();
    std::optional<std::string> file;
    {
        const rowmq::fuzz::Allocations law(size);
        static_cast<void>(rowmq::management::is_form(type));
        file = rowmq::management::file_in_form(type, body);
    }
    if (!file) return 0;
    if (body.find(*file) == std::string_view::npos) std::abort();

    const std::string edge = "an-edge-of-64-letters-that-nobody-would-write-by-chance-into-one";
    if (file->find("\r\n--" + edge) != std::string::npos) return 0;
    const std::string form =
        "--" + edge + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n" + *file + "\r\n--" + edge + "--\r\n";
    if (rowmq::management::file_in_form("multipart/form-data; boundary=" + edge, form) != *file) std::abort();
    return 0;
}
