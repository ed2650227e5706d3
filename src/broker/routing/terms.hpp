#pragma once
// The terms of a binding, ready for routing: its options, their filter compiled, the notes its copies get.

#include <memory>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "broker/routing/filter.hpp"
#include "rowmq/values.hpp"

namespace rowmq {

struct Terms {
    BindingOptions options;
    std::shared_ptr<const Filter> filter;      ///< null: everything passes
    std::shared_ptr<const std::string> notes;  ///< of each copy; null: none

    bool take(const Message& message) const {
        return !options.paused && has_headers(message.properties.get()) &&
               (!filter || filter->matches(message.properties.get(), message.text()));
    }
    /// Its body may be in the store only, so a filter that would have to see it lets it pass: nothing is lost.
    bool take_dead_letter(const Message& message) const {
        return (filter && filter->on_body() && !options.paused && has_headers(message.properties.get())) || take(message);
    }
    /// Whether the message's headers are those asked for.
    bool has_headers(const Properties* properties) const;
};

/// Null for options that are all defaults. Errors: invalid_argument (the filter, texts that are too long).
Result<std::shared_ptr<const Terms>> terms_of(BindingOptions options, const Limits& limits);

/// The JSON text of the column bindings.options; empty for defaults.
std::string encode(const BindingOptions& options);
BindingOptions decode_binding_options(std::string_view json);

}  // namespace rowmq
