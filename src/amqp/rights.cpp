#include "amqp/rights.hpp"

#include <fmt/format.h>

namespace rowmq::amqp {
namespace {

constexpr std::size_t most_known = 4'096;
constexpr std::string_view default_exchange = "amq.default";

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
}

}  // namespace

std::string_view name_of(Right right) noexcept {
    switch (right) {
        case Right::configure: return "configure";
        case Right::write: return "write";
        case Right::read: return "read";
    }
    return "";
}

Rights::Rights(const Broker& broker, std::string user, std::string vhost, bool everything)
    : broker_(broker), user_(std::move(user)), vhost_(std::move(vhost)), everything_(everything) {}

void Rights::read() {
    const Access& access = broker_.access();
    version_ = access.version;
    known_.clear();
    patterns_ = {};
    all_ = {};
    const auto found = access.permissions.find({user_, vhost_});
    enters_ = found != access.permissions.end();
    if (enters_) {
        const std::array<const std::string*, 3> texts{&found->second.configure, &found->second.write, &found->second.read};
        for (std::size_t i = 0; i < texts.size(); ++i) {
            Result<Pattern> pattern = Pattern::compile(*texts[i]);
            if (!pattern) continue;  // it fits nothing
            patterns_[i] = *std::move(pattern);
            all_[i] = patterns_[i]->matches_all();
        }
    }
    const auto topic = access.topic_permissions.lower_bound({user_, vhost_, ""});
    topics_ = topic != access.topic_permissions.end() && topic->second.user == user_ && topic->second.ns == vhost_;
}

bool Rights::enters() {
    if (everything_) return true;
    if (broker_.access().version != version_) read();
    return enters_;
}

bool Rights::decided(Right right, std::string_view name) {
    if (name.empty()) name = default_exchange;
    const auto bit = static_cast<std::uint8_t>(1u << static_cast<unsigned>(right));
    if (known_.size() > most_known) known_.clear();
    std::uint8_t& known = known_[std::string(name)];
    if (!(known & bit)) {
        const auto& pattern = patterns_[static_cast<std::size_t>(right)];
        known = static_cast<std::uint8_t>(known | bit);
        if (pattern && pattern->matches(name)) known = static_cast<std::uint8_t>(known | bit << 3u);
    }
    return known & bit << 3u;
}

bool Rights::may_on_topic(Right right, std::string_view exchange, std::string_view key) {
    if (everything_) return true;
    if (broker_.access().version != version_) read();
    if (!topics_) return true;
    const Access& access = broker_.access();
    const auto found = access.topic_permissions.find({user_, vhost_, std::string(exchange)});
    if (found == access.topic_permissions.end()) return true;
    const auto info = broker_.exchange(exchange, vhost_);
    if (!info || info->options.kind != ExchangeKind::topic) return true;
    std::string text = right == Right::write ? found->second.write : found->second.read;
    replace_all(text, "{username}", user_);
    replace_all(text, "{vhost}", vhost_);
    const Result<Pattern> pattern = Pattern::compile(text);
    return pattern && pattern->matches(key);
}

std::optional<Refusal> Rights::refusal(Right right, std::string_view kind, std::string_view name) {
    if (may(right, name)) return std::nullopt;
    return Refusal(Code::access_refused, fmt::format("{} access to {} '{}' in vhost '{}' refused for user '{}'", name_of(right), kind,
                                                     name.empty() ? default_exchange : name, vhost_, user_));
}

std::optional<Refusal> Rights::topic(Right right, std::string_view exchange, std::string_view key) {
    if (may_on_topic(right, exchange, key)) return std::nullopt;
    return Refusal(Code::access_refused, fmt::format("{} access to topic '{}' in exchange '{}' in vhost '{}' refused for user '{}'",
                                                     name_of(right), key, exchange, vhost_, user_));
}

}  // namespace rowmq::amqp
