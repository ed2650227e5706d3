#pragma once
// Bytes to frames. No socket: bytes are fed as they come, frames are taken while there are whole ones.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowmq::amqp {

enum class FrameKind : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

struct Frame {
    FrameKind kind{};
    std::uint16_t channel = 0;
    std::string_view payload;  ///< into what was fed; valid until the next call of the reader
};

inline constexpr std::size_t frame_overhead = 8;  ///< kind, channel, length, end
inline constexpr char frame_end = '\xce';
/// What a client's first eight bytes must be.
inline constexpr std::string_view protocol_header{"AMQP\0\0\x09\x01", 8};

/// Why no frame can follow: for the log and, where the client can still be told, the close.
enum class FrameFault : std::uint8_t { too_large, unknown_kind, no_end };

class FrameReader final {
public:
    /// The longest payload it takes; what comes longer is too_large. Before tuning this is small, because nobody is known yet.
    void limit(std::size_t payload_bytes) noexcept { limit_ = payload_bytes; }

    /// More of the stream. The bytes must stay where they are until keep(), so that whole frames are never copied.
    void feed(std::string_view bytes);
    /// The next whole frame. None: more bytes are needed, or fault() says why there will be none.
    std::optional<Frame> next();
    /// The next `count` bytes as they are: the protocol header. None: they are not all there.
    std::optional<std::string_view> raw(std::size_t count);
    /// Keeps what is left of the bytes fed: the beginning of a frame.
    void keep();

    std::optional<FrameFault> fault() const noexcept { return fault_; }
    /// What RabbitMQ says of it: "type 3, all octets = <<>>: {frame_too_large,200000,131064}".
    const std::string& fault_text() const noexcept { return fault_text_; }
    /// Bytes that were fed and not taken.
    std::size_t waiting() const noexcept { return (spent_ ? 0 : kept_.size()) + fed_.size(); }
    /// Bytes of memory held.
    std::size_t capacity() const noexcept { return kept_.capacity(); }

private:
    bool complete(std::size_t count);
    void forget_spent();

    std::string kept_;      ///< the beginning of what comes next; a frame that was fed as a whole is never copied
    bool spent_ = false;    ///< kept_ was handed out
    std::string_view fed_;  ///< not taken, behind kept_
    std::size_t limit_ = 4'096;
    std::optional<FrameFault> fault_;
    std::string fault_text_;
};

/// Bytes as RabbitMQ shows them in errors: <<"text">>, <<1,2,3>>.
std::string shown(std::string_view bytes);
/// The first 16 of them: "all octets = <<1>>".
std::string snippet(std::string_view bytes);

}  // namespace rowmq::amqp
