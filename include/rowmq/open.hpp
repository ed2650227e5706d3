#pragma once
// Opens a store by its address and gives the broker that serves it.
//   "sqlite:orders.db"  a file (made when it is not there), owned by this process until the broker is closed
//   "memory:"           nothing is kept: for tests and for what may be lost

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "rowmq/broker.hpp"
#include "rowmq/open_options.hpp"

namespace rowmq {

/// `executor` is the broker's strand: one thread at a time. Awaited on it, and every call of the broker is made on it.
/// Errors: invalid_argument (an address this version cannot open), store_busy, store_newer, store_full, store_failed.
awaitable<Result<std::unique_ptr<Broker>>> open(boost::asio::any_io_executor executor, std::string url, OpenOptions options);
/// With defaults. (No default argument: g++ 12 destroys one twice that is made inside a co_await.)
awaitable<Result<std::unique_ptr<Broker>>> open(boost::asio::any_io_executor executor, std::string url);

}  // namespace rowmq
