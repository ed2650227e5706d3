#pragma once
// The only place that names concrete engines: from a store's address to the engine that keeps it.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "library/store_address.hpp"
#include "rowmq/open_options.hpp"
#include "storage/engine.hpp"

namespace rowmq::library {

/// An engine not loaded yet. Errors: invalid_argument.
Result<std::unique_ptr<storage::Engine>> make_engine(boost::asio::any_io_executor executor, const StoreAddress& address,
                                                     const OpenOptions& options);

/// What is wrong with a store that nobody uses meanwhile. Errors: those of opening it.
boost::asio::awaitable<Result<storage::CheckReport>> check(boost::asio::any_io_executor executor, StoreAddress address);

/// What `salvage` saved into a new store, in one sentence, and what it has to say.
struct SalvageReport {
    std::string summary;
    std::vector<std::string> notes;
    bool is_whole = false;  ///< nothing was damaged
};
/// Saves what can be read of a damaged SQLite store into a new one (storage/sqlite/salvage.hpp). Works on this thread.
/// Errors: invalid_argument (another kind of store), store_busy, already_exists, store_full, store_failed.
Result<SalvageReport> salvage(const StoreAddress& address, const std::string& to);

}  // namespace rowmq::library
