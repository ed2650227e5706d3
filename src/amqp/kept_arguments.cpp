#include "amqp/kept_arguments.hpp"

#include <algorithm>

#include "amqp/table.hpp"
#include "base/base64.hpp"

namespace rowmq::amqp {

std::string kept_tables(const std::vector<HeaderTable>& tables) {
    std::string bytes;
    wire::Writer writer(bytes);
    for (const HeaderTable& table : tables) write_table(writer, table);
    return base64_encode(bytes);
}

std::vector<HeaderTable> tables_kept_in(std::string_view text) {
    std::vector<HeaderTable> tables;
    const auto bytes = base64_decode(text);
    wire::Reader reader(bytes ? std::string_view(*bytes) : std::string_view());
    while (reader.left() > 0) {
        // They were within limits when they came.
        HeaderTable table = read_table(reader, {.depth = 64, .memory_per_byte = 256});
        if (reader.failed()) break;
        tables.push_back(std::move(table));
    }
    return tables;
}

HeaderTable sorted(HeaderTable table) {
    std::stable_sort(table.begin(), table.end(), [](const Header& a, const Header& b) { return a.name < b.name; });
    return table;
}

}  // namespace rowmq::amqp
