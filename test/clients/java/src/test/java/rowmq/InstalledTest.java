package rowmq;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazon.sqs.javamessaging.AmazonSQSExtendedClient;
import com.amazon.sqs.javamessaging.SQSConnectionFactory;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.util.VersionInfo;

/** Needs no server: test/clients/java/install runs it, so that all that running tests needs is there afterwards. */
class InstalledTest {
    @Test
    void theLibrariesAreThoseOfThePom() {
        assertEquals("2.57.8", VersionInfo.SDK_VERSION);
        assertEquals("AmazonSQSExtendedClient", AmazonSQSExtendedClient.class.getSimpleName());
        assertEquals("SQSConnectionFactory", SQSConnectionFactory.class.getSimpleName());
    }
}
