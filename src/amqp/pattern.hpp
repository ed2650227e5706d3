#pragma once
// A regular expression of permissions and policies, as RabbitMQ understands them (PCRE, found anywhere in a name). The empty one
// fits the empty name alone.

#include <memory>
#include <string>
#include <string_view>

#include "rowmq/error.hpp"

struct pcre2_real_code_8;

namespace rowmq::amqp {

class Pattern final {
public:
    /// Errors: invalid_argument, whose text says what is wrong where ("missing closing parenthesis at 1").
    static Result<Pattern> compile(std::string_view text);

    /// One that takes more than a bounded number of steps to decide does not match.
    bool matches(std::string_view name) const;
    /// Known without looking.
    bool matches_all() const noexcept { return matches_all_; }

private:
    struct Free {
        void operator()(pcre2_real_code_8* code) const noexcept;
    };
    std::unique_ptr<pcre2_real_code_8, Free> code_;
    bool matches_all_ = false;
};

}  // namespace rowmq::amqp
