#pragma once
// What an SQS client sends and understands: bytes of HTTP out, answers in. Its own encoder, nothing of the product's.
// Threads: none.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "test/simulation/sqs/plan.hpp"

namespace rowmq::sqs_simulation {

struct Received {
    std::uint64_t number = 0;  ///< of the message, as its body says
    std::string body, id, handle, group, sequence;
    int receives = 0;
    std::size_t name = 0;  ///< of the handle, in the order they came; given by who keeps them
};

struct Counts {
    std::int64_t ready = 0, hidden = 0, delayed = 0;
};

/// What became of one entry, or of a request without entries.
struct Result {
    enum class Kind : std::uint8_t { ok, refused, unknown } kind = Kind::unknown;
    std::string code;  ///< of a refusal
    std::string id, sequence;
};

struct Reply {
    std::vector<Result> results;  ///< one an entry; else one
    std::vector<Received> received;
    std::optional<Counts> counts;
    std::string shown;  ///< for the trace
};

/// A request that ended, or that nobody will answer.
struct Ended {
    const Step* step = nullptr;
    Reply reply;
    std::vector<std::size_t> names;  ///< of the handles it picked
    bool crashed = false;            ///< the process ended before it answered
    bool among = false;              ///< others, at the same time or while it waited
    bool excused = false;            ///< it waited, or the disk failed: what comes just then it need not bring
};

/// What each queue holds, by a look that changes nothing: the numbers of the messages.
using Look = std::vector<std::multiset<std::uint64_t>>;

/// In which orders requests that ended at the same moment may have been served: those worth trying.
std::vector<std::vector<std::size_t>> orders_of(const std::vector<Ended>& together);

std::string create_request(const QueuePlan& queue, const Plan& plan);
/// `handles`: those the step picks, in its order.
std::string request_of(const Step& step, const Plan& plan, const std::vector<std::string>& handles);
Reply reply_of(const Step& step, unsigned status, std::string_view body);
/// Nobody answered.
Reply no_reply(const Step& step);

}  // namespace rowmq::sqs_simulation
