#pragma once
// Several lambdas as one visitor, for std::visit.

namespace rowmq {

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace rowmq
