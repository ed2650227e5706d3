#pragma once
// Failpoints inside SQLite's commits and checkpoints, where no line of this program runs: between writing a file and
// syncing it. Nothing in a program without failpoints.
// Threads: the writer's, once.

#include <sqlite3.h>

namespace rowmq::storage::sqlite {

#ifdef ROWMQ_FAILPOINTS
/// From now on a sync of the log passes `log_written` and one of the database passes `half_checkpoint`.
void watch_syncs(sqlite3* db);
#else
inline void watch_syncs(sqlite3*) {}
#endif

}  // namespace rowmq::storage::sqlite
