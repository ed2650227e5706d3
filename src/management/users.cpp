// Users, their passwords and tags.

#include <fmt/format.h>
#include <algorithm>

#include "amqp/connection.hpp"
#include "amqp/password.hpp"
#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

json::object to_json(const User& user, json::object limits = {}) {
    json::array tags;
    for (const std::string& tag : user.tags) tags.push_back(json::string(tag));
    const amqp::HashInParts parts = amqp::parts_of(user.password);
    return {{"name", user.name},
            {"password_hash", parts.hash},
            {"hashing_algorithm", parts.algorithm},
            {"tags", std::move(tags)},
            {"limits", std::move(limits)}};
}

/// "a,b", or ["a", "b"]. None: they are something else.
std::optional<std::vector<std::string>> tags_of(const json::value& value) {
    std::vector<std::string> tags;
    if (const auto* list = value.if_array()) {
        for (const json::value& tag : *list) {
            if (!tag.is_string()) return std::nullopt;
            tags.emplace_back(std::string_view(tag.get_string()));
        }
        return tags;
    }
    if (!value.is_string()) return std::nullopt;
    std::string tag;
    for (const char c : std::string_view(value.get_string())) {
        if (c == ',') {
            if (!tag.empty()) tags.push_back(std::exchange(tag, {}));
        } else if (c != ' ') {
            tag += c;
        }
    }
    if (!tag.empty()) tags.push_back(tag);
    return tags;
}

}  // namespace

/// A stored user, or the guest everybody has at first.
std::vector<json::object> Management::users_json() const {
    std::vector<json::object> all;
    for (const auto& [name, user] : broker().access().users)
        all.push_back(to_json(user, amqp::limits_of(broker(), amqp::Limited::user, name)));
    if (service_.users.guest_is_open()) all.push_back(to_json(User{"guest", "", {"administrator"}}));
    return all;
}

awaitable<Answer> Management::list_users(Call call) { co_return list(call, users_json(), "name", true); }

awaitable<Answer> Management::users_without_permissions(Call call) {
    std::vector<json::object> all;
    for (const auto& [name, user] : broker().access().users) {
        const auto found = broker().access().permissions.lower_bound({name, ""});
        if (found == broker().access().permissions.end() || found->first.first != name)
            all.push_back(to_json(user, amqp::limits_of(broker(), amqp::Limited::user, name)));
    }
    co_return list(call, std::move(all));
}

awaitable<Answer> Management::get_user(Call call) {
    for (json::object& user : users_json())
        if (is_text(user["name"], call.name(0))) co_return json_answer(with_columns(call, std::move(user)));
    co_return not_found();
}

/// Of the body of a PUT, or of one in definitions. Errors: invalid_argument.
awaitable<Result<User>> Management::read_user(std::string name, json::object body) {
    User user;
    user.name = std::move(name);
    const auto wrong = [](std::string why) { return Error{Errc::invalid_argument, std::move(why)}; };
    const json::value* tags = body.if_contains("tags");
    if (!tags) tags = body.if_contains("administrator");
    if (!tags) co_return wrong("tags_not_present");
    const bool by_flag = tags == body.if_contains("administrator");  // as before there were tags
    const bool is_administrator = by_flag && (*tags == true || *tags == "true");
    const auto read =
        by_flag ? std::optional(is_administrator ? std::vector<std::string>{"administrator"} : std::vector<std::string>()) : tags_of(*tags);
    if (!read) co_return wrong("tags are neither text nor a list of text");
    user.tags = *read;
    for (const char* member : {"password", "password_hash"})
        if (const auto* said = body.if_contains(member); said && !said->is_string()) co_return wrong(fmt::format("{} is no text", member));
    const auto hash = text_of(body, "password_hash"), password = text_of(body, "password");
    if (hash && password) co_return wrong("both_password_and_password_hash_are_provided");
    if (hash) {
        const std::string algorithm = text_of(body, "hashing_algorithm").value_or("");
        const auto kept = amqp::hash_of({.algorithm = algorithm, .hash = *hash});
        if (!kept)
            co_return wrong(fmt::format("the password hash of user '{}' is none of {}", user.name,
                                        algorithm.empty() ? "RabbitMQ's: four bytes of salt and a digest, in Base64" : algorithm));
        user.password = *kept;
    } else if (password && !password->empty()) {
        const auto made = co_await service_.users.hash(*password);
        if (!made) co_return Error{Errc::limit_exceeded, "there is no memory to hash a password"};
        user.password = *made;
    }
    co_return user;
}

/// Permissions are given to who is new only (so RabbitMQ); limits beside those there are.
awaitable<Answer> Management::put_user(Call call) {
    const std::string& name = call.name(0);
    Result<User> user = co_await read_user(name, call.body);
    if (!user) co_return answer_of(user.error());
    const bool is_new = !broker().access().users.contains(name);
    std::vector<AccessChange> changes{*std::move(user)}, permissions;
    if (const json::object* given = object_of(call.body, "permissions"); given && is_new)
        for (const auto& [vhost, permission] : *given) {
            if (!service_.has_vhost(vhost)) co_return bad_request("vhost_or_user_not_found");
            if (!permission.is_object()) co_return bad_request("permissions are no object");
            if (auto wrong = unless_patterns(permission.get_object(), {"configure", "write", "read"})) co_return *std::move(wrong);
            permissions.emplace_back(permission_of(name, vhost, permission.get_object()));
        }
    if (const json::object* given = object_of(call.body, "limits"); given && !given->empty()) {
        json::object limits = amqp::limits_of(broker(), amqp::Limited::user, name);
        for (const auto& [limit, value] : *given) limits[limit] = value;
        if (const auto wrong = amqp::wrong_limits(amqp::Limited::user, limits)) co_return bad_request(*wrong);
        changes.emplace_back(amqp::kept_limits(amqp::Limited::user, name, limits));
    }
    const Result<void> kept = co_await broker().change_access(std::move(changes));
    if (!kept) co_return answer_of(kept.error());
    Answer answer = co_await change(std::move(permissions), stored(is_new));  // of a user who is there now
    co_return answer;
}

awaitable<Answer> Management::forget_users(std::vector<std::string> names) {
    std::vector<AccessChange> changes;
    for (const std::string& name : names) {
        if (!broker().access().users.contains(name)) co_return not_found();
        changes.emplace_back(UserGone{name});
        changes.emplace_back(amqp::no_limits(amqp::Limited::user, name));
    }
    const Result<void> stored = co_await broker().change_access(std::move(changes));
    if (!stored) co_return answer_of(stored.error());
    for (const std::string& name : names)
        service_.close_connections([&](const amqp::Connection& one) { return one.user() == name; },
                                   fmt::format("user '{}' is deleted", name));
    co_return done();
}

awaitable<Answer> Management::delete_user(Call call) {
    std::vector<std::string> names{call.name(0)};
    Answer answer = co_await forget_users(std::move(names));
    co_return answer;
}

awaitable<Answer> Management::delete_users(Call call) {
    const json::array* list = array_of(call.body, "users");
    if (!list) co_return bad_request("[{key_missing,users}]");
    std::vector<std::string> names;
    for (const json::value& one : *list) {
        if (!one.is_string()) co_return bad_request("users is no list of names");
        names.emplace_back(std::string_view(one.get_string()));
        if (!broker().access().users.contains(names.back())) co_return bad_request("no_such_user: " + names.back());
    }
    Answer answer = co_await forget_users(std::move(names));
    co_return answer;
}

}  // namespace rowmq::management
