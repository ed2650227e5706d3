package rowmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What the tests of AMQP need: connections, fresh queues, a message that is awaited. */
final class Rabbit {
    static final String URL = System.getenv("ROWMQ_AMQP_URL");

    private Rabbit() {}

    static ConnectionFactory factory(String url) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(url);
        factory.setNetworkRecoveryInterval(100);
        return factory;
    }

    static Connection connect() throws Exception {
        return factory(URL).newConnection();
    }

    /** A queue that goes with its connection. */
    static String exclusive(Channel channel, Map<String, Object> arguments) throws IOException {
        return channel.queueDeclare("", false, true, false, arguments).getQueue();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void publish(Channel channel, String queue, String body) throws IOException {
        channel.basicPublish("", queue, new BasicProperties.Builder().deliveryMode(2).build(), bytes(body));
    }

    static BlockingQueue<Delivery> consume(Channel channel, String queue, boolean autoAck) throws IOException {
        BlockingQueue<Delivery> came = new LinkedBlockingQueue<>();
        channel.basicConsume(queue, autoAck, (tag, delivery) -> came.add(delivery), tag -> {});
        return came;
    }

    static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T one = queue.poll(20, TimeUnit.SECONDS);
        if (one == null) throw new AssertionError("nothing came within 20 s");
        return one;
    }

    static GetResponse get(Channel channel, String queue) throws Exception {
        for (int tries = 0; tries < 1000; ++tries) {
            GetResponse got = channel.basicGet(queue, true);
            if (got != null) return got;
            Thread.sleep(20);
        }
        throw new AssertionError("nothing came to " + queue);
    }
}
