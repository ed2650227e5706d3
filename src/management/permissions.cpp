// Permissions, and those over routing keys of topic exchanges.

#include "management/listing.hpp"
#include "management/management.hpp"

namespace rowmq::management {
namespace {

namespace json = boost::json;

json::object to_json(const Permission& p) {
    return {{"user", p.user}, {"vhost", p.ns}, {"configure", p.configure}, {"write", p.write}, {"read", p.read}};
}
json::object to_json(const TopicPermission& p) {
    return {{"user", p.user}, {"vhost", p.ns}, {"exchange", p.exchange}, {"write", p.write}, {"read", p.read}};
}

template <typename Fits>
std::vector<json::object> those_of(const std::vector<Permission>& all, const Fits& fits) {
    std::vector<json::object> out;
    for (const Permission& one : all)
        if (fits(one)) out.push_back(to_json(one));
    return out;
}
template <typename All, typename Fits>
std::vector<json::object> those_of(const All& all, const Fits& fits) {
    std::vector<json::object> out;
    for (const auto& [key, one] : all)
        if (fits(one)) out.push_back(to_json(one));
    return out;
}

/// Of a virtual host and a user; with a third name of that exchange alone.
bool is_meant(const Call& call, const TopicPermission& p) {
    return p.ns == call.name(0) && p.user == call.name(1) && (call.names.size() < 3 || p.exchange == call.name(2));
}

}  // namespace

/// Those that are stored, and of the guest that is nobody's: it may do everything everywhere.
std::vector<Permission> Management::permissions() const {
    std::vector<Permission> all;
    for (const auto& [key, one] : broker().access().permissions) all.push_back(one);
    if (service_.users.guest_is_open())
        for (const std::string& vhost : broker().namespaces()) all.push_back({"guest", vhost, ".*", ".*", ".*"});
    return all;
}

bool Management::is_user(const std::string& name) const {
    return broker().access().users.contains(name) || (name == "guest" && service_.users.guest_is_open());
}

awaitable<Answer> Management::list_permissions(Call call) {
    co_return list(call, those_of(permissions(), [](const auto&) { return true; }), "user");
}
awaitable<Answer> Management::permissions_of_user(Call call) {
    if (!is_user(call.name(0))) co_return not_found();
    co_return list(call, those_of(permissions(), [&](const auto& p) { return p.user == call.name(0); }), "user");
}
awaitable<Answer> Management::permissions_in_vhost(Call call) {
    if (!service_.has_vhost(call.name(0))) co_return not_found();
    co_return list(call, those_of(permissions(), [&](const auto& p) { return p.ns == call.name(0); }), "user");
}
awaitable<Answer> Management::get_permission(Call call) {
    for (const Permission& one : permissions())
        if (one.user == call.name(1) && one.ns == call.name(0)) co_return json_answer(to_json(one));
    co_return not_found();
}

awaitable<Answer> Management::put_permission(Call call) {
    if (auto wrong = missing(call.body, {"configure", "write", "read"})) co_return *std::move(wrong);
    if (auto wrong = unless_patterns(call.body, {"configure", "write", "read"})) co_return *std::move(wrong);
    const std::string &vhost = call.name(0), &user = call.name(1);
    if (!service_.has_vhost(vhost) || !is_user(user)) co_return bad_request("vhost_or_user_not_found");
    if (!broker().access().users.contains(user)) co_return stored(false);  // the open guest may do everything, whatever is said
    const bool is_new = !broker().access().permissions.contains({user, vhost});
    std::vector<AccessChange> changes{permission_of(user, vhost, call.body)};
    Answer answer = co_await change(std::move(changes), stored(is_new));
    co_return answer;
}

awaitable<Answer> Management::delete_permission(Call call) {
    if (!broker().access().permissions.contains({call.name(1), call.name(0)})) co_return not_found();
    std::vector<AccessChange> changes{PermissionGone{call.name(1), call.name(0)}};
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

awaitable<Answer> Management::list_topic_permissions(Call call) {
    co_return list(call, those_of(broker().access().topic_permissions, [](const auto&) { return true; }), "user");
}
awaitable<Answer> Management::topic_permissions_of_user(Call call) {
    if (!is_user(call.name(0))) co_return not_found();
    co_return list(call, those_of(broker().access().topic_permissions, [&](const auto& p) { return p.user == call.name(0); }), "user");
}
awaitable<Answer> Management::topic_permissions_in_vhost(Call call) {
    if (!service_.has_vhost(call.name(0))) co_return not_found();
    co_return list(call, those_of(broker().access().topic_permissions, [&](const auto& p) { return p.ns == call.name(0); }), "user");
}
awaitable<Answer> Management::get_topic_permission(Call call) {
    auto all = those_of(broker().access().topic_permissions, [&](const auto& p) { return is_meant(call, p); });
    if (all.empty()) co_return not_found();
    co_return list(call, std::move(all), "user");
}

awaitable<Answer> Management::put_topic_permission(Call call) {
    if (auto wrong = missing(call.body, {"exchange", "write", "read"})) co_return *std::move(wrong);
    if (auto wrong = unless_patterns(call.body, {"write", "read"})) co_return *std::move(wrong);
    const auto exchange = text_of(call.body, "exchange");
    if (!exchange) co_return bad_request("exchange is no text");
    const std::string &vhost = call.name(0), &user = call.name(1);
    if (!service_.has_vhost(vhost) || !is_user(user)) co_return bad_request("vhost_or_user_not_found");
    if (!broker().access().users.contains(user))
        co_return bad_request("'guest' may do everything until it is made a user: PUT users/guest");
    const bool is_new = !broker().access().topic_permissions.contains({user, vhost, *exchange});
    std::vector<AccessChange> changes{TopicPermission{user, vhost, *exchange, *text_of(call.body, "write"), *text_of(call.body, "read")}};
    Answer answer = co_await change(std::move(changes), stored(is_new));
    co_return answer;
}

awaitable<Answer> Management::delete_topic_permission(Call call) {
    std::vector<AccessChange> changes;
    for (const auto& [key, p] : broker().access().topic_permissions)
        if (is_meant(call, p)) changes.emplace_back(TopicPermissionGone{p.user, p.ns, p.exchange});
    if (changes.empty()) co_return not_found();
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

}  // namespace rowmq::management
