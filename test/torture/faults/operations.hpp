#pragma once
// The twelve operations a fault is put into, each on the same prepared store.

#include <span>

#include "test/torture/power/author.hpp"

namespace rowmq::torture {

/// One opened store and what was taken from it beforehand.
struct Scene {
    BrokerOnDisk& running;
    std::vector<Delivery> held;

    std::vector<Delivery> receive(const std::string& queue, std::size_t max);
};

struct Operation {
    std::string_view name;
    /// Before the fault: takes what the operation needs; what that changes is written into what is owed.
    void (*attend)(Scene&, Owed&);
    /// None: it was done.
    std::optional<Error> (*act)(Scene&);
    /// Of the operation, when it was done.
    void (*effect)(const Scene&, Owed&);
};

std::span<const Operation> operations();

struct PreparedStore {
    test::FileImage files;
    Owed owed;
};
/// Queues with messages, a dead-letter queue, an exchange with three queues.
PreparedStore prepared_store();

}  // namespace rowmq::torture
