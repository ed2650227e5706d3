#pragma once
// Stores of the PostgreSQL spike: one schema each in this process's private server.

#include <memory>

#include "test/conformance/place.hpp"

namespace rowmq::conformance::postgres_spike {

std::unique_ptr<Place> new_place();
/// Over a schema of some server.
std::unique_ptr<storage::Engine> new_engine(boost::asio::any_io_executor strand, std::string target, std::string schema);

}  // namespace rowmq::conformance::postgres_spike
