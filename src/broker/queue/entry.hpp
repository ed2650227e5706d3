#pragma once
// An entry as the broker holds it: its row, and the message where it is at hand.

#include "storage/rows.hpp"

namespace rowmq {

/// Where the rows of a message with one entry stand in the batch of its commit.
struct RowPlace {
    Ticket ticket{};  ///< Ticket{}: its commit has returned
    std::uint32_t entry = 0, message = 0;
};

struct Entry {
    storage::EntryRow row;
    Message message;         ///< body null: not held, read by id when needed
    std::string properties;  ///< as stored, not decoded yet (read from a page)
    WallTime published_at{};
    WallTime first_received_at{};  ///< in this process; zero: never
    std::uint32_t last_lease = 0;  ///< Lease::number of its last lease in this process; 0: none
    bool count_behind = false;     ///< its row does not yet count all receives
    bool awaited = false;          ///< it expires as it comes, but was stored while somebody waited for it

    /// When it expires. One that is awaited stays a moment longer than its row says, lest whoever waited has gone.
    std::optional<WallTime> expires_at() const {
        constexpr std::chrono::seconds moment{5};
        return row.expires_at && awaited ? std::optional(*row.expires_at + moment) : row.expires_at;
    }
    bool is_expired(WallTime now) const {
        const auto when = expires_at();
        return when && *when <= now;
    }
    Sequence sequence() const noexcept { return row.key.sequence; }
    bool is_remembered() const noexcept { return count_behind || last_lease != 0; }  ///< its row says less
    bool has_body() const noexcept { return message.body != nullptr; }
    std::size_t held_bytes() const noexcept { return message.body ? message.body->size() : 0; }
    /// Whether the message's own routing key and priority can be told.
    bool has_properties() const noexcept { return has_body() || message.properties || !properties.empty(); }
    void drop_body(bool keep_properties) {
        message.body.reset();
        properties = {};
        if (!keep_properties) message.properties.reset();
        else if (!message.properties) message.properties = std::make_shared<const Properties>();
    }
};

}  // namespace rowmq
