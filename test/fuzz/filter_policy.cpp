// A filter policy, a line feed, and a message's body: compiled or refused within the law of memory, matched or not, never a
// crash. SNS's own check comes before the broker's.
#include <cstdlib>

#include "broker/routing/filter.hpp"
#include "sns/filter_policy.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

void try_on(std::string_view policy, std::string_view body, rowmq::BindingOptions::FilterOn on) {
    static const rowmq::Limits limits;
    std::shared_ptr<const rowmq::Filter> filter;
    {
        const rowmq::fuzz::Allocations law(policy.size());
        auto compiled = rowmq::Filter::compile(policy, on, limits);
        if (!compiled) return;
        filter = *std::move(compiled);
    }
    rowmq::Properties properties;
    properties.headers.push_back({"a", {std::string(body), "String.Array"}});
    properties.headers.push_back({"n", {std::string(body), "Number"}});
    const rowmq::fuzz::Allocations law(body.size());
    if (filter->matches(&properties, body) != filter->matches(&properties, body)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto end = text.find('\n');
    const std::string_view policy = text.substr(0, end), body = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    {
        const rowmq::fuzz::Allocations law(policy.size());
        static_cast<void>(rowmq::sns::check_filter_policy(policy, rowmq::sns::FilterScope::body));
    }
    try_on(policy, body, rowmq::BindingOptions::FilterOn::headers);
    try_on(policy, body, rowmq::BindingOptions::FilterOn::body);
    return 0;
}
