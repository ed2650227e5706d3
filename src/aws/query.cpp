#include "aws/query.hpp"

#include <algorithm>

#include "aws/hex.hpp"
#include "base/utf8.hpp"

namespace rowmq::aws {
namespace {

constexpr std::size_t max_parameters = 1'000;
constexpr std::size_t max_query_elements = 100;

}  // namespace

std::optional<Parameters> Parameters::parse(std::string encoded, std::string& error) {
    Parameters p;
    p.text_ = std::move(encoded);
    std::string& text = p.text_;
    const auto malformed = [&error](const char* why) -> std::optional<Parameters> {
        error = why;
        return std::nullopt;
    };
    if (text.size() > UINT32_MAX) return malformed("The parameters are longer than 4 GiB.");

    // Decoding never makes text longer, so it happens where the text stands.
    std::size_t in = 0, out = 0;
    const auto decode_until = [&](char stop) -> bool {
        while (in < text.size() && text[in] != stop && text[in] != '&') {
            char c = text[in++];
            if (c == '+') c = ' ';
            if (c == '%') {
                if (text.size() - in < 2) return false;
                const int high = hex_digit(text[in]), low = hex_digit(text[in + 1]);
                if (high < 0 || low < 0) return false;
                c = static_cast<char>(high * 16 + low);
                in += 2;
            }
            text[out++] = c;
        }
        return true;
    };
    while (in < text.size()) {
        if (text[in] == '&') {
            ++in;
            continue;
        }
        Place place{};
        place.name = static_cast<std::uint32_t>(out);
        if (!decode_until('=')) return malformed("A parameter contains a broken % escape.");
        place.name_size = static_cast<std::uint32_t>(out) - place.name;
        place.value = static_cast<std::uint32_t>(out);
        if (in < text.size() && text[in] == '=') {
            ++in;
            if (!decode_until('&')) return malformed("A parameter contains a broken % escape.");
        }
        place.value_size = static_cast<std::uint32_t>(out) - place.value;
        if (!is_utf8(p.name(place)) || !is_utf8(p.value(place))) return malformed("A parameter is not UTF-8.");
        if (p.all_.size() == max_parameters) return malformed("The request has more than 1000 parameters.");
        p.all_.push_back(place);
    }
    std::stable_sort(p.all_.begin(), p.all_.end(), [&](const Place& a, const Place& b) { return p.name(a) < p.name(b); });
    return p;
}

std::vector<Parameters::Place>::const_iterator Parameters::lower_bound(std::string_view wanted) const {
    return std::lower_bound(all_.begin(), all_.end(), wanted, [this](const Place& p, std::string_view n) { return name(p) < n; });
}

std::optional<std::string_view> Parameters::get(std::string_view wanted) const {
    const auto found = lower_bound(wanted);
    if (found == all_.end() || name(*found) != wanted) return std::nullopt;
    return value(*found);
}

std::vector<std::uint32_t> Parameters::numbers(std::string_view prefix, std::size_t max) const {
    std::vector<std::uint32_t> found;
    for (auto p = lower_bound(prefix); p != all_.end() && name(*p).starts_with(prefix); ++p) {
        const std::string_view rest = name(*p).substr(prefix.size());
        std::uint32_t n = 0;
        const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
        if (error != std::errc() || (stop != rest.data() + rest.size() && *stop != '.')) continue;
        if (std::find(found.begin(), found.end(), n) != found.end()) continue;
        if (found.size() > max) break;
        found.push_back(n);
    }
    std::sort(found.begin(), found.end());
    return found;
}

void QueryReader::number(std::string_view name, Number& v) {
    const auto found = from_.get(prefix_ + std::string(name));
    if (!found) return;
    std::int64_t n = 0;
    const auto [stop, error] = std::from_chars(found->data(), found->data() + found->size(), n);
    if (error == std::errc() && stop == found->data() + found->size()) {
        v = n;
    } else if (error_.empty()) {
        error_ = prefix_ + std::string(name) + " must be a whole number.";
    }
}

void QueryReader::bytes(std::string_view name, Text& v) {
    const auto found = from_.get(prefix_ + std::string(name));
    if (!found) return;
    v = base64_decode(*found);
    if (!v && error_.empty()) error_ = prefix_ + std::string(name) + " must be Base64.";
}

std::vector<std::uint32_t> QueryReader::numbers(const std::string& prefix) {
    auto found = from_.numbers(prefix, max_query_elements);
    if (found.size() <= max_query_elements) return found;
    if (error_.empty()) error_ = prefix + "N has more than 100 elements.";
    return {};
}

bool QueryReader::pay(std::size_t element_bytes) {
    if (take_credit(credit_, element_bytes)) return true;
    if (error_.empty()) error_ = "The request has too many elements for its size.";
    return false;
}

}  // namespace rowmq::aws
