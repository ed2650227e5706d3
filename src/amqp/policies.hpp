#pragma once
// Policies and operator policies: what applies to queues and exchanges by the pattern of their name, over what they were
// declared with. They are parameters of the store ("policy", "operator_policy"); what a policy changed is kept beside a queue's
// options (attribute "amqp.policy"), so that the next one begins from what was declared.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amqp/pattern.hpp"
#include "rowmq/broker.hpp"

namespace rowmq::amqp {

struct Policy {
    std::string name;
    std::string pattern;
    std::string apply_to = "all";
    std::int64_t priority = 0;
    boost::json::object definition;
};

enum class PolicyKind : std::uint8_t { user, operators };
inline constexpr std::string_view policy_component = "policy", operator_component = "operator_policy";

/// As stored: {"pattern", "apply-to", "priority", "definition"}. Errors: invalid_argument, in RabbitMQ's words ("Validation failed\n\n...").
Result<Policy> read_policy(std::string name, const boost::json::object& value, PolicyKind kind);
boost::json::object to_json(const Policy& policy);

/// What applies to one name.
struct Applied {
    std::optional<Policy> policy, operators;
    /// What holds of both: of a limit that both have the smaller.
    boost::json::object definition() const;
};

class Policies final {
public:
    explicit Policies(const Broker& broker) : broker_(broker) {}
    Applied of_queue(const std::string& vhost, std::string_view queue, const QueueOptions& options);
    Applied of_exchange(const std::string& vhost, std::string_view exchange);

private:
    struct Known {
        Policy policy;
        Pattern pattern;
        PolicyKind kind;
    };
    void read(const std::string& vhost);
    template <typename AppliesTo>
    Applied applied(const std::string& vhost, std::string_view name, const AppliesTo& applies_to);

    const Broker& broker_;
    std::uint64_t version_ = 0;
    std::map<std::string, std::vector<Known>> known_;  ///< by virtual host; highest priority first
};

/// `options` as they are with `applied` over what was declared.
QueueOptions with(const Applied& applied, QueueOptions options);
ExchangeOptions with(const Applied& applied, ExchangeOptions options);

}  // namespace rowmq::amqp
