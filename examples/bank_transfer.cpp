// Money that moves by messages, and is never lost and never doubled, whenever the program is killed.
//
//   bank_transfer [PATH [TRANSFERS]]      the SQLite file (default: one in a temporary folder), how many new ones (100)
//
// The accounts are the application's own table, in the broker's file. A transfer has two steps, each one transaction:
//   1. take the money from one account, and publish the message that carries it;
//   2. give the money to the other account, and settle that message.
// Killed within a step, the step has not happened. Killed between them, the money is in the queue, and the next run
// delivers it. `kill -9` it as often as you like (test/examples/bank_transfer_test.py does): the sum stays.

#include <sqlite3.h>
#include <rowmq/blocking.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

using namespace std::chrono_literals;
using rowmq::Transaction;
using rowmq::blocking::Broker;
using rowmq::blocking::Session;

namespace {

constexpr long long accounts = 10;
constexpr long long pence_each = 1'000;

/// Runs one statement with numbers bound; the first column of its first row, or 0.
long long sql(Transaction& transaction, const char* text, std::initializer_list<long long> numbers = {}) {
    sqlite3* database = transaction.sqlite();
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, text, -1, &statement, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(database));
    int place = 0;
    for (const long long number : numbers) sqlite3_bind_int64(statement, ++place, number);
    const int stepped = sqlite3_step(statement);
    const long long value = stepped == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (stepped != SQLITE_ROW && stepped != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database));
    return value;
}

long long ask(Broker& broker, const char* text) {
    long long answer = 0;
    broker.transaction([&](Transaction& transaction) { answer = sql(transaction, text); }).value();
    return answer;
}

/// The tables, and the money in them, unless an earlier run has made them.
void open_bank(Broker& broker) {
    broker.declare_queue("transfers").value();
    broker
        .transaction([](Transaction& transaction) {
            transaction.execute(
                "CREATE TABLE IF NOT EXISTS app_accounts (id INTEGER PRIMARY KEY, pence INTEGER NOT NULL CHECK (pence >= 0));"
                "CREATE TABLE IF NOT EXISTS app_transfers (id INTEGER PRIMARY KEY, source INTEGER, target INTEGER, pence INTEGER);"
                // What arrived, as often as it did: nothing here hides a transfer that is credited twice.
                "CREATE TABLE IF NOT EXISTS app_arrivals (transfer INTEGER);");
            for (long long id = 1; id <= accounts; ++id) {
                sql(transaction, "INSERT OR IGNORE INTO app_accounts VALUES (?, ?)", {id, pence_each});
            }
        })
        .value();
}

/// Step 1. False when the account has not enough: nothing has happened then.
bool send(Broker& broker, long long source, long long target, long long pence) {
    const auto sent = broker.transaction([=](Transaction& transaction) {
        sql(transaction, "UPDATE app_accounts SET pence = pence - ? WHERE id = ?", {pence, source});
        sql(transaction, "INSERT INTO app_transfers (source, target, pence) VALUES (?, ?, ?)", {source, target, pence});
        const long long id = sql(transaction, "SELECT last_insert_rowid()");
        transaction.publish({.routing_key = "transfers", .message = rowmq::Message(std::to_string(id))});
    });
    if (!sent && sent.error().code != rowmq::Errc::transaction_failed) throw rowmq::ErrorException(sent.error());
    return sent.has_value();
}

/// Step 2. Where it fails, nothing has happened, and the message goes back to the queue.
void credit(Broker& broker, Session& session, const rowmq::Delivery& delivery) {
    const long long id = std::stoll(std::string(delivery.message.text()));
    const auto credited = broker.transaction([&](Transaction& transaction) {
        sql(transaction,
            "UPDATE app_accounts SET pence = pence + (SELECT pence FROM app_transfers WHERE id = ?1)"
            " WHERE id = (SELECT target FROM app_transfers WHERE id = ?1)",
            {id});
        sql(transaction, "INSERT INTO app_arrivals VALUES (?)", {id});
        transaction.settle({.lease = delivery.lease});
    });
    if (!credited) session.settle(delivery.lease, rowmq::Verdict::release, 0ms).value();
}

bool in_flight(Broker& broker) {
    const auto counts = broker.queue("transfers").value().counts;
    return counts.ready + counts.delayed + counts.leased > 0;
}

int run(const std::string& path, long long transfers) {
    auto broker = Broker::open("sqlite:" + path).value();
    open_bank(broker);
    std::printf("the bank is open; %lld transfers are under way from before\n",
                static_cast<long long>(broker.queue("transfers").value().counts.ready));
    std::fflush(stdout);

    std::jthread clerk([&](std::stop_token stop) {
        auto session = broker.open_session().value();
        while (!stop.stop_requested() || in_flight(broker)) {
            for (const auto& transfer : session.receive("transfers", {.max = 10, .wait = 20ms}).value()) credit(broker, session, transfer);
        }
    });
    long long refused = 0;
    const long long made = ask(broker, "SELECT count(*) FROM app_transfers");
    for (long long i = made; i < made + transfers; ++i) {
        const long long source = 1 + i * 7 % accounts;
        if (!send(broker, source, 1 + (source + i) % accounts, 1 + i * 13 % 400)) ++refused;
    }
    clerk.request_stop();
    clerk.join();

    const long long sum = ask(broker, "SELECT sum(pence) FROM app_accounts");
    const long long lost = ask(broker, "SELECT (SELECT count(*) FROM app_transfers) - (SELECT count(*) FROM app_arrivals)");
    std::printf("%lld transfers made, %lld refused; %lld did not arrive; %lld pence in the bank\n", transfers - refused, refused, lost,
                sum);
    return sum == accounts * pence_each && lost == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto folder = std::filesystem::temp_directory_path() / ("rowmq-bank-" + std::to_string(::getpid()));
    if (argc < 2) std::filesystem::create_directories(folder);
    int exit = 1;
    try {
        exit = run(argc > 1 ? argv[1] : (folder / "bank.db").string(), argc > 2 ? std::atoll(argv[2]) : 100);
    } catch (const rowmq::ErrorException& error) {
        std::fprintf(stderr, "%s: %s\n", std::string(name_of(error.error().code)).c_str(), error.what());
    }
    std::filesystem::remove_all(folder);
    return exit;
}
