#pragma once
// What a long simulation must have reached somewhere; else it does not test what it says.

#include <array>
#include <map>
#include <set>
#include <string>

#include "test/simulation/sqs/machine.hpp"

namespace rowmq::sqs_simulation {

extern const std::array<const char*, 60> rare_states;

/// Watches a run and counts them.
class RareStates {
public:
    RareStates(const Plan& plan, std::map<std::string, std::size_t>& seen) : plan_(plan), seen_(seen) {}

    void reached(const char* what, bool really = true) {
        if (really) ++seen_[what];
    }
    void step(const Step& step, const Reference& reference);
    void ended(const Ended& e, Time now);
    void died(Machine::Death death, std::string_view survived, const std::vector<std::shared_ptr<Call>>& under_way, bool fault_fired);

private:
    void received(const Ended& e, Time now);
    void sent(const Ended& e, Time now);
    void handled(const Ended& e, Time now);

    struct Given {
        std::uint64_t number = 0;
        Time until = 0;
        int deaths = 0;
        bool newest = true;
    };
    const Plan& plan_;
    std::map<std::string, std::size_t>& seen_;
    std::map<std::size_t, Given> given_;                    ///< by the handle's name
    std::map<std::uint64_t, std::size_t> newest_;           ///< handle of a message
    std::map<std::string, std::pair<Time, int>> accepted_;  ///< deduplication ids: when, after how many deaths
    std::map<std::uint64_t, bool> unknown_;                 ///< messages whose send was not answered
    std::set<std::uint64_t> deleting_;                      ///< whose deletion was not answered
    int deaths_ = 0, jumps_ = 0;
    bool was_full_ = false;
    Machine::Death last_ = Machine::Death::stopped;
};

}  // namespace rowmq::sqs_simulation
