#pragma once
// The engines the suite runs against, and where the store of one test lives while engines over it come and go.

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "storage/engine.hpp"

namespace rowmq::conformance {

/// One store, empty at first; gone with this.
class Place {
public:
    virtual ~Place() = default;
    /// An engine over it, not loaded yet. One at a time.
    virtual std::unique_ptr<storage::Engine> open(boost::asio::any_io_executor strand) = 0;
};

struct EngineKind {
    std::string name;
    std::function<std::unique_ptr<Place>()> new_place;
    friend std::ostream& operator<<(std::ostream& out, const EngineKind& kind) { return out << kind.name; }
};

/// Engines with every verb.
std::vector<EngineKind> whole_engines();
/// These, and those that can only put, page, remove and find duplicates.
std::vector<EngineKind> all_engines();

}  // namespace rowmq::conformance
