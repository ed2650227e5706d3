#include "sqs/access_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <set>

#include "sqs/names.hpp"
#include "sqs/policy_json.hpp"

namespace rowmq::sqs {
namespace {

namespace json = boost::json;

constexpr std::size_t max_actions = 7;  ///< in one statement
constexpr std::size_t account_digits = 12;

/// Those that can be given to others.
constexpr std::array<std::string_view, 10> shareable{"*",
                                                     "ChangeMessageVisibility",
                                                     "DeleteMessage",
                                                     "GetQueueAttributes",
                                                     "GetQueueUrl",
                                                     "ListDeadLetterSourceQueues",
                                                     "ListQueueTags",
                                                     "PurgeQueue",
                                                     "ReceiveMessage",
                                                     "SendMessage"};
constexpr std::array<std::string_view, 13> owners_only{"AddPermission",        "CancelMessageMoveTask",
                                                       "CreateQueue",          "DeleteQueue",
                                                       "ListMessageMoveTasks", "ListQueues",
                                                       "RemovePermission",     "SetQueueAttributes",
                                                       "StartMessageMoveTask", "TagQueue",
                                                       "UntagQueue",           "ChangeMessageVisibilityBatch",
                                                       "SendMessageBatch"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_account(std::string_view text) {
    return text.size() == account_digits && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// One alone is a text, several are a list.
json::value one_or_list(const Texts& texts) {
    if (texts.size() == 1) return json::string(texts.front());
    json::array list;
    for (const auto& text : texts) list.emplace_back(text);
    return list;
}

/// Takes the statements, which may be one alone, out of a policy.
json::array take_statements(json::object& policy) {
    auto* found = policy.if_contains("Statement");
    if (!found) return {};
    if (found->is_array()) return std::move(found->get_array());
    json::array one(policy.storage());
    one.push_back(std::move(*found));
    return one;
}

bool has_label(const json::value& statement, std::string_view label) {
    const auto* sid = statement.is_object() ? statement.as_object().if_contains("Sid") : nullptr;
    return sid && sid->is_string() && std::string_view(sid->as_string()) == label;
}

bool is_statement(const json::value& value) {
    if (!value.is_object()) return false;
    const auto& statement = value.as_object();
    const auto* effect = statement.if_contains("Effect");
    if (!effect || !effect->is_string()) return false;
    const std::string_view says = effect->as_string();
    if (says != "Allow" && says != "Deny") return false;
    if (!statement.contains("Principal") && !statement.contains("NotPrincipal")) return false;
    return statement.contains("Action") || statement.contains("NotAction");
}

std::optional<Refusal> check(const Permission& p) {
    if (!is_batch_id(p.label))
        return invalid_value(p.label, "Label", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
    if (p.accounts.empty()) return missing("PrincipalId");
    if (p.actions.empty()) return missing("Actions");
    if (p.actions.size() > max_actions)
        return Refusal{Fault::over_limit, fmt::format("{} Actions were found, maximum allowed is {}.", p.actions.size(), max_actions)};
    for (const auto& action : p.actions) {
        if (contains(owners_only, action))
            return invalid_value("SQS:" + action, "ActionName", "Only the queue owner is allowed to invoke this action.");
        if (!contains(shareable, action))
            return invalid_value("SQS:" + action, "ActionName", "Please refer to the appropriate WSDL for a list of valid actions. ");
    }
    for (const auto& account : p.accounts)
        if (!is_account(account))
            return invalid_value(fmt::format("[{}]", fmt::join(p.accounts, ", ")), "PrincipalId", "Unable to verify.");
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> check_access_policy(std::string_view text) {
    if (text.empty()) return std::nullopt;
    auto policy = parse_json_object(text);
    if (policy) {
        const json::array statements = take_statements(*policy);
        if (!statements.empty() && std::all_of(statements.begin(), statements.end(), is_statement)) return std::nullopt;
    }
    return Refusal{Fault::invalid_attribute_value, "Invalid value for the parameter Policy."};
}

Answer<std::string> with_permission(std::string_view text, std::string_view arn, const Permission& permission) {
    if (auto wrong = check(permission)) return *std::move(wrong);
    json::object policy = text.empty() ? json::object{{"Version", "2008-10-17"}, {"Id", fmt::format("{}/SQSDefaultPolicy", arn)}}
                                       : parse_json_object(text).value_or(json::object{});
    json::array statements = take_statements(policy);
    if (std::any_of(statements.begin(), statements.end(), [&](const auto& s) { return has_label(s, permission.label); }))
        return invalid_value(permission.label, "Label", "Already exists.");
    Texts principals, actions;
    for (const auto& account : permission.accounts) principals.push_back(fmt::format("arn:aws:iam::{}:root", account));
    for (const auto& action : permission.actions) actions.push_back("SQS:" + action);
    statements.push_back(json::object{{"Sid", permission.label},
                                      {"Effect", "Allow"},
                                      {"Principal", json::object{{"AWS", one_or_list(principals)}}},
                                      {"Action", one_or_list(actions)},
                                      {"Resource", arn}});
    policy["Statement"] = std::move(statements);
    return json::serialize(policy);
}

Answer<std::string> without_permission(std::string_view text, std::string_view label) {
    json::object policy = parse_json_object(text).value_or(json::object{});
    json::array statements = take_statements(policy);
    const auto found = std::find_if(statements.begin(), statements.end(), [&](const auto& s) { return has_label(s, label); });
    if (found == statements.end()) return invalid_value(label, "Label", "can't find label.");
    statements.erase(found);
    if (statements.empty()) return std::string();
    policy["Statement"] = std::move(statements);
    return json::serialize(policy);
}

}  // namespace rowmq::sqs
