#pragma once
// A broker on a recorded disk, in this thread, under a clock that stands still.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/manual_clock.hpp"
#include "rowmq/broker.hpp"
#include "test/crash/store_on_disk.hpp"
#include "test/support/run.hpp"
#include "test/torture/power/owed.hpp"

namespace rowmq::torture {

using test::RecordingVfs;

class BrokerOnDisk final {
public:
    /// The disk must outlive it. Without a broker afterwards `failure` says why.
    explicit BrokerOnDisk(const RecordingVfs& disk, storage::sqlite::Synchronous synchronous = storage::sqlite::Synchronous::full,
                          bool seals = false, bool late = false);
    /// Closes in order.
    ~BrokerOnDisk();
    BrokerOnDisk(const BrokerOnDisk&) = delete;
    BrokerOnDisk& operator=(const BrokerOnDisk&) = delete;

    template <typename T>
    auto run(boost::asio::awaitable<T> work) {
        return test::run_in(io, std::move(work));
    }
    /// Lets everything happen that does not need time.
    void poll();
    void advance(milliseconds by);

    boost::asio::io_context io;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::unique_ptr<Broker> broker;
    Session session;
    std::string failure;
};

/// What is there, by peek and counts. `problem` names counts that do not conserve, or that differ from the contents (I10).
Owed found_in(BrokerOnDisk& running, std::string& problem);

}  // namespace rowmq::torture
