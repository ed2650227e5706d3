#include "test/support/crash_images.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "base/random.hpp"

namespace rowmq::test {

std::string_view name_of(Survival survival) noexcept {
    switch (survival) {
        case Survival::nothing_pending: return "nothing pending";
        case Survival::everything: return "everything";
        case Survival::only_wal: return "only the WAL";
        case Survival::only_database: return "only the database";
        case Survival::prefix: return "a prefix";
        case Survival::random_sectors: return "random sectors";
        case Survival::some_names: return "some names";
    }
    return "?";
}

namespace {

using Kind = FileOperation::Kind;
constexpr std::int64_t sector = 512;

/// The disk at one crash point.
class Disk {
public:
    explicit Disk(const FileImage& start) {
        for (const auto& [name, bytes] : start) {
            const int inode = static_cast<int>(durable_names_.size()) + 1;  // as RecordingVfs numbers them
            files_[inode] = {.kind = FileKind::other, .durable = bytes, .current = bytes};
            durable_names_[name] = inode;
        }
        names_ = durable_names_;
    }

    void apply(const FileOperation& operation) {
        switch (operation.kind) {
            case Kind::create:
                names_[operation.text] = operation.inode;
                files_[operation.inode].kind = operation.file;
                pending_names_.push_back(&operation);
                break;
            case Kind::remove:
                names_.erase(operation.text);
                pending_names_.push_back(&operation);
                if (operation.directory) sync_directory();
                break;
            case Kind::write:
            case Kind::truncate: {
                auto& file = files_[operation.inode];
                file.kind = operation.file;
                perform(file.current, operation);
                pending_.push_back(&operation);
                break;
            }
            case Kind::sync: {
                auto& file = files_[operation.inode];
                file.durable = file.current;
                std::erase_if(pending_, [&](auto* p) { return p->inode == operation.inode; });
                if (operation.directory) sync_directory();
                break;
            }
            case Kind::submitted: submitted = operation.offset; break;
            case Kind::answered: answered = operation.offset; break;
        }
    }

    void images(const CrashOptions& options, Random& random, const std::function<void(Survival, FileImage)>& give) const {
        give(Survival::nothing_pending, files(durable_names_, [](const File& f) { return f.durable; }));
        const auto everything = [](const File& f) { return f.current; };
        give(Survival::everything, files(names_, everything));
        if (!pending_.empty()) {
            give(Survival::only_wal, files(names_, [](const File& f) { return f.kind == FileKind::wal ? f.current : f.durable; }));
            give(Survival::only_database, files(names_, [](const File& f) { return f.kind == FileKind::wal ? f.durable : f.current; }));
            prefixes(options, give);
            for (std::size_t i = 0; i < options.random_subsets; ++i) give(Survival::random_sectors, random_sectors(random));
        }
        name_subsets(options, random, give);
    }

    std::int64_t submitted = 0, answered = 0;

private:
    using Names = std::map<std::string, int>;
    struct File {
        FileKind kind = FileKind::other;
        FileBytes durable, current;
    };
    using Contents = std::map<int, FileBytes>;

    static void perform(FileBytes& bytes, const FileOperation& operation) {
        if (operation.kind == Kind::write) bytes.write(operation.offset, operation.text);
        else bytes.resize(operation.offset);
    }
    static void perform(Names& names, const FileOperation& operation) {
        if (operation.kind == Kind::create) names[operation.text] = operation.inode;
        else names.erase(operation.text);
    }
    void sync_directory() {
        durable_names_ = names_;
        pending_names_.clear();
    }

    template <typename Choose>
    FileImage files(const Names& names, Choose choose) const {
        FileImage image;
        for (const auto& [name, inode] : names) {
            const auto found = files_.find(inode);
            image[name] = found == files_.end() ? FileBytes{} : choose(found->second);
        }
        return image;
    }
    FileImage files(const Contents& contents) const {
        FileImage image;
        for (const auto& [name, inode] : names_) image[name] = contents.at(inode);
        return image;
    }
    Contents durable() const {
        Contents contents;
        for (const auto& [inode, file] : files_) contents[inode] = file.durable;
        for (const auto& [name, inode] : names_) contents.try_emplace(inode);
        return contents;
    }

    void prefixes(const CrashOptions& options, const std::function<void(Survival, FileImage)>& give) const {
        auto contents = durable();
        if (options.prefixes == 0) return;
        const auto step = std::max<std::size_t>(1, (pending_.size() + options.prefixes - 1) / std::max<std::size_t>(1, options.prefixes));
        for (std::size_t i = 0; i + 1 < pending_.size(); ++i) {
            perform(contents[pending_[i]->inode], *pending_[i]);
            if ((pending_.size() - 1 - i) % step == 0) give(Survival::prefix, files(contents));
        }
    }

    FileImage random_sectors(Random& random) const {
        auto contents = durable();
        for (const auto* operation : pending_) {
            auto& bytes = contents[operation->inode];
            if (operation->kind == Kind::truncate) {
                if (random.next() % 2) perform(bytes, *operation);
                continue;
            }
            const auto durable_end = files_.at(operation->inode).durable.size();
            const std::string_view text = operation->text;
            for (std::size_t done = 0; done < text.size();) {
                const auto at = operation->offset + static_cast<std::int64_t>(done);
                const auto length = std::min(text.size() - done, static_cast<std::size_t>(sector - at % sector));
                survive(bytes, at, text.substr(done, length), at >= durable_end, random);
                done += length;
            }
        }
        return files(contents);
    }
    static void survive(FileBytes& bytes, std::int64_t at, std::string_view text, bool beyond_end, Random& random) {
        const auto choice = random.next() % 4;
        if (choice < 2) {
            bytes.write(at, text);
        } else if (choice == 3 && beyond_end) {  // allocated, never written
            std::string other(text.size(), '\0');
            if (random.next() % 2)
                for (auto& c : other) c = static_cast<char>(random.next());
            bytes.write(at, other);
        }
    }

    void name_subsets(const CrashOptions& options, Random& random, const std::function<void(Survival, FileImage)>& give) const {
        const auto n = pending_names_.size();
        if (n == 0) return;
        const bool all = n < 16 && (std::size_t{1} << n) <= options.name_subsets;
        const auto count = all ? std::size_t{1} << n : options.name_subsets;
        for (std::size_t i = 0; i < count; ++i) {
            const auto chosen = all ? i : random.next();
            auto names = durable_names_;
            for (std::size_t bit = 0; bit < n; ++bit)
                if (chosen >> (bit % 64) & 1) perform(names, *pending_names_[bit]);
            give(Survival::some_names, files(names, [](const File& f) { return f.current; }));
            give(Survival::some_names, files(names, [](const File& f) { return f.durable; }));
        }
    }

    std::map<int, File> files_;
    Names names_, durable_names_;
    std::vector<const FileOperation*> pending_, pending_names_;
};

struct Seen {
    std::uint64_t files;
    std::int64_t submitted, answered;
    bool operator==(const Seen&) const = default;
};
struct SeenHash {
    std::size_t operator()(const Seen& s) const noexcept {
        return s.files ^ static_cast<std::size_t>(s.submitted) * 0x9e3779b97f4a7c15u ^ static_cast<std::size_t>(s.answered) << 32;
    }
};

}  // namespace

CrashCounts each_crash_image(const std::vector<FileOperation>& log, const CrashOptions& options,
                             const std::function<void(const CrashImage&)>& visit, const FileImage& start) {
    CrashCounts counts;
    Disk disk(start);
    SeededRandom random(options.seed);
    std::unordered_set<Seen, SeenHash> seen;
    for (std::size_t point = 0; point <= log.size(); ++point) {
        if (point % options.every == 0) ++counts.points;
        if (point % options.every == 0)
            disk.images(options, random, [&](Survival survival, FileImage files) {
                ++counts.images;
                const auto hash = hash_of(files);
                if (!seen.insert({hash, disk.submitted, disk.answered}).second) return;
                ++counts.unique;
                visit({.point = point,
                       .survival = survival,
                       .submitted = disk.submitted,
                       .answered = disk.answered,
                       .files = std::move(files),
                       .hash = hash});
            });
        if (point == log.size()) break;
        const auto& operation = log[point];
        if (operation.kind != Kind::submitted && operation.kind != Kind::answered) ++counts.calls;
        if (operation.kind == Kind::sync) ++counts.syncs;
        disk.apply(operation);
    }
    return counts;
}

}  // namespace rowmq::test
