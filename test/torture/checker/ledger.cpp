#include "test/torture/checker/ledger.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstring>

#include "test/torture/checker/fields.hpp"

namespace rowmq::torture {
namespace {

constexpr std::string_view heading = "# rowmq ledger 1";
constexpr std::array<std::string_view, 12> kinds = {"send", "receive", "delete", "extend", "purge", "queue",
                                                    "kill", "stop",    "count",  "gauge",  "quiet", "stall"};
constexpr std::array<std::string_view, 3> outcomes = {"ok", "fail", "info"};

template <typename Enum, std::size_t size>
bool one_of(const std::array<std::string_view, size>& words, std::string_view word, Enum& value) {
    for (std::size_t i = 0; i < size; ++i)
        if (words[i] == word) {
            value = static_cast<Enum>(i);
            return true;
        }
    return false;
}

/// Names by their hash: of ten million, two are the same once in 300,000 ledgers.
class Numbering final {
public:
    std::uint32_t number(std::string_view name, std::vector<std::string_view>& names) {
        const auto [at, fresh] = numbers_.emplace(hash_of(name), static_cast<std::uint32_t>(names.size()));
        if (fresh) names.push_back(name);
        return at->second;
    }
    std::uint32_t find(std::string_view name) const {
        const auto at = numbers_.find(hash_of(name));
        return at == numbers_.end() ? none : at->second;
    }

private:
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> numbers_;
};

}  // namespace

struct Ledger::Tables {
    Numbering messages, queues, groups, clients;
    std::vector<std::string_view> client_names;
};

/// One line into one Operation.
class LineReader final {
public:
    explicit LineReader(Ledger& ledger) : ledger_(ledger), tables_(*ledger.tables_) {}

    /// What is wrong, or empty.
    std::string read(std::string_view line, std::int64_t expected, Operation& op) {
        std::int64_t number = 0;
        if (!to_number(take_word(line), number)) return "does not begin with a number";
        if (number != expected) return "has number " + std::to_string(number) + " where " + std::to_string(expected) + " is next";
        if (!to_number(take_word(line), op.invoked) || !to_number(take_word(line), op.returned) || op.returned < op.invoked)
            return "has no two times in order";
        op.client = tables_.clients.number(take_word(line), tables_.client_names);
        if (const auto kind = take_word(line); !one_of(kinds, kind, op.kind)) return "names no operation: " + std::string(kind);
        const auto id = take_word(line);
        if (!one_of(outcomes, take_word(line), op.outcome)) return "has no outcome";
        if (id.empty()) return "has no id";
        if (op.kind <= Kind::extend && id != "-") op.message = tables_.messages.number(id, ledger_.names);
        if (op.kind == Kind::queue || op.kind == Kind::purge) op.queue = ledger_.queue_named(id);
        if (op.kind == Kind::gauge) op.group = tables_.groups.number(id, ledger_.groups);
        while (!line.empty()) {
            const auto word = take_word(line);
            const auto equals = word.find('=');
            if (equals == std::string_view::npos || !field(op, word.substr(0, equals), word.substr(equals + 1)))
                return "has a detail that is none: " + std::string(word);
        }
        const bool of_queue = op.kind <= Kind::purge || op.kind == Kind::count;
        return of_queue && op.queue == none ? "names no queue" : "";
    }

private:
    bool field(Operation& op, std::string_view key, std::string_view value) {
        if (key == "q") return (op.queue = ledger_.queue_named(value)) != none;
        if (key == "g") return (op.group = tables_.groups.number(value, ledger_.groups)) != none;
        if (key == "m") return (op.store_id = hash_of(value)) != 0;
        if (key == "dedup") return (op.grant = hash_of(value)) != 0;
        if (key == "kind") return value == "fifo" || value == "standard" ? (rules(op).fifo = value == "fifo", true) : false;
        if (key == "dead_letter") {
            const auto target = ledger_.queue_named(value);
            rules(op).dead_letter = target;
            return true;
        }
        std::int64_t number = 0;
        if (!to_number(value, number) || number < 0) return false;
        return counted(op, key, number);
    }
    bool counted(Operation& op, std::string_view key, std::int64_t number) {
        const auto small = static_cast<std::uint32_t>(std::min<std::int64_t>(number, UINT32_MAX));
        if (key == "ms") op.ms = small;
        else if (key == "wait") op.wait_ms = small;
        else if (key == "n") op.receives = small;
        else if (key == "crc") op.check = small;
        else if (key == "seq") op.sequence = number;
        else if (key == "grant") op.grant = static_cast<std::uint64_t>(number);
        else if (key == "altered") op.altered = number != 0;
        else if (key == "value") op.value = number;
        else if (key == "base") op.base = number != 0;
        else if (op.kind != Kind::queue) return false;
        else if (key == "max_receives") rules(op).max_receives = small;
        else if (key == "retention_ms") rules(op).retention_ms = number;
        else if (key == "window_ms") rules(op).window_ms = number;
        else if (key == "strict") rules(op).strict = number != 0;
        else if (key == "by_group") rules(op).by_group = number != 0;
        else return false;
        return true;
    }
    QueueRules& rules(const Operation& op) { return ledger_.rules[op.queue == none ? ledger_.queue_named("-") : op.queue]; }

    Ledger& ledger_;
    Ledger::Tables& tables_;
};

Ledger::~Ledger() {
    delete tables_;
    if (mapped_) ::munmap(mapped_, mapped_size_);
}

std::string Ledger::read(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts {};
    if (file < 0 || ::fstat(file, &facts) != 0) return path + ": " + std::strerror(errno);
    mapped_size_ = static_cast<std::size_t>(facts.st_size);
    void* const at = mapped_size_ ? ::mmap(nullptr, mapped_size_, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    ::close(file);
    if (at == MAP_FAILED) return path + ": is empty, or cannot be mapped";
    mapped_ = at;
    ::madvise(at, mapped_size_, MADV_SEQUENTIAL);
    const auto wrong = parse({static_cast<const char*>(at), mapped_size_});
    return wrong.empty() ? wrong : path + ": " + wrong;
}

std::string Ledger::parse(std::string_view text) {
    tables_ = new Tables;
    text_ = text;
    if (!text.starts_with(heading) || text.size() == heading.size() || text[heading.size()] != '\n')
        return "does not begin with: " + std::string(heading);
    operations.reserve(text.size() / 80);
    LineReader reader(*this);
    for (std::size_t at = heading.size() + 1; at < text.size();) {
        const auto end = text.find('\n', at);
        const auto number = static_cast<std::int64_t>(operations.size()) + 1;
        if (end == std::string_view::npos) return "operation " + std::to_string(number) + " is cut off";
        Operation op;
        op.offset = static_cast<std::int64_t>(at);
        if (auto wrong = reader.read(text.substr(at, end - at), number, op); !wrong.empty())
            return "operation " + std::to_string(number) + " " + wrong;
        operations.push_back(op);
        at = end + 1;
    }
    return {};
}

std::string_view Ledger::line(const Operation& operation) const {
    const auto rest = text_.substr(static_cast<std::size_t>(operation.offset));
    return rest.substr(0, rest.find('\n'));
}

std::uint32_t Ledger::queue_named(std::string_view name) {
    const auto number = tables_->queues.number(name, queues);
    if (number >= rules.size()) rules.resize(number + 1);
    return number;
}

std::uint32_t Ledger::message_named(std::string_view name) const { return tables_->messages.find(name); }

}  // namespace rowmq::torture
