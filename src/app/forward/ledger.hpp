#pragma once
// Which deliveries of a source are published to a target and not confirmed yet, and which may be acknowledged.
// Values; one thread.

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace rowmq::app {

class Ledger final {
public:
    /// The delivery `tag` was published; publishes are numbered from 1, as a channel with confirms does.
    void published(std::uint64_t tag);
    /// The target has the publish `number`; with `multiple` all up to it.
    void confirmed(std::uint64_t number, bool multiple);
    /// It has not, and says so. What was refused stays at the source.
    void refused(std::uint64_t number, bool multiple);

    struct Acknowledge {
        std::uint64_t tag;
        bool multiple;
    };
    /// What may be acknowledged since the last call: as few acknowledgements as can say it, none for what is not confirmed.
    std::vector<Acknowledge> acknowledgements();

    std::size_t unconfirmed() const noexcept { return waiting_.size(); }
    std::size_t refusals() const noexcept { return refusals_; }
    std::int64_t confirmations() const noexcept { return confirmations_; }

private:
    template <typename F>
    void settle(std::uint64_t number, bool multiple, F&& each);

    std::uint64_t last_ = 0;
    std::size_t refusals_ = 0;
    std::int64_t confirmations_ = 0;
    std::map<std::uint64_t, std::uint64_t> waiting_;  ///< tags by the publish's number
    std::set<std::uint64_t> held_;                    ///< tags that must not be acknowledged
    std::set<std::uint64_t> ready_;                   ///< tags that may be
};

}  // namespace rowmq::app
