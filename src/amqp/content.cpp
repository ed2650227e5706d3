#include "amqp/content.hpp"

#include "amqp/table.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace rowmq::amqp {
namespace {

/// The properties in the order of their flags, from bit 15 down.
void layout(auto& properties, auto& wire) {
    wire.text(properties.content_type);
    wire.text(properties.content_encoding);
    wire.table(properties.headers);
    wire.octet(properties.delivery_mode);
    wire.octet(properties.priority);
    wire.text(properties.correlation_id);
    wire.text(properties.reply_to);
    wire.text(properties.expiration);
    wire.text(properties.message_id);
    wire.number64(properties.timestamp);
    wire.text(properties.type);
    wire.text(properties.user_id);
    wire.text(properties.app_id);
    wire.text(properties.cluster_id);
}

constexpr unsigned first_flag = 1u << 15u, known_flags = 0xfffcu;

class PropertyReader {
public:
    PropertyReader(wire::Reader& reader, unsigned flags) : reader_(reader), flags_(flags) {}
    void text(std::optional<std::string>& to) {
        if (next()) to = reader_.text8();
    }
    void table(std::optional<HeaderTable>& to) {
        if (next()) to = read_table(reader_);
    }
    void octet(std::optional<std::uint8_t>& to) {
        if (next()) to = reader_.u8();
    }
    void number64(std::optional<std::uint64_t>& to) {
        if (next()) to = reader_.u64();
    }

private:
    bool next() {
        const bool there = (flags_ & first_flag) != 0;
        flags_ <<= 1u;
        return there;
    }
    wire::Reader& reader_;
    unsigned flags_;
};

/// Writes what is there, and says what was.
class PropertyWriter {
public:
    explicit PropertyWriter(wire::Writer& writer) : writer_(writer) {}
    void text(const std::optional<std::string>& value) {
        if (next(value.has_value())) writer_.text8(*value);
    }
    void table(const std::optional<HeaderTable>& value) {
        if (next(value.has_value())) write_table(writer_, *value);
    }
    void octet(const std::optional<std::uint8_t>& value) {
        if (next(value.has_value())) writer_.u8(*value);
    }
    void number64(const std::optional<std::uint64_t>& value) {
        if (next(value.has_value())) writer_.u64(*value);
    }
    std::uint16_t flags() const { return static_cast<std::uint16_t>(flags_); }

private:
    bool next(bool there) {
        if (there) flags_ |= bit_;
        bit_ >>= 1u;
        return there;
    }
    wire::Writer& writer_;
    unsigned flags_ = 0, bit_ = first_flag;
};

}  // namespace

std::optional<ContentHeader> read_content_header(std::string_view payload) {
    wire::Reader reader(payload);
    ContentHeader header;
    header.klass = reader.u16();
    reader.u16();  // the weight, which was never used
    header.body_bytes = reader.u64();
    const unsigned flags = reader.u16();
    if ((flags & ~known_flags) != 0) return std::nullopt;  // more flags would follow, for properties that do not exist
    PropertyReader fields(reader, flags);
    layout(header.properties, fields);
    if (!reader.ended()) return std::nullopt;
    return header;
}

void write_content_header(std::string& out, const ContentHeader& header) {
    wire::Writer writer(out);
    writer.u16(header.klass);
    writer.u16(0);
    writer.u64(header.body_bytes);
    const auto flags_at = out.size();
    writer.u16(0);
    PropertyWriter fields(writer);
    layout(header.properties, fields);
    out[flags_at] = static_cast<char>(fields.flags() >> 8u);
    out[flags_at + 1] = static_cast<char>(fields.flags() & 0xffu);
}

}  // namespace rowmq::amqp
