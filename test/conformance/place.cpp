#include "test/conformance/place.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "storage/memory/engine.hpp"
#if ROWMQ_HAS_SQLITE
#include "storage/sqlite/engine.hpp"
#endif
#if ROWMQ_HAS_POSTGRES_SPIKE
#include "test/conformance/postgres_spike/place.hpp"
#endif

namespace rowmq::conformance {
namespace {

class InMemory final : public Place {
public:
    std::unique_ptr<storage::Engine> open(boost::asio::any_io_executor strand) override {
        return storage::memory::make_engine(std::move(strand), content_);
    }

private:
    std::shared_ptr<storage::memory::Content> content_ = std::make_shared<storage::memory::Content>();
};

#if ROWMQ_HAS_SQLITE
class InFile final : public Place {
public:
    explicit InFile(bool threads) : threads_(threads) {
        std::string pattern = (std::filesystem::temp_directory_path() / "rowmq-conformance-XXXXXX").string();
        if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory: " + pattern);
        folder_ = pattern;
    }
    ~InFile() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    std::unique_ptr<storage::Engine> open(boost::asio::any_io_executor strand) override {
        storage::sqlite::SqliteOptions options;
        options.path = (folder_ / "store.db").string();
        // What survives a power cut is shown elsewhere; here syncs would only make the suite slow.
        options.synchronous = storage::sqlite::Synchronous::off;
        options.threads = threads_;
        return storage::sqlite::open(std::move(strand), std::move(options)).value();
    }

private:
    std::filesystem::path folder_;
    bool threads_;
};
#endif

}  // namespace

std::vector<EngineKind> whole_engines() {
    std::vector<EngineKind> kinds;
    kinds.push_back({"memory", [] { return std::make_unique<InMemory>(); }});
#if ROWMQ_HAS_SQLITE
    kinds.push_back({"sqlite", [] { return std::make_unique<InFile>(true); }});
    kinds.push_back({"sqlite_on_the_strand", [] { return std::make_unique<InFile>(false); }});
#endif
    return kinds;
}

std::vector<EngineKind> all_engines() {
    std::vector<EngineKind> kinds = whole_engines();
#if ROWMQ_HAS_POSTGRES_SPIKE
    kinds.push_back({"postgres_spike", [] { return postgres_spike::new_place(); }});
#endif
    return kinds;
}

}  // namespace rowmq::conformance
