// A queue attribute's name, a line feed, and any bytes as its value: set or refused within the law of memory; what is given
// back afterwards is taken again and changes nothing. Also as a policy that is edited, and as a message attribute of ours.
#include <cstdlib>

#include "sqs/access_policy.hpp"
#include "sqs/instructions.hpp"
#include "sqs/own_attributes.hpp"
#include "sqs/queue_attributes.hpp"
#include "test/fuzz/allocations.hpp"

namespace {

using namespace rowmq;
using namespace rowmq::sqs;

std::optional<QueueInfo> any_queue(std::string_view name) {
    QueueInfo queue;
    queue.name = name;
    queue.options = default_options(name);
    return queue;
}

void set_on(std::string_view queue, const std::string& name, const std::string& value) {
    static const Settings settings;
    static const FindQueue find = any_queue;
    const AttributeScope scope{.queue = queue, .settings = settings, .find = find, .creating = true};
    QueueInfo info;
    info.name = queue;
    {
        const Map<std::string> attributes{{name, value}};
        const QueueOptions before = default_options(queue);
        const fuzz::Allocations law(name.size() + value.size());
        auto set = with_attributes(before, attributes, scope);
        if (!set) return;
        info.options = *std::move(set);
    }
    const auto given = is_own_attribute(name) ? own_attribute_of(info.options, name) : attribute_of(info, name, settings);
    if (!given) return;
    const auto again = with_attributes(info.options, {{name, *given}}, scope);
    if (!again || !(*again == info.options)) std::abort();
}

/// A permission that was added can be removed, whatever else the policy says.
void edit(const std::string& policy) {
    {
        const fuzz::Allocations law(policy.size());
        if (check_access_policy(policy)) return;
    }
    const auto more = with_permission(policy, "arn:aws:sqs:us-east-1:000000000000:q", {"label", {"123456789012"}, {"SendMessage"}});
    if (!more) return;  // the label was there
    if (check_access_policy(*more)) std::abort();
    if (!without_permission(*more, "label")) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto end = std::min(text.find('\n'), text.size());
    const std::string name = text.substr(0, end), value = text.substr(std::min(end + 1, text.size()));
    set_on("q", name, value);
    set_on("q.fifo", name, value);
    edit(value);
    for (const char* type : {"Number", "String"})
        static_cast<void>(instructions_of({{name, {.type = type, .text = value, .bytes = std::nullopt}}}, QueueKind::standard));
    return 0;
}
