#pragma once
// What one run is told (name=value words), and the queues and exchanges it makes for itself and takes away again.

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "peer.hpp"

namespace rowmq::bench {

class Words final {
public:
    /// Errors: a word that is no name=value.
    Words(int count, char** words);
    std::string text(const std::string& name, const std::string& otherwise) const;
    /// Errors: it is no number.
    double number(const std::string& name, double otherwise) const;
    std::size_t count(const std::string& name, std::size_t otherwise) const;
    int port() const;

private:
    std::map<std::string, std::string> values_;
};

class AmqpBed final {
public:
    explicit AmqpBed(const Words& words);
    /// Declares `count` durable queues of the type and arguments the words ask for; returns their names.
    const std::vector<std::string>& queues(std::size_t count);
    void exchange(const std::string& type, const HeaderTable& arguments = {});
    void bind(const std::string& queue, const std::string& key);
    void transient_queue();
    void remove_all();
    const std::string& exchange_name() const noexcept { return exchange_; }
    const std::vector<std::string>& names() const noexcept { return names_; }

private:
    const Words& words_;
    std::string name_, exchange_;
    std::vector<std::string> names_;
    Peer peer_;
};

}  // namespace rowmq::bench
