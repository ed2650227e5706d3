// An order and the message about it in one database transaction: both are there, or neither is, also after a crash.
//
//   orders_in_transaction [PATH]      the SQLite file (default: one in a temporary folder)
//
// The application's table `app_orders` lives in the broker's file. A transaction writes the order and publishes
// "order placed"; the shipping worker ships and says done in another one. There is no moment in which an order
// exists that nobody will ship, or a message about an order that does not exist.

#include <sqlite3.h>
#include <rowmq/blocking.hpp>

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <unistd.h>

using namespace std::chrono_literals;
using rowmq::Transaction;
using rowmq::blocking::Broker;

namespace {

/// Runs one statement with one number bound; the first column of its first row, or 0.
long long ask(sqlite3* database, const char* sql, long long bound) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(database));
    if (sqlite3_bind_parameter_count(statement) > 0) sqlite3_bind_int64(statement, 1, bound);
    const int stepped = sqlite3_step(statement);
    const long long value = stepped == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (stepped != SQLITE_ROW && stepped != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database));
    return value;
}

/// Takes one piece from stock and places the order; throws when there is none left.
rowmq::Result<rowmq::Receipt> place_order(Broker& broker, long long id) {
    return broker.transaction([id](Transaction& transaction) {
        ask(transaction.sqlite(), "INSERT INTO app_orders (id, shipped) VALUES (?, 0)", id);
        transaction.publish({.routing_key = "orders-placed", .message = rowmq::Message(std::to_string(id))});
        if (ask(transaction.sqlite(), "SELECT pieces FROM app_stock", 0) == 0) throw std::runtime_error("out of stock");
        transaction.execute("UPDATE app_stock SET pieces = pieces - 1");
    });
}

void ship(Broker& broker, const rowmq::Delivery& delivery) {
    const long long id = std::stoll(std::string(delivery.message.text()));
    broker
        .transaction([&](Transaction& transaction) {
            ask(transaction.sqlite(), "UPDATE app_orders SET shipped = 1 WHERE id = ?", id);
            transaction.settle({.lease = delivery.lease});
        })
        .value();
    std::printf("shipped order %lld\n", id);
}

long long count(Broker& broker, const char* sql) {
    long long found = 0;
    broker.transaction([&](Transaction& transaction) { found = ask(transaction.sqlite(), sql, 0); }).value();
    return found;
}

int check(bool holds, const char* what) {
    std::printf("%s %s\n", holds ? "ok    " : "WRONG ", what);
    return holds ? 0 : 1;
}

int run(const std::string& path) {
    auto broker = Broker::open("sqlite:" + path).value();
    broker.declare_queue("orders-placed").value();
    broker
        .transaction([](Transaction& transaction) {
            transaction.execute(
                "CREATE TABLE app_orders (id INTEGER PRIMARY KEY, shipped INTEGER NOT NULL);"
                "CREATE TABLE app_stock (pieces INTEGER NOT NULL);"
                "INSERT INTO app_stock VALUES (2);");
        })
        .value();

    int wrong = 0;
    for (long long id = 1; id <= 3; ++id) {
        const auto placed = place_order(broker, id);
        std::printf("order %lld: %s\n", id, placed ? "placed" : placed.error().text.c_str());
        wrong += check(placed.has_value() == (id <= 2), id <= 2 ? "there was one in stock" : "and refused as a whole");
    }
    wrong += check(count(broker, "SELECT count(*) FROM app_orders") == 2, "two orders are in the table");
    wrong += check(broker.queue("orders-placed").value().counts.sent == 2, "and two messages in the queue");

    auto session = broker.open_session().value();
    for (const auto& delivery : session.receive("orders-placed", {.max = 10, .wait = 1s}).value()) ship(broker, delivery);
    wrong += check(count(broker, "SELECT count(*) FROM app_orders WHERE shipped") == 2, "both orders are shipped");
    wrong += check(broker.queue("orders-placed").value().counts.done == 2, "and both messages done");
    return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto folder = std::filesystem::temp_directory_path() / ("rowmq-orders-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    int exit = 1;
    try {
        exit = run(argc > 1 ? argv[1] : (folder / "orders.db").string());
    } catch (const rowmq::ErrorException& error) {
        std::fprintf(stderr, "%s: %s\n", std::string(name_of(error.error().code)).c_str(), error.what());
    }
    std::filesystem::remove_all(folder);
    return exit;
}
