#include "store/embedded/engine/index_spec.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

IndexSpec parse(const char* json) { return IndexSpec::parse(bson::from_json(json)); }
std::string definition(const char* json) { return bson::to_json(parse(json).definition); }

TEST(IndexSpec, ReadsKeyDirectionsAndOptions) {
  const auto spec = parse(
      R"({"key": {"a": 1, "b.c": -1}, "name": "mine", "unique": true, "sparse": 1,
          "hidden": true})");
  EXPECT_EQ(spec.name, "mine");
  ASSERT_EQ(spec.fields.size(), 2U);
  EXPECT_EQ(spec.fields[0].path, "a");
  EXPECT_FALSE(spec.fields[0].descending);
  EXPECT_EQ(spec.fields[1].path, "b.c");
  EXPECT_TRUE(spec.fields[1].descending);
  EXPECT_TRUE(spec.unique);
  EXPECT_TRUE(spec.sparse);
  EXPECT_TRUE(spec.hidden);
  EXPECT_FALSE(spec.partial_filter);
  EXPECT_FALSE(spec.expire_after_seconds);
}

TEST(IndexSpec, KeepsADefinitionAsListIndexesTellsIt) {
  EXPECT_EQ(definition(R"({"key": {"a": 1}, "name": "a_1", "unique": 1, "sparse": false})"),
            definition(R"({"v": 2, "key": {"a": 1}, "name": "a_1", "unique": true})"));
  const auto spec = parse(
      R"({"name": "t", "expireAfterSeconds": {"$numberDecimal": "3600"}, "key": {"at": -1}})");
  EXPECT_EQ(spec.expire_after_seconds, 3600);
  EXPECT_EQ(spec.definition["expireAfterSeconds"].as_int32(), 3600);
  EXPECT_EQ(spec.definition.begin()->key, "v");
}

TEST(IndexSpec, NamesAnIndexByItsKey) {
  EXPECT_EQ(parse(R"({"key": {"a": 1, "b": -1.0}})").name, "a_1_b_-1");
  EXPECT_EQ(IndexSpec::default_name(bson::from_json(R"({"a.b": 1, "c": "text"})")), "a.b_1_c_text");
}

TEST(IndexSpec, CallsTheIndexOfTheIdByItsOneName) {
  const auto spec = parse(R"({"key": {"_id": 1}, "name": "other"})");
  EXPECT_EQ(spec.name, "_id_");
}

TEST(IndexSpec, TakesTheSimpleCollationAsNone) {
  const auto spec = parse(R"({"key": {"a": 1}, "name": "a", "collation": {"locale": "simple"}})");
  EXPECT_FALSE(spec.definition.contains("collation"));
}

TEST(IndexSpec, KeepsPartialFilters) {
  const auto spec = parse(
      R"({"key": {"a": 1}, "name": "a",
          "partialFilterExpression": {"$and": [{"a": {"$gt": 0, "$exists": true}},
                                               {"$or": [{"b": 1}, {"c": {"$type": "int"}}]}]}})");
  ASSERT_TRUE(spec.partial_filter);
  EXPECT_TRUE(spec.partial_filter->contains("$and"));
}

TEST(IndexSpec, TellsIdentityFromOptions) {
  const auto plain = parse(R"({"key": {"a": 1}, "name": "a"})");
  const auto renamed = parse(R"({"key": {"a": 1.0}, "name": "b"})");
  const auto ttl = parse(R"({"key": {"a": 1}, "name": "a", "expireAfterSeconds": 1})");
  const auto unique = parse(R"({"key": {"a": 1}, "name": "a", "unique": true})");
  EXPECT_TRUE(plain.same_options(renamed));
  EXPECT_TRUE(plain.same_signature(ttl));
  EXPECT_FALSE(plain.same_options(ttl));
  EXPECT_FALSE(plain.same_signature(unique));
}

TEST(IndexSpec, TakesPartialFiltersInAnotherOrderAsTheSame) {
  const auto with = [](const char* filter) {
    return parse((std::string(R"({"key": {"a": 1}, "name": "a", "partialFilterExpression": )") +
                  filter + "}")
                     .c_str());
  };
  const auto first = with(R"({"$and": [{"a": 1}, {"b": {"$gt": 2, "$lt": 5}}]})");
  EXPECT_TRUE(first.same_signature(with(R"({"b": {"$lt": 5.0, "$gt": 2}, "a": {"$eq": 1}})")));
  EXPECT_FALSE(first.same_signature(with(R"({"b": {"$lt": 5, "$gt": 3}, "a": 1})")));
  const auto either = with(R"({"$or": [{"a": 1}, {"b": 2}]})");
  EXPECT_TRUE(either.same_signature(with(R"({"$or": [{"b": 2}, {"a": 1}]})")));
  EXPECT_FALSE(either.same_signature(with(R"({"$and": [{"b": 2}, {"a": 1}]})")));
}

struct BadSpec {
  const char* name;
  const char* json;
  int backend_code;
  const char* path;
};
class BadIndexSpec : public ::testing::TestWithParam<BadSpec> {};

TEST_P(BadIndexSpec, NamesCodeAndPath) {
  try {
    (void)parse(GetParam().json);
    FAIL() << "accepted " << GetParam().json;
  } catch (const QueryError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_index);
    EXPECT_EQ(error.backend_code(), GetParam().backend_code);
    EXPECT_EQ(error.path().str(), GetParam().path);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bad, BadIndexSpec,
    ::testing::Values(
        BadSpec{"NoKey", R"({"name": "a"})", 9, "key"},
        BadSpec{"TextKey", R"({"key": "a", "name": "a"})", 14, "key"},
        BadSpec{"EmptyKey", R"({"key": {}, "name": "a"})", 67, "key"},
        BadSpec{"ZeroDirection", R"({"key": {"a": 0}, "name": "a"})", 67, "key.a"},
        BadSpec{"NanDirection", R"({"key": {"a": {"$numberDouble": "NaN"}}, "name": "a"})", 67,
                "key.a"},
        BadSpec{"BoolDirection", R"({"key": {"a": true}, "name": "a"})", 67, "key.a"},
        BadSpec{"UnknownKind", R"({"key": {"a": "tree"}, "name": "a"})", 67, "key.a"},
        BadSpec{"EmptyField", R"({"key": {"": 1}, "name": "a"})", 67, "key"},
        BadSpec{"EmptyPart", R"({"key": {"a..b": 1}, "name": "a"})", 67, "key.a..b"},
        BadSpec{"TrailingDot", R"({"key": {"a.": 1}, "name": "a"})", 67, "key.a."},
        BadSpec{"DollarField", R"({"key": {"a.$b": 1}, "name": "a"})", 67, "key.a.$b"},
        BadSpec{"WildcardInside", R"({"key": {"a.$**.b": 1}, "name": "a"})", 67, "key.a.$**.b"},
        BadSpec{"UniqueWildcard", R"({"key": {"$**": 1}, "name": "a", "unique": true})", 67,
                "unique"},
        BadSpec{"MixedWildcardProjection",
                R"({"key": {"$**": 1}, "name": "a", "wildcardProjection": {"a": 1, "b": 0}})",
                31254, "wildcardProjection.b"},
        BadSpec{"TwoTextRuns", R"({"key": {"a": "text", "b": 1, "c": "text"}, "name": "a"})", 67,
                "key"},
        BadSpec{"EmptyName", R"({"key": {"a": 1}, "name": ""})", 67, "name"},
        BadSpec{"NumberName", R"({"key": {"a": 1}, "name": 5})", 14, "name"},
        BadSpec{"StarName", R"({"key": {"a": 1}, "name": "*"})", 2, "name"},
        BadSpec{"UnknownOption", R"({"key": {"a": 1}, "name": "a", "uniq": true})", 197, "uniq"},
        BadSpec{"OldVersion", R"({"key": {"a": 1}, "name": "a", "v": 0})", 67, "v"},
        BadSpec{"TextUnique", R"({"key": {"a": 1}, "name": "a", "unique": "yes"})", 14, "unique"},
        BadSpec{"NumberHidden", R"({"key": {"a": 1}, "name": "a", "hidden": 1})", 14, "hidden"},
        BadSpec{"NegativeTtl", R"({"key": {"a": 1}, "name": "a", "expireAfterSeconds": -1})", 67,
                "expireAfterSeconds"},
        BadSpec{"TextTtl", R"({"key": {"a": 1}, "name": "a", "expireAfterSeconds": "1"})", 67,
                "expireAfterSeconds"},
        BadSpec{"CompoundTtl", R"({"key": {"a": 1, "b": 1}, "name": "a", "expireAfterSeconds": 1})",
                67, "expireAfterSeconds"},
        BadSpec{"IdTtl", R"({"key": {"_id": 1}, "name": "a", "expireAfterSeconds": 1})", 197,
                "expireAfterSeconds"},
        BadSpec{"IdDescending", R"({"key": {"_id": -1}, "name": "a"})", 2, "key"},
        BadSpec{"StolenIdName", R"({"key": {"a": 1}, "name": "_id_"})", 2, "name"},
        BadSpec{"SparseAndPartial",
                R"({"key": {"a": 1}, "name": "a", "sparse": true,
                    "partialFilterExpression": {"a": 1}})",
                67, "partialFilterExpression"},
        BadSpec{"PartialNe",
                R"({"key": {"a": 1}, "name": "a", "partialFilterExpression": {"a": {"$ne": 1}}})",
                67, "partialFilterExpression"},
        BadSpec{"PartialNotExists",
                R"({"key": {"a": 1}, "name": "a",
                    "partialFilterExpression": {"a": {"$exists": false}}})",
                67, "partialFilterExpression"},
        BadSpec{"PartialRegex",
                R"({"key": {"a": 1}, "name": "a",
                    "partialFilterExpression": {"a": {"$regex": "^x"}}})",
                67, "partialFilterExpression"},
        BadSpec{"PartialExpr",
                R"({"key": {"a": 1}, "name": "a",
                    "partialFilterExpression": {"$expr": {"$gt": ["$a", 5]}}})",
                224, "partialFilterExpression"},
        BadSpec{"PartialNumber", R"({"key": {"a": 1}, "name": "a", "partialFilterExpression": 1})",
                14, "partialFilterExpression"},
        BadSpec{"TextCollation", R"({"key": {"a": 1}, "name": "a", "collation": "en"})", 14,
                "collation"},
        BadSpec{"EmptyCollation", R"({"key": {"a": 1}, "name": "a", "collation": {}})", 2,
                "collation.locale"},
        BadSpec{"StrengthOutOfRange",
                R"({"key": {"a": 1}, "name": "a", "collation": {"locale": "en", "strength": 6}})",
                2, "collation.strength"},
        BadSpec{"BitsOutOfRange", R"({"key": {"a": "2d"}, "name": "a", "bits": 33})", 72, "bits"},
        BadSpec{"EmptyBounds", R"({"key": {"a": "2d"}, "name": "a", "min": 10, "max": 10})", 72,
                "min"},
        BadSpec{"StrayWildcardProjection",
                R"({"key": {"a": 1}, "name": "a", "wildcardProjection": {"b": 1}})", 2,
                "wildcardProjection"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(IndexSpec, TakesAtMost32Fields) {
  std::string json = R"({"name": "n", "key": {"f0": 1)";
  for (int i = 1; i < 32; ++i) json += ", \"f" + std::to_string(i) + "\": 1";
  EXPECT_EQ(parse((json + "}}").c_str()).fields.size(), 32U);
  EXPECT_THROW((void)parse((json + ", \"f32\": 1}}").c_str()), QueryError);
}

TEST(IndexSpec, KnowsHashedAndWildcardFields) {
  const auto hashed = parse(R"({"key": {"a": "hashed", "b": 1}, "name": "a"})");
  ASSERT_EQ(hashed.fields.size(), 2U);
  EXPECT_EQ(hashed.fields[0].kind, IndexField::Kind::hashed);
  EXPECT_EQ(hashed.wildcard(), nullptr);
  EXPECT_TRUE(hashed.needs_format_2());
  const auto wildcard =
      parse(R"({"key": {"$**": -1}, "name": "a", "wildcardProjection": {"a": 1}})");
  ASSERT_NE(wildcard.wildcard(), nullptr);
  EXPECT_TRUE(wildcard.wildcard()->descending);
  EXPECT_TRUE(wildcard.key_maker().wildcard().covers("a.b"));
  EXPECT_FALSE(wildcard.key_maker().wildcard().covers("ab"));
  EXPECT_TRUE(parse(R"({"key": {"a.$**": 1}, "name": "a"})").key_maker().wildcard().covers("a"));
  EXPECT_FALSE(parse(R"({"key": {"a": 1}, "name": "a"})").needs_format_2());
}

class RefusedIndexSpec : public ::testing::TestWithParam<const char*> {};
TEST_P(RefusedIndexSpec, IsUnsupportedByName) {
  try {
    (void)parse(GetParam());
    FAIL() << "accepted " << GetParam();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_FALSE(error.path().empty());
  }
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, RefusedIndexSpec,
    ::testing::Values(R"({"key": {"a": "text"}, "name": "a"})",
                      R"({"key": {"a": "2dsphere", "b": 1}, "name": "a"})",
                      R"({"key": {"a": "2d"}, "name": "a", "bits": 20})",
                      R"({"key": {"a": 1}, "name": "a", "collation": {"locale": "de"}})"));

}  // namespace
}  // namespace quire::store::embedded
