#include "broker/notes.hpp"

#include <algorithm>

#include "broker/json_text.hpp"
#include "rowmq/error.hpp"

namespace rowmq {

std::string_view name_of(DeadLetterRecord::Reason reason) noexcept {
    switch (reason) {
        case DeadLetterRecord::Reason::max_receives: return "max_receives";
        case DeadLetterRecord::Reason::rejected: return "rejected";
        case DeadLetterRecord::Reason::expired: return "expired";
        case DeadLetterRecord::Reason::max_length: return "max_length";
    }
    return "unknown";
}

namespace {

DeadLetterRecord::Reason reason_named(std::string_view name) {
    using Reason = DeadLetterRecord::Reason;
    for (const auto reason : {Reason::max_receives, Reason::rejected, Reason::expired, Reason::max_length})
        if (name == name_of(reason)) return reason;
    throw Failure("stored notes name no known reason: " + std::string(name));
}

void write(std::string& out, const Route& route) {
    json_text::ObjectWriter object(out);
    object.text("exchange", route.exchange);
    object.text("routing_key", route.routing_key);
    object.close();
}

Route read_route(const boost::json::value& json) {
    const auto& o = json.as_object();
    return {json_text::text_of(o.at("exchange")), json_text::text_of(o.at("routing_key"))};
}

}  // namespace

std::shared_ptr<const std::string> encode(const Notes& notes) {
    if (notes.dead_letters.empty() && notes.note.empty() && !notes.came_by) return nullptr;
    std::string out;
    json_text::ObjectWriter whole(out);
    if (notes.came_by) write(whole.key("came_by"), *notes.came_by);
    if (!notes.note.empty()) whole.text("note", notes.note);
    if (!notes.dead_letters.empty()) whole.key("dead_letters") += '[';
    for (const DeadLetterRecord& r : notes.dead_letters) {
        if (&r != notes.dead_letters.data()) out += ',';
        json_text::ObjectWriter object(out);
        object.text("reason", name_of(r.reason));
        object.text("queue", r.queue);
        object.number("count", r.count);
        object.number("receives", r.receives);
        object.number("first_ms", r.first.time_since_epoch().count());
        object.number("last_ms", r.last.time_since_epoch().count());
        if (r.came_by != Route{}) write(object.key("came_by"), r.came_by);
        object.close();
    }
    if (!notes.dead_letters.empty()) out += ']';
    whole.close();
    return std::make_shared<const std::string>(std::move(out));
}

namespace {

Notes read_notes(const std::string& json) {
    Notes notes;
    const boost::json::value parsed = json_text::parse(json, "notes");
    if (const auto* note = parsed.is_object() ? parsed.get_object().if_contains("note") : nullptr) notes.note = json_text::text_of(*note);
    const auto* came_by = parsed.is_object() ? parsed.get_object().if_contains("came_by") : nullptr;
    if (came_by) notes.came_by = read_route(*came_by);
    const auto* list = parsed.is_object() ? parsed.get_object().if_contains("dead_letters") : nullptr;
    if (!list || !list->is_array()) return notes;
    for (const auto& item : list->get_array()) {
        const auto& o = item.as_object();
        const auto came_to = [](const boost::json::object& record) {
            const auto* route = record.if_contains("came_by");
            return route ? read_route(*route) : Route{};
        };
        const auto time = [&](const char* name) { return WallTime(milliseconds(o.at(name).to_number<std::int64_t>())); };
        notes.dead_letters.push_back({.reason = reason_named(json_text::text_of(o.at("reason"))),
                                      .queue = json_text::text_of(o.at("queue")),
                                      .count = o.at("count").to_number<std::uint32_t>(),
                                      .receives = o.at("receives").to_number<std::uint32_t>(),
                                      .first = time("first_ms"),
                                      .last = time("last_ms"),
                                      .came_by = came_to(o)});
    }
    return notes;
}

}  // namespace

Notes decode_notes(const std::string* json) {
    if (!json || json->empty()) return {};
    return json_text::reading("notes", [&] { return read_notes(*json); });
}

void add(Notes& notes, DeadLetterRecord record, std::size_t limit) {
    auto& list = notes.dead_letters;
    const auto same = std::find_if(list.begin(), list.end(),
                                   [&](const DeadLetterRecord& r) { return r.queue == record.queue && r.reason == record.reason; });
    if (same != list.end()) {
        record.count += same->count;
        record.first = same->first;
        record.came_by = std::move(same->came_by);
        list.erase(same);
    }
    list.insert(list.begin(), std::move(record));
    if (list.size() > limit) list.resize(limit);
}

}  // namespace rowmq
