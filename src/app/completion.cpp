// `rowmq completion`: what a shell needs to complete commands and options, written from the commands there are.

#include <fmt/format.h>

#include <algorithm>

#include "app/command.hpp"

namespace rowmq::app {
namespace {

/// One command with its way from the program: {"queues", "create"}.
struct Described {
    std::vector<std::string> path;
    std::string help;
    std::vector<std::pair<std::string, std::string>> commands, options;  ///< name ("--max"), description
};

void describe(const CLI::App& app, std::vector<std::string> path, std::vector<Described>& all) {
    Described one{.path = path, .help = app.get_description(), .commands = {}, .options = {}};
    for (const auto* sub : app.get_subcommands([](const CLI::App* a) { return !a->get_name().empty(); }))
        one.commands.emplace_back(sub->get_name(), sub->get_description());
    for (const auto* option : app.get_options())
        for (const auto& name : option->get_lnames()) one.options.emplace_back("--" + name, option->get_description());
    all.push_back(one);
    for (const auto* sub : app.get_subcommands([](const CLI::App* a) { return !a->get_name().empty(); })) {
        auto below = path;
        below.push_back(sub->get_name());
        describe(*sub, std::move(below), all);
    }
}

std::string joined(const std::vector<std::string>& words, std::string_view between) { return fmt::format("{}", fmt::join(words, between)); }

std::string words_of(const Described& one) {
    std::vector<std::string> words;
    for (const auto& [name, help] : one.commands) words.push_back(name);
    for (const auto& [name, help] : one.options) words.push_back(name);
    return joined(words, " ");
}

std::string bash(const std::vector<Described>& all) {
    std::string out = R"(# rowmq completion for bash
_rowmq() {
    local current=${COMP_WORDS[COMP_CWORD]} place= word i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case "$place $word" in
)";
    for (const auto& one : all) {
        if (one.path.empty()) continue;
        const std::vector<std::string> above(one.path.begin(), one.path.end() - 1);
        const std::string before = joined(above, " ");
        out += fmt::format("            '{}') place='{}' ;;\n", before + " " + one.path.back(), joined(one.path, " "));
    }
    out += "        esac\n    done\n    local words=\n    case \"$place\" in\n";
    for (const auto& one : all) out += fmt::format("        '{}') words='{}' ;;\n", joined(one.path, " "), words_of(one));
    out += R"(    esac
    if [[ $current != -* && -z $(compgen -W "$words" -- "$current") ]]; then
        COMPREPLY=($(compgen -f -- "$current"))
    else
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    fi
}
complete -F _rowmq rowmq
)";
    return out;
}

/// In single quotes, as both shells read them.
std::string quoted(std::string text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c == '\n' ? ' ' : c);
    return out + "'";
}

std::string fish(const std::vector<Described>& all) {
    std::string out = "# rowmq completion for fish\ncomplete -c rowmq -f\n";
    for (const auto& one : all) {
        std::string condition = one.path.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + one.path.front();
        if (one.path.size() > 1) condition += "; and __fish_seen_subcommand_from " + one.path[1];
        for (const auto& [name, help] : one.commands)
            out += fmt::format("complete -c rowmq -n {} -a {} -d {}\n", quoted(condition), name, quoted(help));
        for (const auto& [name, help] : one.options)
            out += fmt::format("complete -c rowmq -n {} -l {} -d {}\n", quoted(condition), name.substr(2), quoted(help));
    }
    return out;
}

std::string zsh(const std::vector<Described>& all) {
    std::string out = R"(#compdef rowmq
# rowmq completion for zsh
_rowmq() {
    local place= word
    for word in ${words[2,CURRENT-1]}; do
        case "$place $word" in
)";
    for (const auto& one : all) {
        if (one.path.empty()) continue;
        const std::vector<std::string> above(one.path.begin(), one.path.end() - 1);
        out +=
            fmt::format("            {}) place={} ;;\n", quoted(joined(above, " ") + " " + one.path.back()), quoted(joined(one.path, " ")));
    }
    out += "        esac\n    done\n    local -a names\n    case \"$place\" in\n";
    for (const auto& one : all) {
        std::string names;
        for (const auto* list : {&one.commands, &one.options})
            for (const auto& [name, help] : *list) {
                std::string told = help;
                std::replace(told.begin(), told.end(), ':', ' ');
                names += ' ' + quoted(name + ":" + told);
            }
        out += fmt::format("        {}) names=({} ) ;;\n", quoted(joined(one.path, " ")), names);
    }
    out += R"(    esac
    _describe 'rowmq' names || _files
}
_rowmq "$@"
)";
    return out;
}

}  // namespace

void add_completion(CLI::App& program, Exit& exit) {
    const auto shell = std::make_shared<std::string>();
    auto& command = *program.add_subcommand("completion", "Print the completion of a shell: bash, zsh or fish");
    command.add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command.footer(
        "bash: source <(rowmq completion bash)\nzsh: rowmq completion zsh > a folder of $fpath/_rowmq\n"
        "fish: rowmq completion fish > ~/.config/fish/completions/rowmq.fish");
    command.callback([shell, &program, &exit] {
        std::vector<Described> all;
        describe(program, {}, all);
        print(*shell == "bash" ? bash(all) : *shell == "zsh" ? zsh(all) : fish(all));
        exit = Exit::ok;
    });
}

}  // namespace rowmq::app
