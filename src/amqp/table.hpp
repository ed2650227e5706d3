#pragma once
// Field tables: RabbitMQ's grammar, which differs from the specification's (b is a signed byte, s a signed 16 bit number,
// I one of 32 bits, l and L ones of 64).
//
// What a HeaderValue's alternative does not say its tag keeps: the letter, where it is not the one the alternative is
// written with (t l d S x T A F V). A long string that is not UTF-8 becomes Binary with the tag "S"; a decimal becomes a
// double with the tag "D:SCALE:UNSCALED"; a time that milliseconds cannot hold becomes a number with the tag "T".

#include <cstddef>

#include "rowmq/message.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace rowmq::amqp {

/// Of one table with all in it, received. What is kept of short fields is much larger than they are, so there are only as many as
/// this memory holds.
struct TableLimits {
    std::size_t depth = 16;           ///< of tables and lists in each other
    std::size_t memory = 64 * 1024;   ///< bytes, and for
    std::size_t memory_per_byte = 4;  ///< each byte of the table so many
};

/// Fails `reader` when it is no table or beyond the limits. Later fields of a name come behind earlier ones.
HeaderTable read_table(wire::Reader& reader, TableLimits limits = {});
void write_table(wire::Writer& writer, const HeaderTable& table);

/// Bytes of memory that hold what is in it.
std::size_t memory_of(const HeaderTable& table) noexcept;

/// The last of that name, or null.
const HeaderValue* find(const HeaderTable& table, std::string_view name) noexcept;

/// What RabbitMQ calls its type in errors: "longstr", "signedint".
std::string_view type_name(const HeaderValue& value) noexcept;

}  // namespace rowmq::amqp
