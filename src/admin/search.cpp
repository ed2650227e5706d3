// The admin API's search through a queue's messages: page by page, a bounded part of the queue a request.

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "admin/message_json.hpp"
#include "admin/routes.hpp"
#include "admin/search_filter.hpp"

namespace rowmq::admin {
namespace {

namespace json = boost::json;

constexpr std::int64_t found_per_answer = 1'000;
constexpr std::size_t scanned_messages = 10'000;         // by one request
constexpr std::size_t scanned_bytes = 64 * 1024 * 1024;  // of their bodies, and a page
constexpr std::size_t found_bytes = 16 * 1024 * 1024;    // of bodies in an answer, and a message
constexpr std::size_t scanned_pages = 1'000;             // of damaged messages alone, say
constexpr std::size_t page_messages = 500;

/// What a search has done so far.
struct Progress {
    json::array found;
    std::size_t messages = 0, bytes = 0, bytes_found = 0, pages = 0;
    bool full(std::size_t max) const { return found.size() >= max || bytes_found >= found_bytes; }
    bool tired() const { return messages >= scanned_messages || bytes >= scanned_bytes || pages >= scanned_pages; }
};

/// Looks through a page. None: to its end; else where a later search goes on.
std::optional<std::string> look_through(const Page& page, const SearchFilter& filter, std::size_t max, Progress& progress) {
    ++progress.pages;
    for (std::size_t i = 0; i < page.messages.size(); ++i) {
        const Delivery& delivery = page.messages[i];
        ++progress.messages;
        progress.bytes += delivery.message.text().size();
        if (!filter.matches(delivery)) continue;
        progress.bytes_found += delivery.message.text().size();
        progress.found.push_back(peeked_json(delivery));
        const bool last = i + 1 == page.messages.size();
        if (progress.full(max) && !last) return page.cursors.at(i);
    }
    return std::nullopt;
}

}  // namespace

awaitable<Response> Admin::search(Call call) {
    const auto max = number_of(call.request, "max", 20, 1, found_per_answer);
    if (max.has_error()) co_return error_response(max.error());
    const auto filter = read_search_filter(call.request, {"max", "after", "delayed", "namespace"});
    if (filter.has_error()) co_return error_response(filter.error());
    PeekRequest request;
    request.max = page_messages;
    request.delayed = flag_of(call.request, "delayed");
    if (call.request.query.contains("after")) request.after = text_of(call.request, "after");
    const auto abandoned = std::make_shared<bool>(false);
    if (call.request.on_end) call.request.on_end([abandoned] { *abandoned = true; });

    Progress progress;
    std::optional<std::string> next;
    for (;;) {
        request.max = std::min(page_messages, scanned_messages - progress.messages);
        const auto page = co_await broker_.peek(call.name, request, call.ns);
        if (page.has_error()) co_return error_response(page.error());
        next = look_through(*page, *filter, static_cast<std::size_t>(*max), progress);
        if (next) break;
        next = page->next;
        if (!next || progress.full(static_cast<std::size_t>(*max)) || progress.tired() || *abandoned) break;
        request.after = next;
        co_await boost::asio::post(broker_.executor(), boost::asio::use_awaitable);
    }
    json::object answer;
    answer["messages"] = std::move(progress.found);
    answer["scanned"] = progress.messages;
    if (next) answer["next"] = *next;
    co_return json_response(answer);
}

}  // namespace rowmq::admin
