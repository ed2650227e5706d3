#include "test/conformance/postgres_spike/statements.hpp"

#include <fstream>
#include <stdexcept>

namespace rowmq::conformance::postgres_spike {

const std::map<std::string, std::string>& statements() {
    static const std::map<std::string, std::string> all = [] {
        std::ifstream file(ROWMQ_SPIKE_SQL);
        if (!file) throw std::runtime_error("cannot read " ROWMQ_SPIKE_SQL);
        std::map<std::string, std::string> result;
        std::string name;
        for (std::string line; std::getline(file, line);) {
            if (line.starts_with("-- name: ")) name = line.substr(9);
            else if (!line.starts_with("--")) result[name] += line + "\n";
        }
        return result;
    }();
    return all;
}

}  // namespace rowmq::conformance::postgres_spike
