#pragma once
// Puts one flipped bit of a frame of the write-ahead log back. SQLite reads the log up to the first frame whose checksum does not
// match and takes the rest for what a crash has cut off: one bit would silently cost every later commit in the log.
//
// A frame that becomes right by one bit is damage; what a crash leaves half written differs in whole sectors (and where it does
// not, the frame put right is the commit that was under way, which may be there). The log's checksum is linear, so the bit is
// found by arithmetic.
// Threads: the one that opens the store, before anything else opens the file. Errors: throws Broken.

#include <string>
#include <vector>

namespace rowmq::storage::sqlite {

/// A sentence for each bit put back. Empty: nothing to do, or nothing that one bit explains.
std::vector<std::string> repair_log(const std::string& path, const std::string& vfs);

}  // namespace rowmq::storage::sqlite
