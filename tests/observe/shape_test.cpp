#include "observe_fixture.hpp"

namespace quire::observe::test {
namespace {

std::string shape(std::string_view json) { return filter_shape(bson::from_json(json)); }

TEST(FilterShape, KeepsFieldsAndOperatorsAndHidesEveryValue) {
  EXPECT_EQ(shape("{}"), "{}");
  EXPECT_EQ(shape(R"({"age": {"$gte": 17}, "email": "ada@example.org"})"),
            R"({"age":{"$gte":"?"},"email":"?"})");
  EXPECT_EQ(shape(R"({"tags": {"$in": ["a", "b"]}, "n": [1, 2], "o": null})"),
            R"({"tags":{"$in":"?"},"n":"?","o":"?"})");
  EXPECT_EQ(shape(R"({"age": {"$gt": 1, "$lt": 9}, "name": {"$regex": "^A", "$options": "i"}})"),
            R"({"age":{"$gt":"?","$lt":"?"},"name":{"$regex":"?","$options":"?"}})");
}

TEST(FilterShape, ShowsWhatCombinesAndEqualNeighboursOnce) {
  EXPECT_EQ(shape(R"({"$or": [{"a": 1}, {"a": 2}, {"b": {"$ne": 3}}]})"),
            R"({"$or":[{"a":"?"},{"b":{"$ne":"?"}}]})");
  EXPECT_EQ(shape(R"({"a": {"$not": {"$gt": 5}}, "l": {"$elemMatch": {"x": 1, "y": {"$lt": 2}}}})"),
            R"({"a":{"$not":{"$gt":"?"}},"l":{"$elemMatch":{"x":"?","y":{"$lt":"?"}}}})");
  EXPECT_EQ(shape(R"({"l": {"$elemMatch": {"$gte": 1, "$lt": 9}}})"),
            R"({"l":{"$elemMatch":{"$gte":"?","$lt":"?"}}})");
}

TEST(FilterShape, HidesTheNamesInsideOfValues) {
  EXPECT_EQ(shape(R"({"address": {"secret_street": 1}})"), R"({"address":"?"})");
  EXPECT_EQ(shape(R"({"$expr": {"$eq": ["$a", "secret"]}, "$where": "secret", "$comment": "x"})"),
            R"({"$expr":"?","$where":"?","$comment":"?"})");
  EXPECT_EQ(shape(R"({"a": {"$eq": {"secret": 1}}, "b": {"$all": [{"$elemMatch": {"s": 1}}]}})"),
            R"({"a":{"$eq":"?"},"b":{"$all":"?"}})");
  EXPECT_EQ(shape(R"({"$or": ["secret"], "$and": "secret"})"), R"({"$or":["?"],"$and":"?"})");
}

TEST(FilterShape, StaysOnOneLineAndValidWhateverFieldsAreCalled) {
  bson::Writer out;
  out.append("two\nlines \"quoted\" \\", 1).append("\xFF\xFE", 2);
  const auto text = filter_shape(out.finish());
  EXPECT_EQ(text,
            "{\"two\\u000alines \\\"quoted\\\" \\\\\":\"?\",\"\xEF\xBF\xBD\xEF\xBF\xBD\":\"?\"}");
  EXPECT_NO_THROW((void)bson::from_json(text));
}

TEST(FilterShape, IsBoundedInLengthAndDepth) {
  bson::Writer wide;
  for (int i = 0; i < 5000; ++i) wide.append("field_ä_" + std::to_string(i), i);
  const auto text = filter_shape(wide.finish());
  EXPECT_LE(text.size(), max_shape_bytes + 3);
  EXPECT_TRUE(text.ends_with("…"));
  EXPECT_TRUE(bson::is_utf8(text));

  std::string deep = R"({"a": 1})";
  for (int i = 0; i < 40; ++i) deep = R"({"$and": [)" + deep + "]}";
  EXPECT_NE(shape(deep).find("\"?\""), std::string::npos);
  EXPECT_LE(shape(deep).size(), max_shape_bytes);
}

TEST(SortShape, ShowsDirectionsOnly) {
  EXPECT_EQ(sort_shape(bson::from_json(R"({"age": -1, "name": 1, "s": {"$meta": "textScore"}})")),
            R"({"age":-1,"name":1,"s":"?"})");
  EXPECT_EQ(sort_shape({}), "{}");
}

}  // namespace
}  // namespace quire::observe::test
