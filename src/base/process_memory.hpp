#pragma once
// Memory of this process and of its machine, in bytes, as the kernel says (proc(5), cgroups(7)); 0 where it does not.

#include <cstdint>

namespace rowmq {

/// In memory now, with what it shares.
std::int64_t resident_memory();
/// The part of it that is its own: without files it has mapped and what it shares with others.
std::int64_t held_memory();
/// What there is for it: the machine's memory, or the limit of its control group where that is lower.
std::int64_t available_memory();

}  // namespace rowmq
