// Any bytes as a URL this program shall call, as where an answer redirects it to, and as a range of addresses: taken or
// refused; a URL that was taken says where it goes without a second meaning.
#include <cstdlib>

#include "net/client_url.hpp"
#include "net/outbound_address.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

using rowmq::net::ClientUrl;

void check(const rowmq::Result<ClientUrl>& read) {
    if (!read) {
        if (read.error().code != rowmq::Errc::invalid_argument) std::abort();
        return;
    }
    const ClientUrl& url = *read;
    if (url.host.empty() || url.port == 0 || !url.target.starts_with('/')) std::abort();
    for (const std::string* part : {&url.host, &url.authority, &url.target})
        if (part->find_first_of(std::string_view("\r\n \0", 4)) != std::string::npos) std::abort();  // nothing slips into a request
    const auto again = rowmq::net::parse_client_url(url.text);
    if (!again) {
        if (url.text.size() > 8 * 1024) return;  // what a redirect adds to
        std::abort();
    }
    if (again->text != url.text || again->origin() != url.origin() || again->target != url.target) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    static const ClientUrl from = rowmq::net::parse_client_url("https://example.com:8443/a/b?c").value();
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const rowmq::fuzz::Allocations law(size);
    check(rowmq::net::parse_client_url(text));
    check(rowmq::net::redirect_of(from, text));
    static_cast<void>(rowmq::net::AddressRange::parse(text));
    return 0;
}
