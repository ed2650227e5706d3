#pragma once
// One server with one disk, in one thread under a clock that moves when told to: the SQS protocol fed with bytes as from a
// socket, the broker, SQLite on the recording file system. It can be killed between any two handlers, lose its power at any
// call that changes a file, and start again from what that left.
// Threads: none. Owner: a run.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "base/manual_clock.hpp"
#include "base/random.hpp"
#include "rowmq/broker.hpp"
#include "sqs/protocol.hpp"
#include "storage/engine.hpp"
#include "test/simulation/sqs/reference.hpp"
#include "test/support/recording_vfs.hpp"

namespace rowmq::sqs_simulation {

/// One request under way.
struct Call {
    const Step* step = nullptr;
    std::vector<std::size_t> names;
    Time began = 0;
    bool among = false;    ///< others, begun at the same time
    bool excused = false;  ///< for one of those it may come back without messages
    bool ended = false;
    unsigned status = 0;
    std::string body;
};

class Machine {
public:
    explicit Machine(const Plan& plan);
    ~Machine();

    Time now() const;
    /// `cut_at`: after so many bytes the rest arrives separately.
    void begin(std::shared_ptr<Call> call, std::string bytes, std::size_t cut_at);
    /// One request alone, until it has ended or nothing goes on.
    std::shared_ptr<Call> ask(const Step& step, std::string bytes);
    void settle_down();
    /// So many handlers, or fewer when there are no more.
    void run_some(std::uint64_t handlers);
    bool has_ended() const noexcept { return !ended_.empty(); }
    /// Those that ended since the last time, in that order.
    std::vector<std::shared_ptr<Call>> take_ended();
    const std::vector<std::shared_ptr<Call>>& open() const noexcept { return open_; }

    /// To the next alarm, if it rings by then, else to `until`. Whether there was one.
    bool advance(Time until);
    void jump(Time by);

    void cut_power_at(std::uint64_t change);
    void fail(test::FileFault fault);
    void heal();
    bool fault_fired() const;
    /// A fault is there, or was within the second after which what failed is tried again.
    bool recovers() const;
    /// The power is gone, or the store has failed: the process ends.
    bool dead() const;

    enum class Death : std::uint8_t { stopped, killed, power_lost };
    /// Ends the process so, and starts another. What was under way is left in open() until forget_open(). Returns what
    /// survived of unsynced calls, for the trace.
    std::string restart(Death death, std::uint64_t salt);
    void forget_open() { open_.clear(); }
    /// The process before was killed while it wrote its log back, and what it wrote into the database is not durable yet.
    bool wrote_back_half() const;

    /// None: the store has failed, and so the process is dead(). With `remakes` a queue need not be there: it is empty.
    std::optional<Look> look(bool remakes = false);
    std::vector<std::string> problems();

    std::string why_not;     ///< it did not start; empty: it did
    std::string why_failed;  ///< the store

private:
    template <typename T>
    T run(boost::asio::awaitable<T> work);
    void start();
    void stop();
    test::FileImage image_after(Death death, std::uint64_t salt, std::string& survived) const;
    void carry_over(test::FileImage durable, const test::FileImage& current);

    const Plan& plan_;
    boost::asio::io_context context_{1};
    std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
    std::shared_ptr<SeededRandom> random_;
    MonotonicTime began_;

    // The disk: what was durable when this process began, the calls that were pending then, and those since.
    test::FileImage durable_;
    std::vector<test::FileOperation> pending_;
    std::unique_ptr<test::RecordingVfs> files_;
    std::optional<Time> healed_;
    std::optional<test::FileFault> fault_;
    bool power_ = false;  ///< the fault is a power cut
    bool failed_ = false;

    std::unique_ptr<Broker> broker_;
    storage::Engine* engine_ = nullptr;
    std::unique_ptr<sqs::Protocol> protocol_;
    std::vector<std::shared_ptr<Call>> open_, ended_;
};

}  // namespace rowmq::sqs_simulation
