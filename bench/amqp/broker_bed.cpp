#include "broker_bed.hpp"

#include <fmt/format.h>

namespace rowmq::bench {

Words::Words(int count, char** words) {
    for (int i = 0; i < count; ++i) {
        const std::string word = words[i];
        const auto at = word.find('=');
        if (at == std::string::npos) throw std::runtime_error(fmt::format("'{}' is no name=value", word));
        values_[word.substr(0, at)] = word.substr(at + 1);
    }
}

std::string Words::text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
}

double Words::number(const std::string& name, double otherwise) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    std::size_t read = 0;
    double value = 0;
    try {
        value = std::stod(found->second, &read);
    } catch (const std::exception&) {
        read = 0;
    }
    if (read == 0 || read != found->second.size() || value < 0)
        throw std::runtime_error(fmt::format("{}={} is no number of 0 or more", name, found->second));
    return value;
}

std::size_t Words::count(const std::string& name, std::size_t otherwise) const {
    return static_cast<std::size_t>(number(name, static_cast<double>(otherwise)));
}

int Words::port() const { return static_cast<int>(number("port", 0)); }

AmqpBed::AmqpBed(const Words& words) : words_(words), name_(words.text("name", "bench")), peer_(words.port()) {}

const std::vector<std::string>& AmqpBed::queues(std::size_t count) {
    amqp::QueueDeclare declare;
    declare.durable = true;
    if (const std::string type = words_.text("type", ""); !type.empty()) declare.arguments.push_back({"x-queue-type", {type, {}}});
    if (const std::size_t priorities = words_.count("priorities", 0); priorities > 0)
        declare.arguments.push_back({"x-max-priority", {static_cast<std::int64_t>(priorities - 1), {}}});
    for (std::size_t i = 0; i < count; ++i) {
        declare.queue = fmt::format("{}-{}", name_, i);
        peer_.ask(declare, amqp::QueueDeclareOk::id);
        names_.push_back(declare.queue);
    }
    return names_;
}

void AmqpBed::transient_queue() {
    amqp::QueueDeclare declare;
    declare.queue = name_ + "-requests";
    peer_.ask(declare, amqp::QueueDeclareOk::id);
    names_.push_back(declare.queue);
}

void AmqpBed::exchange(const std::string& type, const HeaderTable& arguments) {
    exchange_ = name_ + "-exchange";
    amqp::ExchangeDeclare declare;
    declare.exchange = exchange_;
    declare.type = type;
    declare.durable = true;
    declare.arguments = arguments;
    peer_.ask(declare, {40, 11});
}

void AmqpBed::bind(const std::string& queue, const std::string& key) {
    amqp::QueueBind bind;
    bind.queue = queue;
    bind.exchange = exchange_;
    bind.routing_key = key;
    peer_.ask(bind, {50, 21});
}

void AmqpBed::remove_all() {
    for (const std::string& queue : names_) {
        amqp::QueueDelete remove;
        remove.queue = queue;
        peer_.ask(remove, amqp::QueueDeleteOk::id);
    }
    if (exchange_.empty()) return;
    amqp::ExchangeDelete remove;
    remove.exchange = exchange_;
    peer_.ask(remove, {40, 21});
}

}  // namespace rowmq::bench
