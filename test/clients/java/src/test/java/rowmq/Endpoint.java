package rowmq;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An HTTP endpoint as SNS wants one: it visits the SubscribeURL of a confirmation, and passes on what comes. */
final class Endpoint implements AutoCloseable {
    record Came(Headers headers, String body) {}

    final String url;
    private final BlockingQueue<Came> came = new LinkedBlockingQueue<>();
    private final HttpServer server;

    Endpoint() throws IOException {
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/hook", this::answer);
        server.start();
        url = "http://127.0.0.1:" + server.getAddress().getPort() + "/hook";
    }

    Came next() throws InterruptedException {
        Came one = came.poll(20, TimeUnit.SECONDS);
        if (one == null) throw new AssertionError("no request came within 20 s");
        return one;
    }

    /** The status of what is at a link. */
    static int visit(String link) throws IOException {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(link)).build();
            return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (InterruptedException error) {
            throw new IOException(error);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            boolean confirms = "SubscriptionConfirmation".equals(exchange.getRequestHeaders().getFirst("x-amz-sns-message-type"));
            int status = confirms ? visit(Sns.envelope(body).get("SubscribeURL").asString()) : 200;
            exchange.sendResponseHeaders(status, -1);
            came.add(new Came(exchange.getRequestHeaders(), body));
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
