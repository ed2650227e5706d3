/** ElasticMQ's own server on a port of 127.0.0.1, until it is killed. */
public final class ElasticMq {
    public static void main(String[] arguments) {
        int port = Integer.parseInt(arguments[0]);
        org.elasticmq.rest.sqs.SQSRestServerBuilder.withInterface("127.0.0.1").withPort(port).start().waitUntilStarted();
        System.out.println("ready");
    }
}
