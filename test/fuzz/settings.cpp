// Any bytes as a configuration file, and as variables of the environment, NAME=VALUE a line: settings or invalid_argument.
#include <cstdlib>
#include <map>

#include "app/duration.hpp"
#include "app/settings.hpp"

namespace {

void check(const rowmq::Result<rowmq::app::Layer>& read) {
    if (!read && read.error().code != rowmq::Errc::invalid_argument) std::abort();
}

std::map<std::string, std::string> variables_of(std::string_view text) {
    std::map<std::string, std::string> variables;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (const auto equals = line.find('='); equals != std::string_view::npos)
            variables.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
    return variables;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    check(rowmq::app::read_toml(text, "input"));
    const auto variables = variables_of(text);
    check(rowmq::app::read_environment([&](const std::string& name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    }));
    rowmq::app::parse_duration(std::string(text));
    return 0;
}
