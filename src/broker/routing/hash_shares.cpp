#include "broker/routing/hash_shares.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "broker/json_text.hpp"

namespace rowmq {
namespace {

/// Spreads what differs in a few bits over all of them (the finalizer of MurmurHash3).
std::uint64_t spread(std::uint64_t h) noexcept {
    h = (h ^ (h >> 33u)) * 0xff51afd7ed558ccdu;
    h = (h ^ (h >> 33u)) * 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33u);
}

std::uint64_t hash_of(std::string_view text) noexcept {  // FNV-1a
    std::uint64_t h = 0xcbf29ce484222325u;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return spread(h);
}

std::uint64_t hash_of(const HeaderValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.value)) return hash_of(std::string_view(*text));
    if (const auto* number = std::get_if<std::int64_t>(&value.value)) return hash_of(std::string_view(std::to_string(*number)));
    std::string json;
    json_text::append_value(json, {value.value, {}});
    return hash_of(std::string_view(json));
}

}  // namespace

std::optional<std::uint32_t> weight_of(std::string_view key) noexcept {
    if (key.starts_with('+')) key.remove_prefix(1);
    std::uint32_t weight = 0;
    const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), weight);
    if (error != std::errc() || stop != key.data() + key.size() || weight < 1 || weight > highest_weight) return std::nullopt;
    return weight;
}

std::uint64_t hash_of(const HashOn& on, std::string_view key, const Properties* properties) {
    using What = HashOn::What;
    if (on.what == What::routing_key) return hash_of(key);
    if (!properties) return hash_of(std::string_view());
    switch (on.what) {
        case What::routing_key: break;
        case What::header:
            for (const Header& header : properties->headers)
                if (header.name == on.header) return hash_of(header.value);
            break;
        case What::message_id: return hash_of(properties->message_id);
        case What::correlation_id: return hash_of(properties->correlation_id);
        case What::timestamp:
            if (properties->timestamp) return hash_of(std::to_string(properties->timestamp->time_since_epoch().count()));
            break;
    }
    return hash_of(std::string_view());
}

void HashShares::put(Destination to, std::string_view name, std::uint32_t weight, std::shared_ptr<const Terms> terms) {
    const auto there = std::find_if(shares_.begin(), shares_.end(), [&](const Share& one) { return one.to == to; });
    if (there != shares_.end()) {
        there->terms = std::move(terms);
        return;
    }
    constexpr std::uint64_t exchange_mark = 0x9e3779b97f4a7c15u;  // a queue and an exchange of one name are two
    const std::uint64_t seed = spread(hash_of(name) ^ (std::holds_alternative<ExchangeId>(to) ? exchange_mark : 0));
    Share share{seed, to, static_cast<double>(weight), std::move(terms)};
    const auto before = [](const Share& a, const Share& b) { return std::tie(a.seed, a.to) < std::tie(b.seed, b.to); };
    const auto at = std::upper_bound(shares_.begin(), shares_.end(), share, before);
    shares_.insert(at, std::move(share));
}

void HashShares::remove(Destination to) {
    std::erase_if(shares_, [&](const Share& one) { return one.to == to; });
}

// Each draws an exponentially distributed number from the hash and its name, of a rate that is its weight; the least one wins,
// and each does so with the likelihood its weight has among all.
const HashShares::Share* HashShares::pick(std::uint64_t hash) const noexcept {
    const Share* found = nullptr;
    double least = std::numeric_limits<double>::infinity();
    for (const Share& share : shares_) {
        const double uniform = static_cast<double>((spread(hash ^ share.seed) >> 11u) + 1) * 0x1p-53;
        if ((1 - uniform) >= least * share.weight) continue;  // -log(u) is no less than 1 - u: spares most logarithms
        const double drawn = -std::log(uniform) / share.weight;
        if (found && drawn >= least) continue;
        least = drawn;
        found = &share;
    }
    return found;
}

}  // namespace rowmq
