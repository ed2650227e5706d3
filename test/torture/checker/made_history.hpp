#pragma once
// A small ledger, written by a test: operations one second apart, each of 10 ms, on the queue q of one client.

#include <map>
#include <stdexcept>

#include "test/torture/checker/check.hpp"

namespace rowmq::torture {

class Made final {
public:
    explicit Made(const std::string& rules = "kind=standard") { add("queue q ok " + rules); }

    Made& add(const std::string& rest) { return took(10, rest); }
    Made& took(std::int64_t millis, const std::string& rest) {
        now_ += 1'000;
        write(now_, now_ + millis, rest);
        now_ = std::max(now_, now_ + millis - 10);
        return *this;
    }
    /// Invoked so long after the last one was, and returned after it.
    Made& at(std::int64_t millis, const std::string& rest) {
        write(now_ + millis, std::max(now_ + millis, now_) + 20, rest);
        return *this;
    }
    Made& wait(std::int64_t millis) {
        now_ += millis;
        return *this;
    }
    Made& send(const std::string& name, const std::string& outcome = "ok", const std::string& detail = "") {
        return add("send " + name + " " + outcome + " q=q" + blank(detail));
    }
    Made& receive(const std::string& name, const std::string& detail = "", const std::string& queue = "q") {
        const bool leased = detail.find("ms=") != std::string::npos;
        add("receive " + name + " ok q=" + queue + (leased ? "" : " ms=500") + blank(detail));
        newest_[name] = last();
        return *this;
    }
    Made& receive_both(const std::string& first, const std::string& second) {
        add("receive " + first + " ok q=q ms=500");
        write(now_, now_ + 10, "receive " + second + " ok q=q ms=500");
        return *this;
    }
    Made& erase(const std::string& name, const std::string& outcome = "ok") {
        const auto grant = newest_.find(name);
        return add("delete " + name + " " + outcome + " q=q" + (grant == newest_.end() ? "" : " grant=" + grant->second));
    }
    Made& kill() { return add("kill - ok"); }
    Made& quiet() { return add("quiet - ok"); }
    /// The store holds it ("-": it holds nothing).
    Made& stored(const std::string& queue, const std::string& name) {
        auto& messages = stored_[queue];
        if (name != "-") messages.push_back(name);
        return *this;
    }
    Made& dump(const std::string& text) {
        dump_ = text;
        return *this;
    }
    std::string last() const { return std::to_string(number_); }

    Verdict judge() {
        Ledger ledger;
        Dump dump;
        const auto stored = told();
        auto wrong = ledger.parse(text_);
        if (wrong.empty() && has_dump()) wrong = parse_dump(stored, ledger, dump);
        if (!wrong.empty()) throw std::runtime_error(wrong);
        return check(History(ledger), has_dump() ? &dump : nullptr);
    }
    /// "I1 I4": what does not hold.
    std::string broken() {
        const auto verdict = judge();
        std::string text;
        for (std::size_t i = 0; i < invariants; ++i) {
            const auto invariant = static_cast<Invariant>(i);
            const auto name = std::string(name_of(invariant));
            if (verdict.count(invariant) > 0) text += blank(name.substr(0, name.find(' ')));
        }
        return text.empty() ? text : text.substr(1);
    }

private:
    static std::string blank(const std::string& detail) { return detail.empty() ? "" : " " + detail; }
    bool has_dump() const { return !stored_.empty() || !dump_.empty(); }
    std::string told() const {
        std::string text = "# rowmq dump 1\n" + dump_;
        for (const auto& [queue, messages] : stored_) {
            text += "queue " + queue + " sent=" + std::to_string(messages.size()) + "\n";
            for (const auto& name : messages) text += "message " + queue + " " + name + " ready 0\n";
        }
        return text;
    }
    void write(std::int64_t from, std::int64_t to, const std::string& rest) {
        text_ += std::to_string(++number_) + " " + std::to_string(from * ms) + " " + std::to_string(to * ms) + " c " + rest + "\n";
    }

    std::string text_ = "# rowmq ledger 1\n", dump_;
    std::map<std::string, std::vector<std::string>> stored_;
    std::map<std::string, std::string> newest_;
    std::int64_t now_ = 0;
    int number_ = 0;
};

}  // namespace rowmq::torture
