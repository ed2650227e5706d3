#pragma once
// Who may do what where, and what is known by name beside queues and exchanges: values. The broker keeps them; protocols that
// have users ask for them and obey (what a regular expression means, how a password is hashed is theirs).

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace rowmq {

struct User {
    std::string name;
    std::string password;  ///< as a protocol hashed it, with how; never the password itself
    std::vector<std::string> tags;
    friend bool operator==(const User&, const User&) = default;
};

/// What a user may do in a namespace: regular expressions over the names of queues and exchanges.
struct Permission {
    std::string user, ns;
    std::string configure, write, read;
    friend bool operator==(const Permission&, const Permission&) = default;
};

/// The same over routing keys of one exchange.
struct TopicPermission {
    std::string user, ns, exchange;
    std::string write, read;
    friend bool operator==(const TopicPermission&, const TopicPermission&) = default;
};

/// Anything with a name: a policy, a limit, a parameter of a client's tool.
struct Parameter {
    std::string component;
    std::string ns;  ///< empty: of all
    std::string name;
    std::string value;  ///< JSON
    friend bool operator==(const Parameter&, const Parameter&) = default;
};

/// They name what is no longer to be there. With a user its permissions go.
struct UserGone {
    std::string name;
};
struct PermissionGone {
    std::string user, ns;
};
struct TopicPermissionGone {
    std::string user, ns, exchange;
};
struct ParameterGone {
    std::string component, ns, name;
};
using AccessChange =
    std::variant<User, Permission, TopicPermission, Parameter, UserGone, PermissionGone, TopicPermissionGone, ParameterGone>;

/// All of it, as committed.
struct Access {
    std::uint64_t version = 1;  ///< grows with every change
    std::map<std::string, User, std::less<>> users;
    std::map<std::pair<std::string, std::string>, Permission> permissions;  ///< by user and namespace
    std::map<std::tuple<std::string, std::string, std::string>, TopicPermission> topic_permissions;
    std::map<std::tuple<std::string, std::string, std::string>, std::string> parameters;  ///< by component, namespace and name
};

}  // namespace rowmq
