#pragma once
// What was measured, beside the bar it is held against, as a markdown table and as JSON.

#include <optional>
#include <string>
#include <vector>

namespace rowmq::bench {

struct Figure {
    std::string name;  ///< "flow, 1 KiB, 1 queue, strict off"
    std::string unit;  ///< "msg/s", "ms", "MiB"
    double value = 0;
    std::optional<double> raw;    ///< the baseline, in the same unit
    std::optional<double> ratio;  ///< where the bar is one; else value and bar compare
    std::optional<double> bar;
    bool at_least = true;  ///< else: at most
    std::string note;      ///< conditions of this figure alone

    bool held() const;
};

class Report final {
public:
    void add(Figure figure);
    bool empty() const { return figures_.empty(); }
    bool all_held() const;
    std::string markdown() const;
    std::string json() const;

private:
    std::vector<Figure> figures_;
};

/// Lines about the machine and the build: processor, kernel, file system of `directory`, fdatasync, load, versions.
std::vector<std::pair<std::string, std::string>> conditions(const std::string& directory);

}  // namespace rowmq::bench
