package rowmq;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A `rowmq serve` of one test, which may be killed and started again at the same address. */
final class Server implements AutoCloseable {
    private static final Pattern AMQP = Pattern.compile("^amqp +amqp://(\\S+)");
    private final Path folder = Files.createTempDirectory("rowmq-java");
    private Process process;
    private String address = "127.0.0.1:0";

    Server() throws IOException {
        start();
    }

    String url() {
        return "amqp://guest:guest@" + address;
    }

    void start() throws IOException {
        process = new ProcessBuilder(System.getenv("ROWMQ_PROGRAM"), "serve", "--listen", "sqs=off", "--listen", "admin=off",
            "--listen", "amqp=" + address, "--store", "sqlite:" + folder + "/m.db").redirectError(ProcessBuilder.Redirect.DISCARD).start();
        BufferedReader said = process.inputReader();
        for (String line = said.readLine(); !"ready".equals(line); line = said.readLine()) {
            if (line == null) throw new IOException("the server did not start");
            Matcher found = AMQP.matcher(line);
            if (found.find()) address = found.group(1);
        }
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws Exception {
        process.destroy();
        process.waitFor();
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) Files.delete(file);
        }
        Files.delete(folder);
    }
}
