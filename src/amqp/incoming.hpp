#pragma once
// What one channel is told, in order: methods, and messages put together from their frames.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "amqp/content.hpp"
#include "amqp/errors.hpp"
#include "amqp/frames.hpp"
#include "amqp/methods.hpp"

namespace rowmq::amqp {

/// A whole basic.publish.
struct Published {
    BasicPublish method;
    std::shared_ptr<const BasicProperties> properties;  ///< never null; the same for messages in a row that say the same
    std::string body;
    std::size_t properties_bytes = 0;  ///< of memory; 0 where they are those of the message before
};

using Incoming = std::variant<ClientMethod, Published>;

/// basic.ack, basic.nack, basic.reject.
inline bool is_settlement(const Incoming& what) noexcept {
    const auto* method = std::get_if<ClientMethod>(&what);
    return method && (std::holds_alternative<BasicAck>(*method) || std::holds_alternative<BasicNack>(*method) ||
                      std::holds_alternative<BasicReject>(*method));
}

/// What RabbitMQ says of the payload of a method frame that no method can be read from.
Refusal undecodable(std::string_view payload);

/// Puts the frames of one channel together.
class Assembler final {
public:
    explicit Assembler(std::size_t message_bytes) : message_bytes_(message_bytes) {}

    struct Step {
        std::optional<Incoming> whole;   ///< something is complete
        std::optional<Refusal> refusal;  ///< or this frame ends the channel (or connection)
        MethodId method;                 ///< that the refusal is about
    };
    /// The next frame of the channel.
    Step take(const Frame& frame);
    /// Bytes of a body on its way in.
    std::size_t held() const noexcept { return publish_ ? publish_->body.size() : 0; }
    /// Forgets what is half there.
    void reset() noexcept { publish_.reset(); }

private:
    /// The properties of the last header, where this one has the same bytes. Null: it is malformed.
    std::shared_ptr<const BasicProperties> properties_of(std::string_view payload);
    Step take_method(std::string_view payload);
    Step take_header(std::string_view payload);
    Step take_body(std::string_view payload);
    Step finished();

    const std::size_t message_bytes_;
    std::optional<Published> publish_;  ///< whose content is not whole
    bool has_header_ = false;
    std::uint64_t missing_ = 0;
    std::string last_header_;  ///< behind the length of the body
    std::shared_ptr<const BasicProperties> last_properties_;
};

}  // namespace rowmq::amqp
