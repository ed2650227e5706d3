#pragma once
// A process without memory ends: what was confirmed is on disk, and its supervisor starts it anew. Going on would mean that
// every allocation anywhere may leave something half done.

namespace rowmq {

/// Says so on standard error and ends the process with code 70 at once. Allocates nothing.
[[noreturn]] void end_out_of_memory() noexcept;
/// From now on that is what an allocation by `new` that fails does.
void end_when_out_of_memory() noexcept;

}  // namespace rowmq
