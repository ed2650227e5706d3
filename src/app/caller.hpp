#pragma once
// Where a command's requests go: to the owner of the store over its admin API, or, when nobody owns it, to a broker this
// process opens for as long as the command runs. Both answer the same requests.
// Threads: one. Errors: those of the broker (by the answer's "code"), store_busy when the owner cannot be reached.

#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "rowmq/error.hpp"

namespace rowmq::app {

class Caller {
public:
    virtual ~Caller() = default;
    /// The answer's JSON. `patience`: how long the owner may take beyond the ordinary (a long poll).
    virtual Result<boost::json::object> call(std::string method, std::string target, boost::json::object body = {},
                                             std::chrono::milliseconds patience = std::chrono::milliseconds(0)) = 0;
    /// Lets time pass; a broker of this process works meanwhile.
    virtual void pause(std::chrono::milliseconds time) = 0;
};

/// `create`: make the store when it is not there (else no_such_queue, naming the file).
Result<std::unique_ptr<Caller>> connect(const std::string& store, bool create);

/// A request over HTTP to "ADDRESS:PORT".
std::unique_ptr<Caller> call_owner(std::string address);

/// "/rowmq/v1/queues/NAME" with the name encoded, and what follows.
std::string queue_target(std::string_view queue, std::string_view rest = "");
/// `text` as a value in a query.
std::string encoded(std::string_view text);

/// The code and text of an answer that is an error.
Error error_of(int status, const boost::json::value& answer);

}  // namespace rowmq::app
