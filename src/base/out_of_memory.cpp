#include "base/out_of_memory.hpp"

#include <unistd.h>

#include <new>
#include <string_view>

namespace rowmq {

void end_out_of_memory() noexcept {
    constexpr std::string_view words = "rowmq: out of memory\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(), words.size());
    ::_exit(70);
}

void end_when_out_of_memory() noexcept {
    std::set_new_handler([] { end_out_of_memory(); });
}

}  // namespace rowmq
