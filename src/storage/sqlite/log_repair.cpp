#include "storage/sqlite/log_repair.hpp"

#include <cstddef>
#include <memory>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/log_format.hpp"

namespace rowmq::storage::sqlite {
namespace {

constexpr std::size_t repairs_at_most = 16;

/// The file "<path>-wal" through SQLite's file system. Not there: no methods.
class LogFile final {
public:
    LogFile(const std::string& path, const std::string& vfs) : vfs_(sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str())) {
        if (!vfs_) return;
        std::string full(static_cast<std::size_t>(vfs_->mxPathname) + 1, '\0');
        if (vfs_->xFullPathname(vfs_, path.c_str(), static_cast<int>(full.size()), full.data()) != SQLITE_OK) return;
        full.resize(std::strlen(full.c_str()));
        const std::string log = full + "-wal";
        int exists = 0;
        if (vfs_->xAccess(vfs_, log.c_str(), SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK || !exists) return;
        name_ = sqlite3_create_filename(full.c_str(), (full + "-journal").c_str(), log.c_str(), 0, nullptr);
        storage_.resize((static_cast<std::size_t>(vfs_->szOsFile) + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL;
        if (!name_ || vfs_->xOpen(vfs_, sqlite3_filename_wal(name_), file(), flags, nullptr) != SQLITE_OK) file()->pMethods = nullptr;
    }
    LogFile(const LogFile&) = delete;
    ~LogFile() {
        if (is_open()) file()->pMethods->xClose(file());
        if (name_) sqlite3_free_filename(const_cast<char*>(name_));
    }
    bool is_open() { return !storage_.empty() && file()->pMethods; }
    std::int64_t size() {
        sqlite3_int64 size = 0;
        return file()->pMethods->xFileSize(file(), &size) == SQLITE_OK ? size : 0;
    }
    bool read(std::span<char> into, std::int64_t offset) {
        return file()->pMethods->xRead(file(), into.data(), static_cast<int>(into.size()), offset) == SQLITE_OK;
    }
    void write(std::span<const char> bytes, std::int64_t offset) {
        must(file()->pMethods->xWrite(file(), bytes.data(), static_cast<int>(bytes.size()), offset));
    }
    void sync() { must(file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL)); }

private:
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(storage_.data()); }
    static void must(int code) {
        if (code != SQLITE_OK) throw Broken(code, 0, "cannot repair the log: " + std::string(sqlite3_errstr(code)));
    }

    sqlite3_vfs* vfs_;
    const char* name_ = nullptr;
    std::vector<std::max_align_t> storage_;
};

class Repair final {
public:
    Repair(LogFile& log, Unrepairable what) : log_(log), what_(what) {}

    LogRepair run() {
        if (!read_header()) return std::move(report_);
        sums_ = header_.sums;
        Frame frame(header_), before(header_);
        for (; report_.done.size() < repairs_at_most && log_.read(frame.bytes(), header_.offset_of(number_));
             ++number_, std::swap(frame, before)) {
            const auto computed = frame.sums_after(sums_);
            if (frame.is_right_after(sums_)) {
                if (commit_ && frame.place() != *commit_) prove();
                sums_ = computed;
            } else if (frame.page() != 0 && follows(computed)) {
                frame.put_salts(header_.salts);
                frame.put_sums(computed);
                suspect(frame, true);
                sums_ = computed;
            } else if (frame.salts() == header_.salts && follows(frame.sums())) {
                suspect(frame, frame.turn_the_bit(sums_) || frame.repeat(before, sums_));
                sums_ = frame.sums();
            } else {
                break;
            }
            // After the commit that holds the damage came another: so it had been synced.
            if (suspects_.empty() || commit_ || !frame.ends_commit()) continue;
            if (suspects_.back().is_right || suspects_.back().number != number_) commit_ = frame.place();
        }
        ask_seal();
        if (!report_.lost.empty() && what_ == Unrepairable::follow) let_follow();
        if (wrote_) log_.sync();
        return std::move(report_);
    }

private:
    struct Suspect {
        std::int64_t number;
        Frame frame;
        bool is_right;
    };

    bool read_header() {
        std::array<char, log_header_bytes> bytes{};
        if (!log_.read(bytes, 0)) return false;
        auto header = LogHeader::of(bytes);
        for (std::size_t bit = 0; bit < bytes.size() * 8 && !header; ++bit) {
            const auto turn = [&] { bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8); };
            turn();
            header = LogHeader::of(bytes);
            if (header) put_back(bytes, 0, "one bit of the header");
            else turn();
        }
        if (header) header_ = *header;
        return header.has_value();
    }

    /// Whether what is behind frame number_ goes on from `sums`.
    bool follows(Sums sums) {
        if (const auto seal = seal_at(number_ + 1)) return seal->frames == number_ && seal->sums == sums;
        Frame next(header_);
        return log_.read(next.bytes(), header_.offset_of(number_ + 1)) && next.is_right_after(sums);
    }
    std::optional<Seal> seal_at(std::int64_t number) {
        std::array<char, Seal::bytes> bytes{};
        const auto seal = log_.read(bytes, header_.offset_of(number)) ? Seal::of(bytes) : std::nullopt;
        return seal && seal->salts == header_.salts ? seal : std::nullopt;
    }

    void suspect(const Frame& frame, bool is_right) {
        suspects_.push_back({number_, frame, is_right});
        commit_.reset();
    }
    /// The suspects had been synced whole.
    void prove() {
        for (auto& one : suspects_) {
            const auto name = "frame " + std::to_string(one.number);
            if (one.is_right) {
                put_back(one.frame.bytes(), header_.offset_of(one.number), name);
            } else if (report_.lost.empty()) {
                report_.lost = "the log: " + name + " is damaged, and later commits follow it";
                unread_from_ = one.number;
            }
        }
        suspects_.clear();
        commit_.reset();
    }
    /// Looks for the seal from number_ on, the first frame that is none.
    void ask_seal() {
        std::array<char, frame_header_bytes> start{};
        for (auto at = number_; log_.read(start, header_.offset_of(at)); ++at) {
            if (const auto seal = seal_at(at)) {
                prove();
                if (seal->frames >= number_ && report_.lost.empty())
                    report_.lost = "the log: frames " + std::to_string(number_) + " to " + std::to_string(seal->frames) + " are damaged";
                report_.was_synced = true;
                return;
            }
            if (Sums::at(start.data() + 8) == Sums{}) return;  // zeros: nothing was ever written from here on
        }
    }
    /// Every frame from the damaged one on gets the checksum that follows from what is there.
    void let_follow() {
        if (unread_from_ == 0) return;
        Frame frame(header_);
        auto sums = header_.sums;
        for (std::int64_t at = 1; at < number_ && log_.read(frame.bytes(), header_.offset_of(at)); ++at) {
            sums = frame.sums_after(sums);
            if (at < unread_from_) continue;
            frame.put_sums(sums);
            write(frame.bytes(), header_.offset_of(at));
        }
    }

    void put_back(std::span<const char> bytes, std::int64_t offset, const std::string& what) {
        write(bytes, offset);
        report_.done.push_back("the log: " + what + " was damaged, and was put right");
    }
    void write(std::span<const char> bytes, std::int64_t offset) {
        log_.write(bytes, offset);
        wrote_ = true;
    }

    LogFile& log_;
    Unrepairable what_;
    LogHeader header_;
    Sums sums_;
    std::int64_t number_ = 1;
    std::vector<Suspect> suspects_;  ///< not proven to be damage yet
    std::optional<Sums> commit_;     ///< of the frame that ends the commit with the latest of them
    std::int64_t unread_from_ = 0;
    bool wrote_ = false;
    LogRepair report_;
};

}  // namespace

LogRepair repair_log(const std::string& path, const std::string& vfs, Unrepairable what) {
    LogFile log(path, vfs);
    if (!log.is_open() || log.size() < static_cast<std::int64_t>(log_header_bytes)) return {};
    return Repair(log, what).run();
}

}  // namespace rowmq::storage::sqlite
