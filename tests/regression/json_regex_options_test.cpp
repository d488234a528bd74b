// Fuzzing met a regular expression whose options were letters beyond ASCII: sorting their bytes
// made the JSON text something that is not UTF-8.
#include <gtest/gtest.h>

#include "quire/bson/bson.hpp"

namespace quire {
namespace {

TEST(JsonRegexOptions, KeepLettersBeyondAsciiWhole) {
  const auto document = bson::make_document("r", bson::Value(bson::Regex{"a",
                                                                         "\xd1\xb5"
                                                                         "cbi"}));
  const auto json = bson::to_json(document.view(), bson::JsonMode::canonical);
  EXPECT_TRUE(bson::is_utf8(json)) << json;
  EXPECT_NE(json.find("\xd1\xb5"), std::string::npos);
}

TEST(JsonRegexOptions, AreSortedWhereTheyAreOptions) {
  const auto document = bson::make_document("r", bson::Value(bson::Regex{"a", "xmi"}));
  EXPECT_NE(bson::to_json(document.view(), bson::JsonMode::canonical).find("\"imx\""),
            std::string::npos);
}

}  // namespace
}  // namespace quire
