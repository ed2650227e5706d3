// Namespaces come and go; users, permissions and parameters.

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>

#include "base/overloaded.hpp"
#include "broker/catalog/options.hpp"
#include "broker/json_text.hpp"
#include "broker/state.hpp"

namespace rowmq {
namespace {

Error no_namespace(std::string_view name) { return {Errc::no_such_namespace, fmt::format("there is no namespace \"{}\"", name)}; }

std::string encode_tags(const std::vector<std::string>& tags) {
    std::string out = "[";
    for (const std::string& tag : tags) {
        if (out.size() > 1) out += ',';
        json_text::append_text(out, tag);
    }
    return out + "]";
}

std::vector<std::string> decode_tags(std::string_view text) {
    std::vector<std::string> tags;
    json_text::reading("tags of a user", [&] {
        const auto parsed = json_text::parse(text, "tags of a user");
        for (const auto& tag : parsed.as_array()) tags.push_back(json_text::text_of(tag));
        return true;
    });
    return tags;
}

}  // namespace

std::optional<Error> BrokerState::refusal_of(const AccessChange& change) const {
    const auto pattern = [&](std::string_view text) -> std::optional<Error> {
        if (text.size() <= limits.pattern_bytes) return std::nullopt;
        return Error{Errc::invalid_argument,
                     fmt::format("a regular expression of {} bytes: at most {} are allowed", text.size(), limits.pattern_bytes)};
    };
    const auto place = [&](const std::string& user, const std::string& ns) -> std::optional<Error> {
        if (!catalog.find_namespace(ns)) return no_namespace(ns);
        if (!access.users.contains(user) || users_going.contains(user))
            return Error{Errc::invalid_argument, fmt::format("there is no user \"{}\"", user)};
        return std::nullopt;
    };
    const auto room = [&](std::size_t there, std::size_t most, std::string_view what) -> std::optional<Error> {
        if (there < most) return std::nullopt;
        return Error{Errc::limit_exceeded, fmt::format("at most {} {}", most, what)};
    };
    return std::visit(
        Overloaded{
            [&](const User& user) -> std::optional<Error> {
                if (auto e = check_name("the user's name", user.name, limits)) return e;
                std::size_t bytes = user.password.size();
                for (const std::string& tag : user.tags) bytes += tag.size() + 1;
                if (bytes > limits.parameter_bytes)
                    return Error{Errc::invalid_argument,
                                 fmt::format("the password and tags of a user have {} bytes: at most {} are allowed", bytes,
                                             limits.parameter_bytes)};
                return access.users.contains(user.name) ? std::nullopt : room(access.users.size(), limits.users, "users");
            },
            [&](const Permission& p) -> std::optional<Error> {
                if (auto e = place(p.user, p.ns)) return e;
                for (const std::string* text : {&p.configure, &p.write, &p.read})
                    if (auto e = pattern(*text)) return e;
                return access.permissions.contains({p.user, p.ns}) ? std::nullopt
                                                                   : room(access.permissions.size(), limits.permissions, "permissions");
            },
            [&](const TopicPermission& p) -> std::optional<Error> {
                if (auto e = place(p.user, p.ns)) return e;
                if (p.exchange.size() > limits.name_bytes)
                    return Error{Errc::invalid_argument, fmt::format("an exchange's name has at most {} bytes", limits.name_bytes)};
                for (const std::string* text : {&p.write, &p.read})
                    if (auto e = pattern(*text)) return e;
                return access.topic_permissions.contains({p.user, p.ns, p.exchange})
                           ? std::nullopt
                           : room(access.topic_permissions.size(), limits.permissions, "topic permissions");
            },
            [&](const Parameter& p) -> std::optional<Error> {
                if (!p.ns.empty() && !catalog.find_namespace(p.ns)) return no_namespace(p.ns);
                if (auto e = check_name("the parameter's component", p.component, limits)) return e;
                if (auto e = check_name("the parameter's name", p.name, limits)) return e;
                if (p.value.size() > limits.parameter_bytes)
                    return Error{Errc::invalid_argument, fmt::format("a parameter's value has {} bytes: at most {} are allowed",
                                                                     p.value.size(), limits.parameter_bytes)};
                return access.parameters.contains({p.component, p.ns, p.name})
                           ? std::nullopt
                           : room(access.parameters.size(), limits.parameters, "parameters");
            },
            [](const auto&) -> std::optional<Error> { return std::nullopt; },
        },
        change);
}

storage::CatalogChange BrokerState::row_of(const AccessChange& change) const {
    const auto id = [&](const std::string& ns) { return ns.empty() ? NamespaceId{} : catalog.find_namespace(ns).value_or(NamespaceId{}); };
    return std::visit(Overloaded{
                          [&](const User& u) -> storage::CatalogChange {
                              return storage::UserRow{u.name, u.password, encode_tags(u.tags)};
                          },
                          [&](const Permission& p) -> storage::CatalogChange {
                              return storage::PermissionRow{p.user, id(p.ns), p.configure, p.write, p.read};
                          },
                          [&](const TopicPermission& p) -> storage::CatalogChange {
                              return storage::TopicPermissionRow{p.user, id(p.ns), p.exchange, p.write, p.read};
                          },
                          [&](const Parameter& p) -> storage::CatalogChange {
                              return storage::ParameterRow{p.component, p.name, id(p.ns), p.value};
                          },
                          [&](const UserGone& u) -> storage::CatalogChange { return storage::UserErased{u.name}; },
                          [&](const PermissionGone& p) -> storage::CatalogChange {
                              return storage::PermissionErased{p.user, id(p.ns)};
                          },
                          [&](const TopicPermissionGone& p) -> storage::CatalogChange {
                              return storage::TopicPermissionErased{p.user, id(p.ns), p.exchange};
                          },
                          [&](const ParameterGone& p) -> storage::CatalogChange {
                              return storage::ParameterErased{p.component, p.name, id(p.ns)};
                          },
                      },
                      change);
}

void BrokerState::apply(const AccessChange& change) {
    ++access.version;
    std::visit(Overloaded{
                   [&](const User& u) { access.users.insert_or_assign(u.name, u); },
                   [&](const Permission& p) {
                       access.permissions.insert_or_assign({p.user, p.ns}, p);
                   },
                   [&](const TopicPermission& p) {
                       access.topic_permissions.insert_or_assign({p.user, p.ns, p.exchange}, p);
                   },
                   [&](const Parameter& p) {
                       access.parameters.insert_or_assign({p.component, p.ns, p.name}, p.value);
                   },
                   [&](const UserGone& u) {
                       access.users.erase(u.name);
                       const auto of_it = [&](const auto& one) { return one.second.user == u.name; };
                       std::erase_if(access.permissions, of_it);
                       std::erase_if(access.topic_permissions, of_it);
                   },
                   [&](const PermissionGone& p) {
                       access.permissions.erase({p.user, p.ns});
                   },
                   [&](const TopicPermissionGone& p) {
                       access.topic_permissions.erase({p.user, p.ns, p.exchange});
                   },
                   [&](const ParameterGone& p) {
                       access.parameters.erase({p.component, p.ns, p.name});
                   },
               },
               change);
}

void BrokerState::start_access(storage::Snapshot& snapshot) {
    const auto name = [&](NamespaceId ns) { return catalog.name_of(ns); };
    for (auto& row : snapshot.users) access.users[row.name] = User{row.name, row.password, decode_tags(row.tags)};
    for (auto& row : snapshot.permissions)
        if (const auto* ns = name(row.ns)) apply(Permission{row.user, *ns, row.configure, row.write, row.read});
    for (auto& row : snapshot.topic_permissions)
        if (const auto* ns = name(row.ns)) apply(TopicPermission{row.user, *ns, row.exchange, row.write, row.read});
    for (auto& row : snapshot.parameters) {
        const auto* ns = row.ns == NamespaceId{} ? nullptr : name(row.ns);
        if (ns || row.ns == NamespaceId{}) apply(Parameter{row.component, ns ? *ns : std::string(), row.name, row.value});
    }
}

awaitable<Result<void>> BrokerState::change_access(std::vector<AccessChange> changes) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    for (const AccessChange& change : changes)
        if (auto e = refusal_of(change)) co_return *std::move(e);
    if (changes.empty()) co_return Result<void>();
    storage::Batch& batch = committer.open();
    for (const AccessChange& change : changes) {
        batch.catalog.push_back(row_of(change));
        if (const auto* gone = std::get_if<UserGone>(&change)) users_going.insert(gone->name);
    }
    const Ticket ticket = committer.touch(changes.size(), 0);
    const Result<void> stored = co_await committer.committed(ticket);
    for (const AccessChange& change : changes)
        if (const auto* gone = std::get_if<UserGone>(&change)) users_going.erase(users_going.find(gone->name));
    if (stored)
        for (const AccessChange& change : changes) apply(change);
    co_return stored;
}

awaitable<Result<bool>> BrokerState::create_namespace(std::string name) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (auto e = check_name("the namespace's name", name, limits)) co_return *std::move(e);
    const bool known = catalog.find_namespace(name).has_value();
    if (!known && catalog.namespaces().size() >= limits.namespaces)
        co_return Error{Errc::limit_exceeded, fmt::format("at most {} namespaces", limits.namespaces)};
    namespace_of(name);
    const Result<void> stored = co_await committer.committed(committer.last_ticket());
    if (!stored) co_return stored.error();
    co_return !known;
}

/// Everything of one kind, each by a call of its own, so that they share commits.
awaitable<Result<void>> BrokerState::delete_all_in(std::string ns) {
    const auto self = shared_from_this();
    const auto id = catalog.find_namespace(ns);
    if (!id) co_return Result<void>();
    std::vector<std::string> queues, exchanges;
    catalog.for_each_queue([&](const Queue& queue) {
        if (queue.ns == *id && !queue.deleted) queues.push_back(queue.name);
    });
    catalog.exchanges_after(*id, "", [&](const Exchange& exchange) {
        exchanges.push_back(exchange.name);
        return true;
    });
    std::size_t running = queues.size() + exchanges.size();
    if (running == 0) co_return Result<void>();
    std::optional<Error> failed;
    Event ended;
    const auto one_ended = [&, self](std::exception_ptr, const auto& result) {
        const bool gone = !result && (result.error().code == Errc::no_such_queue || result.error().code == Errc::no_such_exchange);
        if (!result && !gone && !failed) failed = result.error();
        if (--running == 0) ended.set();
    };
    for (std::string& name : queues) boost::asio::co_spawn(parts.executor, delete_queue(std::move(name), false, false, ns), one_ended);
    for (std::string& name : exchanges) boost::asio::co_spawn(parts.executor, delete_exchange(std::move(name), false, ns), one_ended);
    co_await ended.wait();
    if (failed) co_return *failed;
    co_return Result<void>();
}

awaitable<Result<void>> BrokerState::delete_namespace(std::string name) {
    if (const auto ok = usable(); !ok) co_return ok.error();
    if (name == default_namespace) co_return Error{Errc::in_use, "the default namespace cannot be deleted"};
    if (!catalog.find_namespace(name)) co_return no_namespace(name);
    const auto is_empty = [&] {
        const auto id = catalog.find_namespace(name);
        bool some = false;
        if (id) catalog.for_each_queue([&](const Queue& queue) { some |= queue.ns == *id && !queue.deleted; });
        if (id)
            catalog.exchanges_after(*id, "", [&](const Exchange&) {
                some = true;
                return false;
            });
        return !some;
    };
    for (int turns = 0; turns < 8 && !is_empty(); ++turns) {  // somebody may declare meanwhile
        const Result<void> deleted = co_await delete_all_in(name);
        if (!deleted) co_return deleted.error();
    }
    const auto id = catalog.find_namespace(name);
    if (!id) co_return Result<void>();
    if (!is_empty()) co_return Error{Errc::in_use, fmt::format("namespace \"{}\" is filled while it is deleted", name)};
    catalog.erase(*id);
    committer.open().catalog.emplace_back(storage::NamespaceErased{*id});
    const Ticket ticket = committer.touch(1, 0);
    const Result<void> stored = co_await committer.committed(ticket);
    if (!stored) {
        if (!catalog.find_namespace(name)) catalog.add_namespace(*id, name);
        co_return stored.error();
    }
    ++access.version;
    const auto in_it = [&](const auto& one) { return one.second.ns == name; };
    std::erase_if(access.permissions, in_it);
    std::erase_if(access.topic_permissions, in_it);
    std::erase_if(access.parameters, [&](const auto& one) { return std::get<1>(one.first) == name; });
    co_return Result<void>();
}

}  // namespace rowmq
