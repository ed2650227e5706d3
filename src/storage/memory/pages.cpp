#include "storage/memory/pages.hpp"

#include <algorithm>

namespace rowmq::storage::memory {
namespace {

/// Bodies of the first entries that fit `max_bytes` together, and at least one; the rest comes without.
class Bodies {
public:
    Bodies(const Content& content, std::size_t max_bytes) : content_(content), max_(max_bytes), open_(max_bytes > 0) {}

    void want(const EntryRow& row) {
        const auto bytes = static_cast<std::size_t>(std::max(row.bytes, 0));
        open_ = open_ && (ids_.empty() || used_ + bytes <= max_);
        if (!open_) return;
        used_ += bytes;
        ids_.push_back(row.message);
    }

    std::vector<MessageRow> take() {
        std::ranges::sort(ids_);
        const auto repeated = std::unique(ids_.begin(), ids_.end());
        ids_.erase(repeated, ids_.end());
        std::vector<MessageRow> rows;
        rows.reserve(ids_.size());
        for (MessageId id : ids_)
            if (const auto found = content_.messages.find(id); found != content_.messages.end()) rows.push_back(found->second);
        return rows;
    }

private:
    const Content& content_;
    std::size_t max_, used_ = 0;
    bool open_;
    std::vector<MessageId> ids_;
};

void read(const Content& content, const EntriesAfter& request, Page& page) {
    Bodies bodies(content, request.max_bytes);
    std::vector<std::string_view> without(request.without_groups.begin(), request.without_groups.end());
    std::ranges::sort(without);
    page.scanned = request.after;
    std::size_t looked_at = 0;
    auto at = content.entries.upper_bound({request.queue, request.lane, request.after});
    const auto in_lane = [&] { return at != content.entries.end() && at->first.queue == request.queue && at->first.lane == request.lane; };
    for (; in_lane() && page.entries.size() < request.max && (request.scan == 0 || looked_at < request.scan); ++at) {
        const EntryRow& row = at->second;
        ++looked_at;
        page.scanned = row.key.sequence;
        if (request.only_group && row.group != *request.only_group) continue;
        if (!without.empty() && std::ranges::binary_search(without, std::string_view(row.group))) continue;
        bodies.want(row);
        page.entries.push_back(row);
    }
    page.end = !in_lane();
    page.messages = bodies.take();
}

void read(const Content& content, const LaneHeads& request, Page& page) {
    for (int lane = 0; lane <= 255;) {
        const EntryKey from{request.queue, static_cast<std::uint8_t>(lane), request.after};
        auto at = content.entries.upper_bound(from);
        if (at == content.entries.end() || at->first.queue != request.queue) break;
        if (at->first.lane != lane) {  // nothing in this lane above `after`; the next one may begin below it
            lane = at->first.lane;
            if (at->first.sequence <= request.after) continue;
        }
        EntryRow head;
        head.key = at->first;
        page.entries.push_back(std::move(head));
        ++lane;
    }
    page.end = true;
}

void read(const Content& content, const MessagesById& request, Page& page) {
    std::vector<MessageId> ids = request.ids;
    std::ranges::sort(ids);
    const auto repeated = std::unique(ids.begin(), ids.end());
    ids.erase(repeated, ids.end());
    for (MessageId id : ids)
        if (const auto found = content.messages.find(id); found != content.messages.end()) page.messages.push_back(found->second);
    page.end = true;
}

void read(const Content& content, const Due& request, Page& page) {
    auto at = content.due.begin();
    for (; at != content.due.end() && at->due_at <= request.until && page.delayed.size() < request.max; ++at)
        page.delayed.push_back({at->due_at, content.delayed.at({at->queue, at->due_at, at->sequence})});
    if (at != content.due.end()) page.next_due = at->due_at;
    page.end = at == content.due.end() || at->due_at > request.until;
}

void read(const Content& content, const DelayedOf& request, Page& page) {
    Bodies bodies(content, request.max_bytes);
    auto at = request.message ? content.delayed.lower_bound({request.queue, WallTime::min(), Sequence{INT64_MIN}})
                              : content.delayed.upper_bound({request.queue, request.after_due, request.after});
    const auto in_queue = [&] { return at != content.delayed.end() && at->first.queue == request.queue; };
    for (; in_queue() && page.delayed.size() < request.max; ++at) {
        if (request.message && at->second.message != *request.message) continue;
        bodies.want(at->second);
        page.delayed.push_back({at->first.due_at, at->second});
    }
    page.end = !in_queue();
    page.messages = bodies.take();
}

}  // namespace

Page read(const Content& content, const PageRequest& request) {
    Page page;
    page.snapshot = content.committed;
    std::visit([&](const auto& r) { read(content, r, page); }, request);
    return page;
}

}  // namespace rowmq::storage::memory
