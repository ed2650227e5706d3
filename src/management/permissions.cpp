// Permissions, and those over routing keys of topic exchanges.

#include "amqp/pattern.hpp"
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

template <typename All, typename Fits>
std::vector<json::object> those_of(const All& all, const Fits& fits) {
    std::vector<json::object> out;
    for (const auto& [key, one] : all)
        if (fits(one)) out.push_back(to_json(one));
    return out;
}

std::optional<Answer> unless_patterns(const json::object& body, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        const auto text = text_of(body, name);
        if (!text) return bad_request(std::string(name) + " is no text");
        if (const auto pattern = amqp::Pattern::compile(*text); !pattern)
            return bad_request("invalid_regexp \"" + *text + "\": " + pattern.error().text);
    }
    return std::nullopt;
}

}  // namespace

awaitable<Answer> Management::list_permissions(Call call) {
    co_return list(call, those_of(broker().access().permissions, [](const auto&) { return true; }), "user");
}
awaitable<Answer> Management::permissions_of_user(Call call) {
    if (!broker().access().users.contains(call.name(0)) && !(call.name(0) == "guest" && service_.users.guest_is_open()))
        co_return not_found();
    co_return list(call, those_of(broker().access().permissions, [&](const auto& p) { return p.user == call.name(0); }), "user");
}
awaitable<Answer> Management::permissions_in_vhost(Call call) {
    if (!service_.has_vhost(call.name(0))) co_return not_found();
    co_return list(call, those_of(broker().access().permissions, [&](const auto& p) { return p.ns == call.name(0); }), "user");
}
awaitable<Answer> Management::get_permission(Call call) {
    const auto found = broker().access().permissions.find({call.name(1), call.name(0)});
    if (found == broker().access().permissions.end()) co_return not_found();
    co_return json_answer(to_json(found->second));
}

awaitable<Answer> Management::put_permission(Call call) {
    if (auto wrong = missing(call.body, {"configure", "write", "read"})) co_return *std::move(wrong);
    if (auto wrong = unless_patterns(call.body, {"configure", "write", "read"})) co_return *std::move(wrong);
    const std::string &vhost = call.name(0), &user = call.name(1);
    if (!service_.has_vhost(vhost) || !broker().access().users.contains(user)) co_return bad_request("vhost_or_user_not_found");
    const bool is_new = !broker().access().permissions.contains({user, vhost});
    std::vector<AccessChange> changes{
        Permission{user, vhost, *text_of(call.body, "configure"), *text_of(call.body, "write"), *text_of(call.body, "read")}};
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
    if (!broker().access().users.contains(call.name(0)) && !(call.name(0) == "guest" && service_.users.guest_is_open()))
        co_return not_found();
    co_return list(call, those_of(broker().access().topic_permissions, [&](const auto& p) { return p.user == call.name(0); }), "user");
}
awaitable<Answer> Management::topic_permissions_in_vhost(Call call) {
    if (!service_.has_vhost(call.name(0))) co_return not_found();
    co_return list(call, those_of(broker().access().topic_permissions, [&](const auto& p) { return p.ns == call.name(0); }), "user");
}
awaitable<Answer> Management::get_topic_permission(Call call) {
    auto all = those_of(broker().access().topic_permissions, [&](const auto& p) { return p.ns == call.name(0) && p.user == call.name(1); });
    if (all.empty()) co_return not_found();
    co_return list(call, std::move(all), "user");
}

awaitable<Answer> Management::put_topic_permission(Call call) {
    if (auto wrong = missing(call.body, {"exchange", "write", "read"})) co_return *std::move(wrong);
    if (auto wrong = unless_patterns(call.body, {"write", "read"})) co_return *std::move(wrong);
    const auto exchange = text_of(call.body, "exchange");
    if (!exchange) co_return bad_request("exchange is no text");
    const std::string &vhost = call.name(0), &user = call.name(1);
    if (!service_.has_vhost(vhost) || !broker().access().users.contains(user)) co_return bad_request("vhost_or_user_not_found");
    const bool is_new = !broker().access().topic_permissions.contains({user, vhost, *exchange});
    std::vector<AccessChange> changes{TopicPermission{user, vhost, *exchange, *text_of(call.body, "write"), *text_of(call.body, "read")}};
    Answer answer = co_await change(std::move(changes), stored(is_new));
    co_return answer;
}

awaitable<Answer> Management::delete_topic_permission(Call call) {
    std::vector<AccessChange> changes;
    for (const auto& [key, p] : broker().access().topic_permissions)
        if (p.ns == call.name(0) && p.user == call.name(1)) changes.emplace_back(TopicPermissionGone{p.user, p.ns, p.exchange});
    if (changes.empty()) co_return not_found();
    Answer answer = co_await change(std::move(changes), done());
    co_return answer;
}

}  // namespace rowmq::management
