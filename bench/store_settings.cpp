// SQLite alone, set as the store sets it.

#include "bed.hpp"

namespace rowmq::bench {

RawSettings store_settings(std::string path) {
    const storage::sqlite::SqliteOptions options;
    RawSettings raw;
    raw.path = std::move(path);
    raw.page_bytes = options.page_size;
    raw.incremental_vacuum = options.incremental_vacuum;
    raw.cache_kib = options.writer_cache_kib;
    raw.checkpoint_pages = static_cast<int>(options.wal_bytes / static_cast<std::size_t>(options.page_size));
    return raw;
}

}  // namespace rowmq::bench
