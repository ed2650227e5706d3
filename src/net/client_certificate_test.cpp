// Clients that show a certificate: whom it names, and who is cut.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "net/byte_server.hpp"
#include "net/test_certificate.hpp"
#include "test/support/run.hpp"

namespace rowmq::net {
namespace {

namespace asio = boost::asio;
using rowmq::test::run_in;

class ClientCertificate : public testing::Test {
protected:
    ~ClientCertificate() override {
        if (server) run_in(io, server->stop());
    }
    void serve(ClientCertificates clients, const TestCertificate& authority) {
        TlsFiles files = certificate.files();
        files.client_ca = authority.files().certificate;
        files.clients = clients;
        tls = TlsContext::for_server(std::move(files)).value();
        server.emplace(io.get_executor(), ByteServerOptions{.name = "test", .tls = tls},
                       [this](std::shared_ptr<ByteConnection> connection) { return greet(std::move(connection)); });
        ASSERT_TRUE(server->listen());
    }
    awaitable<void> greet(std::shared_ptr<ByteConnection> connection) {
        const auto peer = connection->peer_certificate();
        connection->out() += peer ? peer->common_name + "|" + peer->distinguished_name + "|" + peer->dns_name + "." : "nobody.";
        connection->flush();
        co_await connection->drained(0);
    }
    /// What the server says to a client with this certificate; empty: it is cut.
    std::string heard(const TestCertificate* shown) {
        const auto trusting = TlsContext::for_client(certificate.files().certificate).value();
        if (shown) {
            EXPECT_EQ(SSL_CTX_use_certificate_file(trusting->get(), shown->files().certificate.c_str(), SSL_FILETYPE_PEM), 1);
            EXPECT_EQ(SSL_CTX_use_PrivateKey_file(trusting->get(), shown->files().key.c_str(), SSL_FILETYPE_PEM), 1);
        }
        asio::ip::tcp::socket socket(io);
        socket.connect({asio::ip::make_address("127.0.0.1"), server->port()});
        Stream stream(std::move(socket));
        stream.prepare();
        std::string distrust;
        if (run_in(io, stream.secure_as_client(*trusting, "127.0.0.1", distrust))) return {};
        return run_in(io, read(stream));
    }
    static awaitable<std::string> read(Stream& stream) {
        std::string all;
        std::vector<char> buffer(16 * 1024);
        boost::system::error_code error;
        while (!error && !all.ends_with('.')) {
            all.append(buffer.data(), stream.read_some(asio::buffer(buffer), error));
            if (error != asio::error::would_block) continue;
            co_await stream.socket().async_wait(stream.before_reading(), asio::redirect_error(asio::use_awaitable, error));
        }
        co_return all;
    }

    asio::io_context io;
    TestCertificate certificate;
    std::shared_ptr<TlsContext> tls;
    std::optional<ByteServer> server;
};

TEST_F(ClientCertificate, that_was_asked_for_and_verified_names_its_client) {
    const TestCertificate ann("IP:10.0.0.1, DNS:ann.example, DNS:b.example", {"Änn"}), other;
    serve(ClientCertificates::asked, ann);

    EXPECT_EQ(heard(&ann), "Änn|CN=Änn|ann.example.");
    EXPECT_EQ(heard(nullptr), "nobody.");
    EXPECT_EQ(heard(&other), "") << "of an authority nobody trusts";
}

TEST_F(ClientCertificate, with_several_common_names_or_none_has_no_common_name) {
    const TestCertificate several("IP:10.0.0.1", {"ann", "bob"});
    serve(ClientCertificates::asked, several);

    EXPECT_EQ(heard(&several), "|CN=bob,CN=ann|.");
}

TEST_F(ClientCertificate, with_a_NUL_in_its_name_names_nobody) {
    const TestCertificate sly("IP:10.0.0.1", {std::string("ann\0.example", 12)});
    serve(ClientCertificates::asked, sly);

    EXPECT_TRUE(heard(&sly).starts_with("|")) << "no common name";
}

TEST_F(ClientCertificate, is_needed_where_it_is_required) {
    const TestCertificate ann("IP:10.0.0.1", {"ann"});
    serve(ClientCertificates::required, ann);

    EXPECT_EQ(heard(nullptr), "");
    EXPECT_EQ(heard(&ann), "ann|CN=ann|.");
}

TEST_F(ClientCertificate, is_looked_at_with_the_authorities_of_the_latest_reload) {
    TestCertificate authority("IP:10.0.0.1", {"ann"});
    const TestCertificate before("IP:10.0.0.1", {"bob"});
    serve(ClientCertificates::required, authority);
    EXPECT_EQ(heard(&before), "");

    std::filesystem::copy_file(before.files().certificate, authority.files().certificate,
                               std::filesystem::copy_options::overwrite_existing);
    ASSERT_TRUE(tls->reload());

    EXPECT_EQ(heard(&before), "bob|CN=bob|.");
}

TEST(ClientAuthorities, that_cannot_be_read_are_named) {
    const TestCertificate certificate;
    TlsFiles files = certificate.files();
    files.clients = ClientCertificates::asked;
    for (const std::string& wrong : {std::string("/nowhere/ca.pem"), certificate.files().key}) {
        files.client_ca = wrong;
        const auto made = TlsContext::for_server(files);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, Errc::invalid_argument);
        EXPECT_NE(made.error().text.find(wrong), std::string::npos) << made.error().text;
    }
}

}  // namespace
}  // namespace rowmq::net
