#include "store/embedded/engine/keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "print_bson.hpp"
#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/sort.hpp"

namespace quire::store::embedded {
namespace {

using bson::Value;

std::string key_of(const Value& value, bool descending = false) {
  std::string key;
  append_key(key, value, descending);
  return key;
}
int sign(int n) { return n < 0 ? -1 : n > 0 ? 1 : 0; }
Value decimal(const char* text) { return Decimal128::from_string(text); }

/// Each group is greater than the one before; within a group all are equal.
const std::vector<std::vector<Value>>& ordered_groups() {
  static const auto groups = [] {
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<std::vector<Value>> all;
    all.push_back({bson::MinKey{}});
    all.push_back({bson::Undefined{}});
    all.push_back({bson::Null{}});
    all.push_back({std::numeric_limits<double>::quiet_NaN(), decimal("NaN")});
    all.push_back({-infinity, decimal("-Infinity")});
    all.push_back({decimal("-9E+6000")});
    all.push_back({-1.7e308});
    all.push_back({std::numeric_limits<std::int64_t>::min(), -9223372036854775808.0,
                   decimal("-9223372036854775808")});
    all.push_back({std::numeric_limits<std::int64_t>::min() + 1, decimal("-9223372036854775807")});
    all.push_back({std::int64_t{-9007199254740993}, decimal("-9007199254740993")});
    all.push_back({std::int64_t{-9007199254740992}, -9007199254740992.0});
    all.push_back({-1, -1.0, decimal("-1.000")});
    all.push_back({decimal("-0.1")});  // the double below is -0.1000000000000000055…
    all.push_back({decimal("-1E-6000")});
    all.push_back({0, 0.0, -0.0, std::int64_t{0}, decimal("0"), decimal("-0E+10")});
    all.push_back({decimal("1E-6000")});
    all.push_back({5e-324});
    all.push_back({decimal("0.1")});
    all.push_back({0.1});
    all.push_back({decimal("0.100000000000000006")});
    all.push_back({1, 1.0, decimal("1.0")});
    all.push_back({std::int64_t{9007199254740992}, 9007199254740992.0});
    all.push_back({std::int64_t{9007199254740993}, decimal("9007199254740993")});
    all.push_back({decimal("9007199254740993.5")});
    all.push_back({std::int64_t{9007199254740994}});
    all.push_back({std::numeric_limits<std::int64_t>::max(), decimal("9223372036854775807")});
    all.push_back({9223372036854775808.0, decimal("9223372036854775808")});
    all.push_back({1.7e308});
    all.push_back({decimal("9E+6000")});
    all.push_back({infinity, decimal("Infinity")});
    all.push_back({""});
    all.push_back({std::string_view("\0", 1)});
    all.push_back({std::string_view("\0\0", 2)});
    all.push_back({std::string_view("\0\1", 2)});
    all.push_back({std::string_view("\1", 1)});
    all.push_back({std::string_view("\2", 1)});
    all.push_back({"a", bson::Symbol{"a"}});
    all.push_back({std::string_view("a\0", 2)});
    all.push_back({"ab"});
    all.push_back({bson::Document{}});
    all.push_back({bson::make_document("a", 1), bson::make_document("a", 1.0)});
    all.push_back({bson::make_document("a", 1, "b", 0)});
    all.push_back({bson::make_document("a", 2)});
    all.push_back({bson::make_document("b", 1)});
    all.push_back({bson::make_document("a", "x")});  // the type comes before the name
    all.push_back({Value::array(bson::Document{})});
    all.push_back({Value::array(bson::make_array(1))});
    all.push_back({Value::array(bson::make_array(1, 0))});
    all.push_back({bson::Binary{{255}}});
    all.push_back({bson::Binary{{0, 0}}});
    all.push_back({bson::Binary{{0, 0}, bson::BinarySubtype::md5}});
    all.push_back({ObjectId{}});
    all.push_back({false});
    all.push_back({true});
    all.push_back({DateTime{std::chrono::milliseconds{-1}}});
    all.push_back({DateTime{std::chrono::milliseconds{1}}});
    all.push_back({Timestamp{9, 1}});
    all.push_back({Timestamp{0, 2}});
    all.push_back({bson::Regex{"a", ""}});
    all.push_back({bson::Regex{"a", "i"}});
    all.push_back({bson::Code{"f"}});
    all.push_back({bson::MaxKey{}});
    return all;
  }();
  return groups;
}

TEST(Keys, OrderIsThatOfValuesAcrossAllTypes) {
  const auto& groups = ordered_groups();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t k = 0; k < groups.size(); ++k) {
      const int wanted = i < k ? -1 : i > k ? 1 : 0;
      for (const auto& a : groups[i]) {
        for (const auto& b : groups[k]) {
          EXPECT_EQ(sign(compare(a, b)), wanted)
              << bson::to_json(a.view()) << " " << bson::to_json(b.view());
          EXPECT_EQ(sign(key_of(a).compare(key_of(b))), wanted)
              << bson::to_json(a.view()) << " " << bson::to_json(b.view());
          EXPECT_EQ(sign(key_of(a, true).compare(key_of(b, true))), -wanted);
        }
      }
    }
  }
}

TEST(Keys, OrderIsThatOfRandomValues) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    const auto a = test::RandomDocument(seed).document();
    const auto b = test::RandomDocument(seed + 1'000'000).document();
    for (const auto& x : a) {
      for (const auto& y : b) {
        const Value left(x.value);
        const Value right(y.value);
        ASSERT_EQ(sign(compare(left, right)), sign(key_of(left).compare(key_of(right))))
            << bson::to_json(left.view()) << " " << bson::to_json(right.view());
      }
    }
    ASSERT_EQ(sign(compare_documents(a, b)), sign(key_of(a).compare(key_of(b))));
  }
}

TEST(Keys, OfOneFieldDelimitThemselvesBeforeTheNext) {
  // ("a", 2) < ("a\x01", 1), although the bytes of "a" are a prefix of the other text.
  std::string first = key_of("a") + key_of(2);
  std::string second = key_of(std::string_view("a\x01", 2)) + key_of(1);
  EXPECT_LT(first, second);
}

TEST(Keys, BracketsHoldTheirTypeAlone) {
  std::string low;
  std::string high;
  append_bracket(low, high, bson::Type::int32);
  EXPECT_GE(key_of(std::numeric_limits<double>::quiet_NaN()), low);
  EXPECT_LT(key_of(std::numeric_limits<double>::infinity()), high);
  EXPECT_LT(key_of(bson::Null{}), low);
  EXPECT_GE(key_of(""), high);
}

struct KeysRow {
  const char* name;
  std::vector<IndexField> fields;
  bool sparse;
  const char* document;
  std::vector<const char*> keys;  // each: the values of a key as {"": …} fields
  bool multikey;
};
class MakesKeys : public ::testing::TestWithParam<KeysRow> {};
TEST_P(MakesKeys, OneForEachElement) {
  const auto& row = GetParam();
  std::vector<std::string> wanted;
  for (const char* json : row.keys) {
    std::string key;
    std::size_t i = 0;
    const auto values = bson::from_json(json);
    for (const auto& value : values) append_key(key, value.value, row.fields[i++].descending);
    wanted.push_back(key);
  }
  std::sort(wanted.begin(), wanted.end());
  std::vector<std::string> keys;
  const auto document = bson::from_json(row.document);
  EXPECT_EQ(KeyMaker(row.fields, row.sparse).make(document, keys), row.multikey);
  EXPECT_EQ(keys, wanted);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, MakesKeys,
    ::testing::Values(
        KeysRow{"Scalar", {{"a"}}, false, R"({"a": 5})", {R"({"a": 5})"}, false},
        KeysRow{"MissingIsNull", {{"a"}}, false, R"({"b": 5})", {R"({"a": null})"}, false},
        KeysRow{"SparseLeavesOut", {{"a"}}, true, R"({"b": 5})", {}, false},
        KeysRow{"SparseKeepsNull", {{"a"}}, true, R"({"a": null})", {R"({"a": null})"}, false},
        KeysRow{"SparseCompoundNeedsOne",
                {{"a"}, {"b"}},
                true,
                R"({"b": 5})",
                {R"({"a": null, "b": 5})"},
                false},
        KeysRow{
            "Array", {{"a"}}, false, R"({"a": [3, 1, 3]})", {R"({"a": 1})", R"({"a": 3})"}, true},
        KeysRow{"EmptyArrayIsUndefined",
                {{"a"}},
                false,
                R"({"a": []})",
                {R"({"a": {"$undefined": true}})"},
                true},
        KeysRow{"NestedArrayIsOneValue",
                {{"a"}},
                false,
                R"({"a": [[1, 2]]})",
                {R"({"a": [1, 2]})"},
                true},
        KeysRow{"Nested", {{"a.b"}}, false, R"({"a": {"b": 7}})", {R"({"a": 7})"}, false},
        KeysRow{"ThroughAnArray",
                {{"a.b"}},
                false,
                R"({"a": [{"b": 1}, {"b": [2, 3]}, {}]})",
                {R"({"a": 1})", R"({"a": 2})", R"({"a": 3})", R"({"a": null})"},
                true},
        KeysRow{"Position", {{"a.1"}}, false, R"({"a": [5, 6]})", {R"({"a": 6})"}, false},
        KeysRow{"SharedArray",
                {{"a.b"}, {"a.c", true}},
                false,
                R"({"a": [{"b": 1, "c": 2}, {"b": 3, "c": 4}]})",
                {R"({"a": 1, "b": 2})", R"({"a": 3, "b": 4})"},
                true},
        KeysRow{"ArrayBesideScalar",
                {{"a"}, {"b"}},
                false,
                R"({"a": [1, 2], "b": 9})",
                {R"({"a": 1, "b": 9})", R"({"a": 2, "b": 9})"},
                true}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(MakesKeys, RefusesParallelArrays) {
  std::vector<std::string> keys;
  try {
    KeyMaker({{"a"}, {"b"}}, false).make(bson::from_json(R"({"a": [1], "b": [2]})"), keys);
    FAIL() << "accepted";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.backend_code(), 171);
    EXPECT_EQ(error.path().str(), "b");
  }
}

TEST(Sorter, TakesTheSmallestElementUpAndTheLargestDown) {
  const auto key = [](const char* order, const char* document) {
    std::string out;
    Sorter(bson::from_json(order)).append_sort_key(bson::from_json(document), out);
    return out;
  };
  EXPECT_EQ(key(R"({"a": 1})", R"({"a": [3, 1, 2]})"), key(R"({"a": 1})", R"({"a": 1})"));
  EXPECT_EQ(key(R"({"a": -1})", R"({"a": [3, 1, 2]})"), key(R"({"a": -1})", R"({"a": 3})"));
  EXPECT_LT(key(R"({"a": 1})", R"({})"), key(R"({"a": 1})", R"({"a": -5})"));
  EXPECT_LT(key(R"({"a": 1, "b": -1})", R"({"a": 1, "b": 9})"),
            key(R"({"a": 1, "b": -1})", R"({"a": 1, "b": 2})"));
}

TEST(Sorter, RefusesWhatIsNoOrder) {
  for (const char* order : {R"({"a": 0})", R"({"a": 2})", R"({"a": "up"})", R"({"a": {}})",
                            R"({"": 1})", R"({"a..b": 1})", R"({"$a": 1})"}) {
    EXPECT_THROW(Sorter{bson::from_json(order)}, QueryError) << order;
  }
}

}  // namespace
}  // namespace quire::store::embedded
