#include "storage/sqlite/log_seal.hpp"

#include "storage/sqlite/log_format.hpp"
#include "storage/sqlite/open_log.hpp"

namespace rowmq::storage::sqlite {

void LogSeal::set(std::int64_t frames) {
    const WriteLock lock(db_);
    sqlite3_file* log = lock ? log_of(db_) : nullptr;
    if (!log || frames < 1) return;
    const auto read = [&](std::span<char> into, std::int64_t offset) {
        return log->pMethods->xRead(log, into.data(), static_cast<int>(into.size()), offset);
    };
    std::array<char, log_header_bytes> start{};
    std::array<char, frame_header_bytes> last{}, next{};
    if (read(start, 0) != SQLITE_OK) return;
    const auto header = LogHeader::of(start);
    if (!header || read(last, header->offset_of(frames)) != SQLITE_OK) return;
    const bool ends_commit = big_endian(last.data() + 4) != 0;
    if (Sums::at(last.data() + 8) != header->salts || !ends_commit) return;
    const auto slot = header->offset_of(frames + 1);
    if (const int code = read(next, slot); code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return;
    if (Sums::at(next.data() + 8) == header->salts) return;  // somebody else's commit

    const Seal seal{.salts = header->salts, .frames = static_cast<std::uint32_t>(frames), .sums = Sums::at(last.data() + 16)};
    const auto bytes = seal.encoded();
    if (log->pMethods->xWrite(log, bytes.data(), static_cast<int>(bytes.size()), slot) == SQLITE_OK) sync_log_data(log);
}

}  // namespace rowmq::storage::sqlite
