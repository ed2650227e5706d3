#pragma once
// What a client of SQS is told when its request does not even reach a handler: the server is starting or full, or the request
// is too large or is not HTTP. An AWS library understands it and knows whether to try again; plain text it would not read.
// Threads: any.

#include "base/random.hpp"
#include "net/http_server.hpp"

namespace rowmq::sqs {

/// As JSON or Query XML, as the request asks for by what was read of it. Where that does not tell, a status that asks to try
/// again comes without a body, which every library takes for what it is, and others come as XML.
net::Response refusal_before_reading(unsigned status, const net::Request* so_far, const net::HttpLimits& limits, Random& random);

}  // namespace rowmq::sqs
