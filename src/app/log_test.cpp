#include "app/log.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <boost/json.hpp>
#include <regex>
#include <sstream>

namespace rowmq::app {
namespace {

class Log : public testing::Test {
protected:
    /// What is logged from here on.
    void begin(LogFormat format) {
        auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
        logger->set_formatter(make_formatter(format));
        spdlog::set_default_logger(std::move(logger));
    }
    ~Log() override { spdlog::set_default_logger(before_); }
    boost::json::object object() const { return boost::json::parse(out_.str()).as_object(); }

    std::ostringstream out_;
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(Log, is_one_json_object_a_line) {
    begin(LogFormat::json);

    log(spdlog::level::warn, "the disk is full", {{"store", "sqlite:a.db"}, {"free", "0"}});
    const std::string line = out_.str();

    EXPECT_TRUE(std::regex_match(
        line, std::regex(R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"warning","message":"the disk is full",)"
                         R"("store":"sqlite:a\.db","free":"0"\}\n)")))
        << line;
}

TEST_F(Log, tells_the_time_in_utc) {
    spdlog::details::log_msg event(spdlog::log_clock::time_point(std::chrono::milliseconds(1'700'000'000'007)), {}, "", spdlog::level::info,
                                   "x");
    spdlog::memory_buf_t out;

    make_formatter(LogFormat::json)->format(event, out);

    EXPECT_EQ(fmt::to_string(out), "{\"time\":\"2023-11-14T22:13:20.007Z\",\"level\":\"info\",\"message\":\"x\"}\n");
}

TEST_F(Log, keeps_what_comes_from_outside_on_its_line) {
    const std::string forged = "a\n2026-01-01 critical forged\x1b[31m \"quoted\" \xff";
    begin(LogFormat::json);
    log(spdlog::level::info, forged, {{"name", "b\r\n"}});
    const std::string line = out_.str();
    const auto read = object();

    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(read.at("message").as_string(), "a\n2026-01-01 critical forged\x1b[31m \"quoted\" \xef\xbf\xbd");
    EXPECT_EQ(read.at("name").as_string(), "b\r\n");

    out_.str("");
    begin(LogFormat::text);
    log(spdlog::level::info, forged, {{"name", "b\r\n"}});
    const std::string text = out_.str();

    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_TRUE(text.ends_with(" info a\\x0a2026-01-01 critical forged\\x1b[31m \"quoted\" \xff name=b\\x0d\\x0a\n")) << text;
}

TEST_F(Log, takes_events_of_rooms_that_know_no_fields) {
    begin(LogFormat::json);
    log(spdlog::level::info, "one", {{"name", "x"}});
    out_.str("");

    spdlog::error("http: {}", 42);

    EXPECT_EQ(object().at("level").as_string(), "error");
    EXPECT_EQ(object().at("message").as_string(), "http: 42");
    EXPECT_FALSE(object().contains("name")) << "of the event before";
}

TEST(LogFormat, is_text_or_json) {
    EXPECT_EQ(parse_log_format("text").value(), LogFormat::text);
    EXPECT_EQ(parse_log_format("json").value(), LogFormat::json);
    EXPECT_EQ(parse_log_format("xml").error().text, "the log format \"xml\" is neither text nor json");
}

}  // namespace
}  // namespace rowmq::app
