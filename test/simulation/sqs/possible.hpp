#pragma once
// The states something may be in, where answers left open what happened: each changes into one or several, an observation removes
// those it contradicts, equal ones are one.
// Errors: throws Violation when none is left, with what they said.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rowmq::sqs_simulation {

struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <typename... Parts>
[[noreturn]] void violated(fmt::format_string<Parts...> text, Parts&&... parts) {
    throw Violation(fmt::format(text, std::forward<Parts>(parts)...));
}

template <typename State>
class Possible {
public:
    using States = std::vector<State>;
    static constexpr std::size_t most = 1'024;

    /// At least one.
    States& all() noexcept { return states_; }
    const States& all() const noexcept { return states_; }

    /// `change(state, more)`: a state becomes another, and perhaps `more`; or throws Violation, and is none of them.
    template <typename Change>
    void each(const Change& change) {
        States next;
        std::string why;
        for (auto& state : states_) {
            States more;
            try {
                change(state, more);
            } catch (const Violation& v) {
                add(why, v.what());
                continue;
            }
            next.push_back(std::move(state));
            std::move(more.begin(), more.end(), std::back_inserter(next));
        }
        if (next.empty()) throw Violation(why);
        states_ = std::move(next);
    }

    /// What happened at the same time, in any of these orders.
    template <typename Change>
    void each_order(const std::vector<std::vector<std::size_t>>& orders, const Change& change) {
        if (orders.size() == 1) return in_order(orders.front(), change);
        const auto before = states_;
        States any;
        std::string why;
        for (const auto& order : orders) {
            states_ = before;
            try {
                in_order(order, change);
            } catch (const Violation& v) {
                add(why, v.what());
                continue;
            }
            std::move(states_.begin(), states_.end(), std::back_inserter(any));
        }
        if (any.empty()) throw Violation(why + " (in any order)");
        states_ = std::move(any);
    }

    void merge() {
        States different;
        for (auto& state : states_)
            if (std::find(different.begin(), different.end(), state) == different.end()) different.push_back(std::move(state));
        if (different.size() > most) throw std::logic_error(std::to_string(different.size()) + " states are possible");
        states_ = std::move(different);
    }

private:
    static void add(std::string& why, const std::string& another) {
        if (why.find(another) == std::string::npos) why += (why.empty() ? "" : "; or: ") + another;
    }

    template <typename Change>
    void in_order(const std::vector<std::size_t>& order, const Change& change) {
        for (const auto i : order) each([&](State& state, States& more) { change(i, state, more); });
    }

    States states_{1};
};

/// A batch: each entry may leave several states.
template <typename State, typename Part>
void in_parts(State& s, std::vector<State>& more, std::size_t parts, const Part& part) {
    Possible<State> work;
    work.all().front() = std::move(s);
    for (std::size_t i = 0; i < parts; ++i) work.each([&](State& one, std::vector<State>& also) { part(one, i, also); });
    s = std::move(work.all().front());
    std::move(work.all().begin() + 1, work.all().end(), std::back_inserter(more));
}

}  // namespace rowmq::sqs_simulation
