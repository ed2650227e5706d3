#include "storage/sqlite/log_seal.hpp"

#include "storage/sqlite/log_format.hpp"
#include "storage/sqlite/open_log.hpp"

namespace rowmq::storage::sqlite {

namespace {

/// The first of the frames that say the same, up to the last: on a disk that may tear the sector in which a write ends, SQLite
/// repeats the last frame up to the end of its sector, and what is written next (a seal, a commit) may tear a repetition.
std::optional<Frame> said_first(const LogHeader& header, const auto& read, std::int64_t& number) {
    Frame frame(header), before(header);
    if (read(frame.bytes(), header.offset_of(number)) != SQLITE_OK) return std::nullopt;
    while (number > 1 && read(before.bytes(), header.offset_of(number - 1)) == SQLITE_OK && frame.repeats(before)) {
        std::swap(frame, before);
        --number;
    }
    return frame;
}

}  // namespace

void LogSeal::set(std::int64_t frames) {
    const WriteLock lock(db_);
    sqlite3_file* log = lock ? log_of(db_) : nullptr;
    if (!log || frames < 1) return;
    const auto read = [&](std::span<char> into, std::int64_t offset) {
        return log->pMethods->xRead(log, into.data(), static_cast<int>(into.size()), offset);
    };
    std::array<char, log_header_bytes> start{};
    std::array<char, frame_header_bytes> next{};
    if (read(start, 0) != SQLITE_OK) return;
    const auto header = LogHeader::of(start);
    if (!header) return;
    const auto slot = header->offset_of(frames + 1);
    const auto last = said_first(*header, read, frames);
    if (!last || last->salts() != header->salts || !last->ends_commit()) return;
    if (const int code = read(next, slot); code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return;
    if (Sums::at(next.data() + 8) == header->salts) return;  // somebody else's commit

    const Seal seal{.salts = header->salts, .frames = static_cast<std::uint32_t>(frames), .sums = last->sums()};
    const auto bytes = seal.encoded();
    if (log->pMethods->xWrite(log, bytes.data(), static_cast<int>(bytes.size()), slot) == SQLITE_OK) sync_log_data(log);
}

}  // namespace rowmq::storage::sqlite
