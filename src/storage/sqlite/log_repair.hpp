#pragma once
// Puts one flipped bit of a frame of the write-ahead log back. SQLite reads the log up to the first frame whose checksum does not
// match and takes the rest for what a crash has cut off: one bit would silently cost every later commit in the log.
//
// A bit is put back only where a later commit follows in the log, which proves that the frame had been synced whole: the log's
// checksum is linear and weak, and a write that a crash tore may become "right" by a bit that was never wrong. So the last commit
// stays as it is: what is not whole there is taken for torn. The proof needs synchronous=FULL. Being linear, the checksum tells
// the bit by arithmetic.
// Threads: the one that opens the store, before anything else opens the file. Errors: throws Broken.

#include <string>
#include <vector>

namespace rowmq::storage::sqlite {

/// A sentence for each bit put back. Empty: nothing to do, or nothing that one bit explains.
std::vector<std::string> repair_log(const std::string& path, const std::string& vfs);

}  // namespace rowmq::storage::sqlite
