#pragma once
// Looking at what a broker routes by, where it keeps it: one of very many exchanges or bindings is found without a copy of all.
//
// Threads: the broker's executor. What is shown is good within the call that shows it; a function that looks calls no broker.

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "rowmq/broker.hpp"

namespace rowmq {

struct ExchangeView {
    std::string_view name;
    const ExchangeOptions& options;
};
/// Shows exchanges in name order, those after `after`, until `see` answers false.
void see_exchanges(const Broker& broker, std::string_view after, const std::function<bool(const ExchangeView&)>& see,
                   std::string_view ns = default_namespace);

struct BindingView {
    std::string_view exchange, queue, routing_key;
    const BindingOptions& options;
    std::string_view to_exchange{};  ///< instead of `queue`
};
/// Shows the bindings of one exchange in the order of their routing keys, from `key` on, until `see` answers false. No exchange
/// is no binding.
void see_bindings(const Broker& broker, std::string_view exchange, std::string_view key, const std::function<bool(const BindingView&)>& see,
                  std::string_view ns = default_namespace);

/// The options of the binding that has the ends and the key of `which`. None: there is none.
std::optional<BindingOptions> find_binding(const Broker& broker, const Binding& which, std::string_view ns = default_namespace);

/// How many queues there are in it.
std::size_t count_queues(const Broker& broker, std::string_view ns = default_namespace);

}  // namespace rowmq
