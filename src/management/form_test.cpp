#include "management/form.hpp"

#include <gtest/gtest.h>

namespace rowmq::management {
namespace {

constexpr const char* type = "multipart/form-data; boundary=edge";

TEST(Form, gives_the_file_among_its_parts) {
    const std::string body =
        "a preamble\r\n--edge\r\nContent-Disposition: form-data; name=\"redirect\"\r\n\r\n../\r\n"
        "--edge\r\nContent-Type: application/json\r\ncontent-disposition: form-data; filename=\"x; name=y\"; name=\"file\"\r\n\r\n"
        "{\"a\":\r\n1}\r\n--edge--\r\n";

    EXPECT_EQ(file_in_form(type, body), "{\"a\":\r\n1}");
    EXPECT_EQ(file_in_form("Multipart/Form-Data;charset=utf-8;Boundary=\"edge\"", body), "{\"a\":\r\n1}");
    for (std::size_t size = 0; size < body.find("\r\n--edge--") + 8; ++size)
        EXPECT_FALSE(file_in_form(type, std::string_view(body).substr(0, size))) << size;
}

TEST(Form, takes_an_empty_file) {
    EXPECT_EQ(file_in_form(type, "--edge\r\nContent-Disposition: form-data; name=file\r\n\r\n\r\n--edge--"), "");
}

TEST(Form, has_none_where_no_part_is_named_so) {
    const std::string other = "--edge\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n{}\r\n--edge--\r\n";

    EXPECT_FALSE(file_in_form(type, other));
    EXPECT_FALSE(file_in_form(type, ""));
    EXPECT_FALSE(file_in_form(type, "{}"));
    EXPECT_FALSE(file_in_form("multipart/form-data", other));
    EXPECT_TRUE(is_form(type));
    EXPECT_FALSE(is_form("application/json"));
}

}  // namespace
}  // namespace rowmq::management
