#define PCRE2_CODE_UNIT_WIDTH 8
#include "amqp/pattern.hpp"

#include <fmt/format.h>
#include <pcre2.h>

#include <array>

namespace rowmq::amqp {
namespace {

constexpr std::uint32_t steps = 100'000, depth = 1'000;
constexpr std::uint32_t heap_kib = 1'024;

pcre2_match_context* bounds() {
    static pcre2_match_context* context = [] {
        pcre2_match_context* made = pcre2_match_context_create(nullptr);
        if (!made) return made;
        pcre2_set_match_limit(made, steps);
        pcre2_set_depth_limit(made, depth);
        pcre2_set_heap_limit(made, heap_kib);
        return made;
    }();
    return context;
}

}  // namespace

void Pattern::Free::operator()(pcre2_real_code_8* code) const noexcept { pcre2_code_free(code); }

Result<Pattern> Pattern::compile(std::string_view text) {
    int error = 0;
    PCRE2_SIZE at = 0;
    const std::string_view meant = text.empty() ? std::string_view("^$") : text;
    Pattern pattern;
    pattern.code_.reset(
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(meant.data()), meant.size(), PCRE2_NEVER_BACKSLASH_C, &error, &at, nullptr));
    if (!pattern.code_) {
        std::array<unsigned char, 128> words{};
        pcre2_get_error_message(error, words.data(), words.size());
        return Error{Errc::invalid_argument, fmt::format("{} at {}", reinterpret_cast<const char*>(words.data()), at)};
    }
    pattern.matches_all_ = text == ".*" || text == "^.*$" || text == "^.*";
    return pattern;
}

bool Pattern::matches(std::string_view name) const {
    if (matches_all_) return true;
    if (!code_ || !bounds()) return false;
    const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> found(pcre2_match_data_create(1, nullptr),
                                                                               [](pcre2_match_data* data) { pcre2_match_data_free(data); });
    if (!found) return false;
    return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0, 0, found.get(), bounds()) >= 0;
}

}  // namespace rowmq::amqp
