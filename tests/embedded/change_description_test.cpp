#include "store/embedded/engine/change_description.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"

namespace quire::store::embedded {
namespace {

std::string difference(std::string_view before, std::string_view after) {
  const auto old = bson::from_json(before), now = bson::from_json(after);
  const auto found = describe_difference(old, now);
  return found ? bson::to_json(*found, bson::JsonMode::relaxed) : "replaced";
}
std::string told(std::string_view updated, std::string_view removed = "[]",
                 std::string_view truncated = "[]") {
  return bson::to_json(bson::from_json("{\"updatedFields\":" + std::string(updated) +
                                       ",\"removedFields\":" + std::string(removed) +
                                       ",\"truncatedArrays\":" + std::string(truncated) + "}"),
                       bson::JsonMode::relaxed);
}

// Long enough that a difference pays.
const std::string rest = R"("text":"............................................................")";
std::string with_rest(const std::string& fields) {
  return "{\"_id\":1," + rest + "," + fields + "}";
}

TEST(DocumentDifference, TellsTheLeastFieldsThatDiffer) {
  EXPECT_EQ(difference(with_rest(R"("a":1,"b":2)"), with_rest(R"("a":1,"b":3)")),
            told(R"({"b":3})"));
  EXPECT_EQ(difference(with_rest(R"("a":1,"b":2)"), with_rest(R"("b":2,"c":5)")),
            told(R"({"c":5})", R"(["a"])"));
  EXPECT_EQ(difference(with_rest(R"("a":{"x":1,"y":{"z":1,"q":"................"}})"),
                       with_rest(R"("a":{"x":1,"y":{"z":2,"q":"................"}})")),
            told(R"({"a.y.z":2})"));
  // Another type is another value.
  EXPECT_EQ(difference(with_rest(R"("a":1)"), with_rest(R"("a":1.0)")), told(R"({"a":1.0})"));
}

TEST(DocumentDifference, TellsAFieldThatMovedAsWrittenAnew) {
  EXPECT_EQ(difference(with_rest(R"("a":1,"b":2)"), with_rest(R"("b":2,"a":1)")),
            told(R"({"a":1})"));
}

TEST(DocumentDifference, TellsArraysByTheirElements) {
  EXPECT_EQ(difference(with_rest(R"("a":["................",{"b":"................"},1,2,3])"),
                       with_rest(R"("a":["................",{"b":"................"}])")),
            told("{}", "[]", R"([{"field":"a","newSize":2}])"));
  EXPECT_EQ(difference(with_rest(R"("a":["................",2,3])"),
                       with_rest(R"("a":["................",5])")),
            told(R"({"a.1":5})", "[]", R"([{"field":"a","newSize":2}])"));
  EXPECT_EQ(difference(with_rest(R"("a":["................"])"),
                       with_rest(R"("a":["................",7])")),
            told(R"({"a.1":7})"));
}

TEST(DocumentDifference, TellsAPartWholeWhereItsDifferenceIsLonger) {
  EXPECT_EQ(difference(with_rest(R"("a":{"x":1,"y":2})"), with_rest(R"("a":{"z":1})")),
            told(R"({"a":{"z":1}})"));
  EXPECT_EQ(difference(R"({"_id":1,"a":1,"b":2})", R"({"_id":1,"c":"x","d":"y"})"), "replaced");
}

}  // namespace
}  // namespace quire::store::embedded
