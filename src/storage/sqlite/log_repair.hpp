#pragma once
// Looks for damage in the write-ahead log and puts right what can be. SQLite reads the log up to the first frame whose checksum
// does not match and takes the rest for what a crash has cut off: one bit would silently cost every later commit in the log.
//
// What follows a frame tells which part of it is damaged, because each checksum goes on from the one before. A frame's own
// checksum is computed anew; of its page one bit is put back where only one explains the difference. All that only where the frame
// is proven to have been synced whole: by a later commit behind it, or by the seal (log_seal.hpp). The log's checksum is linear
// and weak, and a write that a crash tore may become "right" by a bit that was never wrong. So the last commit of a log without a
// seal stays as it is: what is not whole there is taken for torn. The proof needs synchronous=FULL.
// Threads: the one that opens the store, before anything else opens the file. Errors: throws Broken.

#include <string>
#include <vector>

namespace rowmq::storage::sqlite {

struct LogRepair {
    std::vector<std::string> done;  ///< a sentence for each frame that was put right
    std::string lost;               ///< a sentence: what cannot be read, though it was whole once. Empty: nothing
    bool was_synced = false;        ///< of `lost`: a seal says so. (Without syncs, a power cut leaves such a log, too.)
};

enum class Unrepairable {
    leave,   ///< the log stays as it is
    follow,  ///< later checksums are made to follow from the damaged frame, so that SQLite reads on: its page is wrong (salvage)
};

LogRepair repair_log(const std::string& path, const std::string& vfs, Unrepairable what = Unrepairable::leave);

}  // namespace rowmq::storage::sqlite
