#include "amqp/login.hpp"

#include "amqp/password.hpp"
#include "amqp/table.hpp"

namespace rowmq::amqp {
namespace {

std::optional<Credentials> plain(std::string_view response) {
    // RFC 4616: [authorization identity] NUL user NUL password
    const auto first = response.find('\0');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = response.find('\0', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    return Credentials{std::string(response.substr(first + 1, second - first - 1)), std::string(response.substr(second + 1))};
}

std::optional<Credentials> amqplain(std::string_view response) {
    // A field table without its length.
    std::string whole;
    wire::Writer writer(whole);
    writer.text32(response);
    wire::Reader reader(whole);
    const HeaderTable table = read_table(reader);
    if (!reader.ended()) return std::nullopt;
    const auto text = [&](std::string_view name) -> const std::string* {
        const HeaderValue* value = find(table, name);
        return value ? std::get_if<std::string>(&value->value) : nullptr;
    };
    const auto *user = text("LOGIN"), *password = text("PASSWORD");
    if (!user || !password) return std::nullopt;
    return Credentials{*user, *password};
}

}  // namespace

std::optional<Credentials> credentials_of(std::string_view mechanism, std::string_view response) {
    if (mechanism == "PLAIN") return plain(response);
    if (mechanism == "AMQPLAIN") return amqplain(response);
    return std::nullopt;
}

std::string user_of(const net::PeerCertificate& certificate, CertificateName from) {
    switch (from) {
        case CertificateName::common_name: return certificate.common_name;
        case CertificateName::distinguished_name: return certificate.distinguished_name;
        case CertificateName::subject_alternative_name: return certificate.dns_name;
    }
    return {};
}

bool Logins::admits(const Credentials& credentials) const {
    bool admitted = false;
    for (const Credentials& user : users_) admitted |= user.user == credentials.user && equal_secrets(user.password, credentials.password);
    return admitted;
}

}  // namespace rowmq::amqp
