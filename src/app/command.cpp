#include "app/command.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "app/settings.hpp"

namespace rowmq::app {

void add_target(CLI::App& command, Target& target) {
    command.add_option("--store", target.store, "The store: sqlite:PATH (default sqlite:rowmq.db)");
    command.add_option("--config", target.config, "A configuration file (TOML)");
    command.add_flag("--json", target.json, "Output for programs: JSON, one value a line");
}

Result<std::string> store_of(const Target& target) {
    Layer flags;
    if (!target.store.empty()) flags.store = target.store;
    auto settings = settle(flags, process_environment(), target.config);
    if (settings.has_error()) return std::move(settings).error();
    return std::move(settings->store);
}

Result<std::unique_ptr<Caller>> connect(const Target& target, bool create) {
    const auto store = store_of(target);
    if (store.has_error()) return store.error();
    return connect(*store, create);
}

Exit report(const Error& error, bool json) {
    if (json) {
        const boost::json::object object{{"code", name_of(error.code)}, {"text", error.text}};
        fmt::print(stderr, "{}\n", boost::json::serialize(object));
    } else {
        fmt::print(stderr, "rowmq: {}\n", error.text);
    }
    return exit_of(error.code);
}

bool print(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0; }

void print_json(const boost::json::value& value) { print(boost::json::serialize(value) + "\n"); }

}  // namespace rowmq::app
