#include "amqp/traffic.hpp"

namespace rowmq::amqp {

std::vector<NamedNumber> named(const Traffic& traffic) {
    using enum NamedNumber::Labels;
    return {
        {"rabbitmq_global_messages_received_total", "Total number of messages received from publishers", protocol, traffic.received},
        {"rabbitmq_global_messages_received_confirm_total", "Total number of messages received from publishers expecting confirmations",
         protocol, traffic.received_with_confirm},
        {"rabbitmq_global_messages_confirmed_total", "Total number of messages confirmed to publishers", protocol, traffic.confirmed},
        {"rabbitmq_global_messages_routed_total", "Total number of messages routed to queues or streams", protocol, traffic.routed},
        {"rabbitmq_global_messages_unroutable_dropped_total",
         "Total number of messages published as non-mandatory into an exchange and dropped as unroutable", protocol,
         traffic.unroutable_dropped},
        {"rabbitmq_global_messages_unroutable_returned_total",
         "Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable", protocol,
         traffic.unroutable_returned},
        {"rabbitmq_global_publishers", "Publishers currently connected", protocol, traffic.publishers},
        {"rabbitmq_global_messages_delivered_total", "Total number of messages delivered to consumers", protocol_and_queue_type,
         traffic.delivered + traffic.delivered_no_ack + traffic.got + traffic.got_no_ack},
        {"rabbitmq_global_messages_delivered_consume_manual_ack_total",
         "Total number of messages delivered to consumers using basic.consume with manual acknowledgment", protocol_and_queue_type,
         traffic.delivered},
        {"rabbitmq_global_messages_delivered_consume_auto_ack_total",
         "Total number of messages delivered to consumers using basic.consume with automatic acknowledgment", protocol_and_queue_type,
         traffic.delivered_no_ack},
        {"rabbitmq_global_messages_delivered_get_manual_ack_total",
         "Total number of messages delivered to consumers using basic.get with manual acknowledgment", protocol_and_queue_type,
         traffic.got},
        {"rabbitmq_global_messages_delivered_get_auto_ack_total",
         "Total number of messages delivered to consumers using basic.get with automatic acknowledgment", protocol_and_queue_type,
         traffic.got_no_ack},
        {"rabbitmq_global_messages_get_empty_total", "Total number of times basic.get operations fetched no message",
         protocol_and_queue_type, traffic.got_nothing},
        {"rabbitmq_global_messages_redelivered_total", "Total number of messages redelivered to consumers", protocol_and_queue_type,
         traffic.redelivered},
        {"rabbitmq_global_messages_acknowledged_total", "Total number of messages acknowledged by consumers", protocol_and_queue_type,
         traffic.acknowledged},
        {"rabbitmq_queues_declared_total", "Total number of queues declared", none, traffic.queues_declared},
        {"rabbitmq_queues_created_total", "Total number of queues created", none, traffic.queues_created},
        {"rabbitmq_queues_deleted_total", "Total number of queues deleted", none, traffic.queues_deleted},
        {"rabbitmq_channels_opened_total", "Total number of channels opened", none, traffic.channels_opened},
        {"rabbitmq_channels_closed_total", "Total number of channels closed", none, traffic.channels_closed},
    };
}

}  // namespace rowmq::amqp
