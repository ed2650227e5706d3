#include "amqp/table.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/utf8.hpp"

namespace rowmq::amqp {
namespace {

constexpr std::int64_t most_seconds = std::numeric_limits<std::int64_t>::max() / 1'000;

const std::size_t within_a_string = std::string().capacity();
constexpr std::size_t longest_decimal = 32;  // the memory of its tag, "D:SCALE:UNSCALED", while that grows

/// What a text of so many bytes takes beside its string.
std::size_t beside(std::size_t bytes) noexcept { return bytes > within_a_string ? bytes + 1 : 0; }

std::size_t memory_beside(const HeaderValue& value) noexcept {
    std::size_t memory = beside(value.tag.size());
    if (const auto* text = std::get_if<std::string>(&value.value)) memory += beside(text->size());
    if (const auto* binary = std::get_if<Binary>(&value.value)) memory += beside(binary->bytes.size());
    if (const auto* table = std::get_if<HeaderTable>(&value.value)) memory += memory_of(*table);
    if (const auto* list = std::get_if<HeaderList>(&value.value)) {
        memory += list->size() * sizeof(HeaderValue);
        for (const HeaderValue& one : *list) memory += memory_beside(one);
    }
    return memory;
}

/// Passes over one value; false when there is no such type.
bool skip(wire::Reader& reader) {
    switch (static_cast<char>(reader.u8())) {
        case 't':
        case 'b':
        case 'B': reader.take(1); return true;
        case 's':
        case 'u': reader.take(2); return true;
        case 'I':
        case 'i':
        case 'f': reader.take(4); return true;
        case 'D': reader.take(5); return true;
        case 'l':
        case 'L':
        case 'd':
        case 'T': reader.take(8); return true;
        case 'S':
        case 'x':
        case 'A':
        case 'F': reader.text32(); return true;
        case 'V': return true;
        default: return false;
    }
}

class TableReader {
public:
    TableReader(wire::Reader& reader, TableLimits limits) : reader_(reader), limits_(limits) {}

    HeaderTable whole() {
        wire::Reader ahead = reader_;
        memory_left_ = limits_.memory + limits_.memory_per_byte * ahead.text32().size();
        return table(1);
    }

private:
    HeaderTable table(std::size_t depth) {
        HeaderTable out;
        wire::Reader inside(reader_.text32());
        if (reader_.failed()) return out;
        std::swap(inside, reader_);
        reserve(out, true);
        while (reader_.left() > 0) {
            std::string name = keep(reader_.text8());
            HeaderValue read = value(depth);
            if (reader_.failed()) break;
            out.push_back({std::move(name), std::move(read)});
        }
        leave(inside);
        return out;
    }

    // Counted first, so that nothing grows by copying; too many are refused before any is kept.
    template <typename Several>
    void reserve(Several& out, bool named) {
        const std::size_t most = memory_left_ / sizeof(typename Several::value_type);
        std::size_t count = 0;
        for (wire::Reader ahead = reader_; ahead.left() > 0; ++count) {
            if (named) ahead.text8();
            if (!skip(ahead) || ahead.failed() || count == most) return reader_.fail();
        }
        memory_left_ -= count * sizeof(typename Several::value_type);
        out.reserve(count);
    }

    bool takes(std::size_t memory) {
        if (memory > memory_left_) {
            reader_.fail();
            return false;
        }
        memory_left_ -= memory;
        return true;
    }
    std::string keep(std::string_view bytes) { return takes(beside(bytes.size())) ? std::string(bytes) : std::string(); }

    // Back to what is around the table or list; what was wrong inside is wrong with the whole.
    void leave(wire::Reader& around) {
        const bool failed = reader_.failed();
        reader_ = around;
        if (failed) reader_.fail();
    }

    HeaderList list(std::size_t depth) {
        HeaderList out;
        wire::Reader inside(reader_.text32());
        if (reader_.failed()) return out;
        std::swap(inside, reader_);
        reserve(out, false);
        while (reader_.left() > 0) {
            HeaderValue read = value(depth);
            if (reader_.failed()) break;
            out.push_back(std::move(read));
        }
        leave(inside);
        return out;
    }

    static HeaderValue number(std::int64_t value, char letter) { return {value, letter == 'l' ? std::string() : std::string(1, letter)}; }

    HeaderValue value(std::size_t depth) {
        if (depth > limits_.depth) {
            reader_.fail();
            return {};
        }
        const auto letter = static_cast<char>(reader_.u8());
        switch (letter) {
            case 't': return {reader_.u8() != 0, {}};
            case 'b': return number(static_cast<std::int8_t>(reader_.u8()), letter);
            case 'B': return number(reader_.u8(), letter);
            case 's': return number(static_cast<std::int16_t>(reader_.u16()), letter);
            case 'u': return number(reader_.u16(), letter);
            case 'I': return number(static_cast<std::int32_t>(reader_.u32()), letter);
            case 'i': return number(reader_.u32(), letter);
            case 'l':
            case 'L': return number(static_cast<std::int64_t>(reader_.u64()), letter);
            case 'f': return {static_cast<double>(reader_.f32()), "f"};
            case 'd': return {reader_.f64(), {}};
            case 'D': return decimal();
            case 'S': return text();
            case 'A': return {list(depth + 1), {}};
            case 'T': return time();
            case 'F': return {table(depth + 1), {}};
            case 'V': return {nullptr, {}};
            case 'x': return {Binary{keep(reader_.text32())}, {}};
            default: reader_.fail(); return {};
        }
    }

    HeaderValue decimal() {
        const int scale = reader_.u8();
        const auto unscaled = static_cast<std::int32_t>(reader_.u32());
        if (!takes(longest_decimal)) return {};
        return {unscaled / std::pow(10.0, scale), "D:" + std::to_string(scale) + ":" + std::to_string(unscaled)};
    }

    HeaderValue text() {
        const std::string_view bytes = reader_.text32();
        if (is_utf8(bytes)) return {keep(bytes), {}};
        return {Binary{keep(bytes)}, "S"};
    }

    HeaderValue time() {
        const auto seconds = static_cast<std::int64_t>(reader_.u64());
        if (seconds < 0 || seconds > most_seconds) return number(seconds, 'T');
        return {WallTime(std::chrono::seconds(seconds)), {}};
    }

    wire::Reader& reader_;
    const TableLimits limits_;
    std::size_t memory_left_ = 0;
};

class TableWriter {
public:
    explicit TableWriter(wire::Writer& writer) : writer_(writer) {}

    void table(const HeaderTable& table) {
        const auto length = writer_.reserve32();
        for (const auto& [name, read] : table) {
            if (name.size() > 255) continue;  // no client can be told of it
            writer_.text8(name);
            value(read);
        }
        writer_.fill32(length);
    }

private:
    void value(const HeaderValue& value) {
        std::visit([&](const auto& held) { put(held, value.tag); }, value.value);
    }
    void letter(char type) { writer_.u8(static_cast<std::uint8_t>(type)); }

    void put(std::nullptr_t, const std::string&) { letter('V'); }
    void put(bool flag, const std::string&) {
        letter('t');
        writer_.u8(flag ? 1 : 0);
    }
    void put(std::int64_t number, const std::string& tag) {
        const char type = tag.size() == 1 && std::string_view("bBsuIiLT").find(tag[0]) != std::string_view::npos ? tag[0] : 'l';
        letter(type);
        switch (type) {
            case 'b':
            case 'B': writer_.u8(static_cast<std::uint8_t>(number)); break;
            case 's':
            case 'u': writer_.u16(static_cast<std::uint16_t>(number)); break;
            case 'I':
            case 'i': writer_.u32(static_cast<std::uint32_t>(number)); break;
            default: writer_.u64(static_cast<std::uint64_t>(number));
        }
    }
    void put(double number, const std::string& tag) {
        if (tag == "f") {
            letter('f');
            writer_.f32(static_cast<float>(number));
        } else if (!decimal(tag)) {
            letter('d');
            writer_.f64(number);
        }
    }
    bool decimal(const std::string& tag) {
        if (!tag.starts_with("D:")) return false;
        unsigned scale = 0;
        std::int32_t unscaled = 0;
        const char* const end = tag.data() + tag.size();
        const auto first = std::from_chars(tag.data() + 2, end, scale);
        if (first.ec != std::errc() || scale > 255 || first.ptr == end || *first.ptr != ':') return false;
        const auto second = std::from_chars(first.ptr + 1, end, unscaled);
        if (second.ec != std::errc() || second.ptr != end) return false;
        letter('D');
        writer_.u8(static_cast<std::uint8_t>(scale));
        writer_.u32(static_cast<std::uint32_t>(unscaled));
        return true;
    }
    void put(const std::string& text, const std::string&) {
        letter('S');
        writer_.text32(text);
    }
    void put(const Binary& binary, const std::string& tag) {
        letter(tag == "S" ? 'S' : 'x');
        writer_.text32(binary.bytes);
    }
    void put(WallTime time, const std::string&) {
        letter('T');
        writer_.u64(static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()));
    }
    void put(const HeaderList& list, const std::string&) {
        letter('A');
        const auto length = writer_.reserve32();
        for (const auto& item : list) value(item);
        writer_.fill32(length);
    }
    void put(const HeaderTable& inner, const std::string&) {
        letter('F');
        table(inner);
    }

    wire::Writer& writer_;
};

}  // namespace

HeaderTable read_table(wire::Reader& reader, TableLimits limits) { return TableReader(reader, limits).whole(); }

void write_table(wire::Writer& writer, const HeaderTable& table) { TableWriter(writer).table(table); }

std::string_view type_name(const HeaderValue& value) noexcept {
    const char letter = value.tag.empty() ? '\0' : value.tag[0];
    switch (value.value.index()) {
        case 0: return "void";
        case 1: return "bool";
        case 2:
            switch (letter) {
                case 'b': return "byte";
                case 'B': return "unsignedbyte";
                case 's': return "short";
                case 'u': return "unsignedshort";
                case 'I': return "signedint";
                case 'i': return "unsignedint";
                case 'T': return "timestamp";
                default: return "long";
            }
        case 3: return letter == 'f' ? "float" : letter == 'D' ? "decimal" : "double";
        case 4: return "longstr";
        case 5: return letter == 'S' ? "longstr" : "binary";
        case 6: return "timestamp";
        case 7: return "array";
        default: return "table";
    }
}

std::size_t memory_of(const HeaderTable& table) noexcept {
    std::size_t memory = table.size() * sizeof(Header);
    for (const Header& one : table) memory += beside(one.name.size()) + memory_beside(one.value);
    return memory;
}

const HeaderValue* find(const HeaderTable& table, std::string_view name) noexcept {
    const HeaderValue* found = nullptr;
    for (const auto& header : table)
        if (header.name == name) found = &header.value;
    return found;
}

}  // namespace rowmq::amqp
