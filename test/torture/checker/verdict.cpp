#include "test/torture/checker/verdict.hpp"

namespace rowmq::torture {
namespace {

constexpr std::array<std::string_view, invariants> names = {
    "I1 at least once",    "I2 no phantom",    "I3 no resurrection", "I4 one live lease",  "I5 order in a group", "I8 deduplication",
    "I9 dead-letter at N", "I10 conservation", "I11 isolation",      "I12 honest answers", "I13 liveness",        "I14 bounded"};
// Enough to see it; a case of one message is seldom longer.
constexpr std::size_t lines_shown = 40;

}  // namespace

std::string_view name_of(Invariant invariant) { return names[static_cast<std::size_t>(invariant)]; }

void Verdict::add(Invariant broken, std::string sentence, std::vector<std::uint32_t> lines) {
    auto& kept = cases_[static_cast<std::size_t>(broken)];
    if (kept.count++ > 0 && kept.lines.size() <= lines.size()) return;
    kept.sentence = std::move(sentence);
    kept.lines = std::move(lines);
}

bool Verdict::holds() const {
    for (const auto& kept : cases_)
        if (kept.count > 0) return false;
    return true;
}

void Verdict::print(std::ostream& out, const Ledger& ledger) const {
    for (std::size_t i = 0; i < invariants; ++i) {
        const auto& kept = cases_[i];
        out << names[i] << ": ";
        if (!kept.judged) out << "not judged, the ledger does not end quiet and there is no dump\n";
        else out << kept.count << " violations\n";
        if (kept.count == 0) continue;
        out << "  " << kept.sentence << "\n";
        for (std::size_t n = 0; n < kept.lines.size() && n < lines_shown; ++n)
            out << "    " << ledger.line(ledger.operations[kept.lines[n]]) << "\n";
        if (kept.lines.size() > lines_shown) out << "    ... and " << kept.lines.size() - lines_shown << " more\n";
    }
}

}  // namespace rowmq::torture
