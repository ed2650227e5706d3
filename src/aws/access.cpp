#include "aws/access.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "aws/query.hpp"
#include "aws/signature.hpp"
#include "base/sha256.hpp"

namespace rowmq::aws {
namespace {

constexpr std::chrono::minutes skew{15};
constexpr std::int64_t max_expires_seconds = 604'800;
constexpr std::size_t max_claim_text = 4'096;  ///< of a credential or a list of signed headers
constexpr std::size_t signature_digits = 64;
constexpr std::size_t date_digits = 8;

/// What a request says about its signature.
struct Claim {
    std::string credential, signed_headers, signature, timestamp;
    std::optional<std::int64_t> expires;  ///< of a presigned one, in seconds
};

Denial incomplete(std::string text) { return {Denial::Reason::incomplete, std::move(text)}; }
Denial mismatch(std::string text) { return {Denial::Reason::does_not_match, std::move(text)}; }

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// AWS names every part that is not there in one text.
boost::system::result<Claim, Denial> complete(Claim claim, std::string_view where) {
    std::string absent;
    const auto need = [&](const std::string& value, std::string_view name) {
        if (value.empty()) absent += fmt::format("{} requires '{}' parameter. ", where, name);
    };
    need(claim.credential, where.starts_with("Auth") ? "Credential" : "X-Amz-Credential");
    need(claim.signature, where.starts_with("Auth") ? "Signature" : "X-Amz-Signature");
    need(claim.signed_headers, where.starts_with("Auth") ? "SignedHeaders" : "X-Amz-SignedHeaders");
    if (claim.timestamp.empty()) absent += fmt::format("{} requires existence of either a 'X-Amz-Date' or a 'Date' header. ", where);
    if (!absent.empty()) return incomplete(std::string(trimmed(absent)));
    if (claim.credential.size() > max_claim_text || claim.signed_headers.size() > max_claim_text)
        return incomplete(fmt::format("Credential and SignedHeaders have at most {} characters.", max_claim_text));
    return claim;
}

boost::system::result<Claim, Denial> claim_of_header(const net::Request& request, std::string_view authorization) {
    Claim claim;
    std::string_view rest = authorization.substr(signing_algorithm.size());
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(part.size() + 1, rest.size()));
        const std::string_view pair = trimmed(part);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = pair.substr(0, equals), value = pair.substr(equals + 1);
        if (name == "Credential") claim.credential = value;
        if (name == "SignedHeaders") claim.signed_headers = value;
        if (name == "Signature") claim.signature = value;
    }
    const std::string_view own_date = request.fields.get("X-Amz-Date");
    claim.timestamp = own_date.empty() ? request.fields.get("Date") : own_date;
    return complete(std::move(claim), "Authorization header");
}

boost::system::result<Claim, Denial> claim_of_query(const Parameters& parameters) {
    Claim claim;
    const auto take = [&](std::string_view name) { return std::string(parameters.get(name).value_or("")); };
    if (const auto algorithm = take("X-Amz-Algorithm"); algorithm != signing_algorithm)
        return incomplete(fmt::format("AWS query-string parameters must include 'X-Amz-Algorithm' = '{}'.", signing_algorithm));
    claim.credential = take("X-Amz-Credential");
    claim.signed_headers = take("X-Amz-SignedHeaders");
    claim.signature = take("X-Amz-Signature");
    claim.timestamp = take("X-Amz-Date");
    const auto text = take("X-Amz-Expires");
    std::int64_t seconds = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc() || stop != text.data() + text.size() || seconds < 1)
        return incomplete("X-Amz-Expires must be a whole number of seconds, 1 to 604800.");
    if (seconds > max_expires_seconds)
        return incomplete(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds");
    claim.expires = seconds;
    return complete(std::move(claim), "AWS query-string");
}

/// Where the request carries its signature, and what it says there.
boost::system::result<Claim, Denial> claim_of(const net::Request& request) {
    const std::string_view authorization = request.fields.get("Authorization");
    if (authorization.starts_with(signing_algorithm)) return claim_of_header(request, authorization);
    if (request.query().find("X-Amz-") != std::string_view::npos) {
        std::string malformed;
        const auto parameters = Parameters::parse(std::string(request.query()), malformed);
        if (!parameters) return incomplete(std::move(malformed));
        if (parameters->get("X-Amz-Algorithm") || parameters->get("X-Amz-Signature")) return claim_of_query(*parameters);
    }
    if (!authorization.empty()) return incomplete(fmt::format("The Authorization header must begin with '{}'.", signing_algorithm));
    return Denial{Denial::Reason::missing_token, "Request is missing Authentication Token"};
}

/// KEY-ID/DATE/REGION/SERVICE/aws4_request, where the id may hold slashes itself.
struct Credential {
    std::string key_id;
    Scope scope;
    std::string terminator;
};

boost::system::result<Credential, Denial> credential_of(const std::string& text) {
    std::array<std::string_view, 4> last;
    std::string_view rest = text;
    for (auto part = last.rbegin(); part != last.rend(); ++part) {
        const auto slash = rest.rfind('/');
        if (slash == std::string_view::npos)
            return incomplete(fmt::format(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'", text));
        *part = rest.substr(slash + 1);
        rest = rest.substr(0, slash);
    }
    return Credential{std::string(rest), {std::string(last[0]), std::string(last[1]), std::string(last[2])}, std::string(last[3])};
}

std::optional<Denial> check_scope(const Credential& c, std::string_view region, std::string_view service, std::string_view timestamp) {
    if (c.terminator != scope_terminator)
        return mismatch(
            fmt::format("Credential should be scoped with a valid terminator: '{}', not '{}'.", scope_terminator, c.terminator));
    if (c.scope.region != region) return mismatch(fmt::format("Credential should be scoped to a valid region, not '{}'. ", c.scope.region));
    if (c.scope.service != service) return mismatch(fmt::format("Credential should be scoped to correct service: '{}'. ", service));
    if (c.scope.date != timestamp.substr(0, date_digits))
        return mismatch(fmt::format(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
            c.scope.date, timestamp.substr(0, date_digits), timestamp));
    return std::nullopt;
}

std::optional<Denial> check_time(WallTime signed_at, std::optional<std::int64_t> expires, WallTime now) {
    const std::chrono::minutes allowed = skew;
    if (signed_at > now + allowed)
        return mismatch(fmt::format("Signature not yet current: {} is still later than {} ({} + {} min.)", timestamp_of(signed_at),
                                    timestamp_of(now + allowed), timestamp_of(now), allowed.count()));
    if (expires) {
        const WallTime end = signed_at + std::chrono::seconds(*expires);
        if (end >= now) return std::nullopt;
        return mismatch(fmt::format("Signature expired: {} is now earlier than {}", timestamp_of(end), timestamp_of(now)));
    }
    if (signed_at >= now - allowed) return std::nullopt;
    return mismatch(fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)", timestamp_of(signed_at),
                                timestamp_of(now - allowed), timestamp_of(now), allowed.count()));
}

bool is_signed(std::string_view header, std::string_view signed_headers) {
    while (!signed_headers.empty()) {
        const std::string_view name = signed_headers.substr(0, signed_headers.find(';'));
        if (name == header) return true;
        signed_headers.remove_prefix(std::min(name.size() + 1, signed_headers.size()));
    }
    return false;
}

/// What decides what a request does, and for whom, must be covered by its signature.
std::optional<Denial> check_signed_headers(const net::Request& request, const Claim& claim) {
    if (!is_signed("host", claim.signed_headers))
        return mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    for (const std::string_view header : {"x-amz-date", "x-amz-target"})
        if (!request.fields.get(header).empty() && !is_signed(header, claim.signed_headers))
            return mismatch(fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", header));
    return std::nullopt;
}

}  // namespace

DenialCode code_of(Denial::Reason reason) noexcept {
    switch (reason) {
        case Denial::Reason::missing_token: return {"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403};
        case Denial::Reason::incomplete: return {"IncompleteSignatureException", "IncompleteSignature", 400};
        case Denial::Reason::unknown_key: return {"UnrecognizedClientException", "InvalidClientTokenId", 403};
        case Denial::Reason::does_not_match: return {"InvalidSignatureException", "SignatureDoesNotMatch", 403};
    }
    return {"InvalidSignatureException", "SignatureDoesNotMatch", 403};
}

Access::Access(Credentials keys, std::string region) : keys_(std::move(keys)), region_(std::move(region)) {}

boost::system::result<std::string, Denial> Access::verify(const net::Request& request, std::string_view service, WallTime now) const {
    if (everybody()) return std::string();
    auto claim = claim_of(request);
    if (!claim) return std::move(claim).error();
    const auto signed_at = time_of(claim->timestamp);
    if (!signed_at)
        return incomplete(fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                                      std::string_view(claim->timestamp).substr(0, 64)));
    const std::string timestamp = timestamp_of(*signed_at);
    const auto credential = credential_of(claim->credential);
    if (!credential) return credential.error();
    if (auto denied = check_scope(*credential, region_, service, timestamp)) return *std::move(denied);
    const auto key = keys_.find(credential->key_id);
    if (key == keys_.end()) return Denial{Denial::Reason::unknown_key, "The security token included in the request is invalid."};
    if (auto denied = check_signed_headers(request, *claim)) return *std::move(denied);
    if (auto denied = check_time(*signed_at, claim->expires, now)) return *std::move(denied);

    const auto canonical = canonical_request(request, claim->signed_headers, sha256_hex(request.body));
    if (!canonical)
        return incomplete(
            fmt::format("At most {} different headers and {} parameters can be signed.", max_signed_headers, max_signed_parameters));
    const std::string expected = signature_of(key->second, credential->scope, string_to_sign(timestamp, credential->scope, *canonical));
    if (claim->signature.size() != signature_digits || CRYPTO_memcmp(claim->signature.data(), expected.data(), signature_digits) != 0) {
        const bool has_token =
            canonical->find("x-amz-security-token") != std::string::npos || canonical->find("X-Amz-Security-Token") != std::string::npos;
        spdlog::debug("a signature of key {} does not match; the canonical string for the request is\n{}", key->first,
                      has_token ? "(not written: it holds a session token)" : *canonical);
        return mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing "
            "method. Consult the service documentation for details.");
    }
    return key->first;
}

}  // namespace rowmq::aws
