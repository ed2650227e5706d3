#include "base/bounded_json.hpp"

#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/storage_ptr.hpp>
#include <memory>
#include <new>
#include <utility>

namespace rowmq {
namespace {

/// Memory up to a limit while a text is read; the value that uses it owns it. Later copies of the value and what is added to it
/// come from here, too, and nobody expects those to throw.
class Bounded final : public boost::json::memory_resource {
public:
    Bounded(std::size_t bytes, std::shared_ptr<const bool> reading) : left_(bytes), reading_(std::move(reading)) {}

private:
    void* do_allocate(std::size_t size, std::size_t) override {
        if (*reading_ && size > left_) throw std::bad_alloc();
        void* const place = ::operator new(size);
        if (*reading_) left_ -= size;
        return place;
    }
    void do_deallocate(void* place, std::size_t size, std::size_t) override {
        if (*reading_) left_ += size;
        ::operator delete(place);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

    std::size_t left_;
    std::shared_ptr<const bool> reading_;
};

}  // namespace

Result<boost::json::value> parse_bounded(std::string_view text, JsonBounds bounds) {
    const auto reading = std::make_shared<bool>(true);
    const auto memory = boost::json::make_shared_resource<Bounded>(4 * text.size() + bounds.extra_bytes, reading);
    try {
        boost::json::parse_options options;
        options.max_depth = static_cast<unsigned>(bounds.depth);
        boost::json::parser parser(memory, options);  // what it sets aside counts too
        parser.reset(memory);
        boost::system::error_code failed;
        parser.write(text.data(), text.size(), failed);
        if (!failed) {
            *reading = false;
            return parser.release();
        }
    } catch (const std::bad_alloc&) {
        return Error{Errc::limit_exceeded, "it has too many values for its size"};
    }
    return Error{Errc::invalid_argument, "it is not JSON"};
}

Result<boost::json::object> parse_bounded_object(std::string_view text, JsonBounds bounds) {
    auto value = parse_bounded(text, bounds);
    if (!value) return value.error();
    if (auto* object = value->if_object()) return std::move(*object);
    return Error{Errc::invalid_argument, "it is not a JSON object"};
}

}  // namespace rowmq
