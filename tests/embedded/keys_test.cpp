#include "store/embedded/engine/keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "print_bson.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "store/embedded/engine/compare.hpp"

namespace quire::store::embedded {
namespace {

using bson::Value;

std::string key_of(const Value& value, bool descending = false) {
  std::string key;
  append_key(key, value, descending);
  return key;
}
std::string hex(const std::string& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}
Value value_of(const char* json) {
  return Value(bson::from_json(std::string(R"({"v": )") + json + "}")["v"]);
}
int sign(int n) { return n < 0 ? -1 : n > 0 ? 1 : 0; }

// The bytes are in files: what this table says can only change with the format's number.
TEST(Keys, KeepTheirBytes) {
  const std::pair<const char*, const char*> table[] = {
      {R"({"$minKey": 1})", "0a"},
      {R"({"$undefined": true})", "14"},
      {"null", "1e"},
      {"0", "28800000000000000000"},
      {"1", "28bff000000000000000"},
      {"-1", "28400fffffffffffff00"},
      {"1.5", "28bff800000000000000"},
      {R"({"$numberDouble": "NaN"})", "28000000000000000000"},
      {R"({"$numberLong": "9007199254740993"})",
       "28c340000000000000"
       "01"
       "8010"
       "39303037313939323534373430393933"
       "00"},
      {R"({"$numberDecimal": "-0.1"})",
       "28"
       "4046666666666665"
       "01"
       "7fff"
       "ce"
       "ff"},
      {R"("")", "3200"},
      {R"("ab")", "32616200"},
      {R"("a\u0000\u0001")",
       "326101010102"
       "00"},
      {R"({"$symbol": "ab"})", "32616200"},
      {R"({})", "3c00"},
      {R"({"a": null, "b": "x"})",
       "3c"
       "1e6100"
       "32620078"
       "00"
       "00"},
      {"[]", "4600"},
      {R"([null, ["x"]])",
       "46"
       "1e"
       "46"
       "327800"
       "00"
       "00"},
      {R"({"$binary": {"base64": "AP8=", "subType": "80"}})",
       "50"
       "00000002"
       "80"
       "00ff"},
      {R"({"$oid": "5f0000000000000000000001"})", "5a5f0000000000000000000001"},
      {"false", "6400"},
      {"true", "6401"},
      {R"({"$date": {"$numberLong": "-1"}})", "6e7fffffffffffffff"},
      {R"({"$timestamp": {"t": 1, "i": 2}})", "780000000100000002"},
      {R"({"$regularExpression": {"pattern": "a", "options": "i"}})", "8261006900"},
      {R"({"$code": "f"})", "966600"},
      {R"({"$code": "f", "$scope": {}})", "a0660000"},
      {R"({"$maxKey": 1})", "fa"},
  };
  for (const auto& [json, bytes] : table) EXPECT_EQ(hex(key_of(value_of(json))), bytes) << json;
}

TEST(Keys, OfOneValueInAnyNumericTypeAreTheSame) {
  const auto five = key_of(Value(5));
  EXPECT_EQ(key_of(Value(std::int64_t{5})), five);
  EXPECT_EQ(key_of(Value(5.0)), five);
  EXPECT_EQ(key_of(value_of(R"({"$numberDecimal": "5.000"})")), five);
  EXPECT_EQ(key_of(Value(-0.0)), key_of(Value(0)));
  EXPECT_EQ(key_of(value_of(R"({"$numberDecimal": "-0E-100"})")), key_of(Value(0)));
  EXPECT_EQ(key_of(value_of(R"({"$numberDecimal": "9007199254740993.0"})")),
            key_of(Value(std::int64_t{9007199254740993})));
  EXPECT_NE(key_of(value_of(R"({"$numberDecimal": "0.1"})")), key_of(Value(0.1)));
}

TEST(Keys, AreInTheOrderOfTheirValues) {
  for (std::uint64_t seed = 0; seed < 40000; ++seed) {
    test::RandomDocument make(seed);
    const auto a = make.value();
    const auto b = make.value();
    const int order = compare(a, b);
    ASSERT_EQ(sign(key_of(a).compare(key_of(b))), order)
        << "seed " << seed << ": " << testing::PrintToString(a) << " and "
        << testing::PrintToString(b);
    ASSERT_EQ(sign(key_of(a, true).compare(key_of(b, true))), -order) << "seed " << seed;
  }
}

TEST(Keys, OfNearbyNumbersAreInTheirOrder) {
  test::Random random(7);
  std::vector<Value> numbers;
  for (int i = 0; i < 400; ++i) {
    const auto center = static_cast<std::int64_t>(random.next()) >> random.below(40);
    numbers.emplace_back(center);
    numbers.emplace_back(static_cast<double>(center));
    for (const char* tail : {"", ".5", ".0000000001"}) {
      numbers.emplace_back(Decimal128::from_string(std::to_string(center) + tail));
    }
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    for (std::size_t k = i - i % 5; k < std::min(numbers.size(), i + 10); ++k) {
      EXPECT_EQ(sign(key_of(numbers[i]).compare(key_of(numbers[k]))),
                compare(numbers[i], numbers[k]))
          << testing::PrintToString(numbers[i]) << " and " << testing::PrintToString(numbers[k]);
    }
  }
}

// No key is the beginning of another: keys of several fields can stand one after the other.
TEST(Keys, DelimitThemselves) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    test::RandomDocument make(seed);
    const auto a = make.value();
    const auto b = make.value();
    const auto x = key_of(a);
    const auto y = key_of(b);
    if (x != y) {
      EXPECT_FALSE(x.starts_with(y) || y.starts_with(x)) << "seed " << seed;
    }
    auto end = x;
    to_prefix_end(end);
    EXPECT_LT(x, end);
    if (y > x) {
      EXPECT_LE(end, y) << "seed " << seed;
    }
  }
}

TEST(Keys, OfABracketLieBetweenItsEnds) {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    test::RandomDocument make(seed);
    const auto a = make.value();
    const auto b = make.value();
    for (const bool descending : {false, true}) {
      std::string low;
      std::string high;
      append_bracket(low, high, a.type(), descending);
      const auto key = key_of(b, descending);
      EXPECT_EQ(low <= key && key < high, type_rank(a.type()) == type_rank(b.type()))
          << "seed " << seed;
    }
  }
}

TEST(Keys, PrefixEndOfBytesThatCannotGrowIsEmpty) {
  std::string key = "\xFF\xFF";
  to_prefix_end(key);
  EXPECT_EQ(key, "");
  key = "a\xFF";
  to_prefix_end(key);
  EXPECT_EQ(key, "b");
}

/// The keys as their values: expected ones are given as JSON lists, one for each key.
struct Made {
  std::vector<std::string> keys;
  bool multikey = false;
};
Made make_keys(const KeyMaker& maker, const char* document) {
  Made made;
  made.multikey = maker.make(bson::from_json(document), made.keys);
  return made;
}
std::vector<std::string> expected(const std::vector<IndexField>& fields, const char* json) {
  const auto wrapped = bson::from_json(std::string(R"({"k": )") + json + "}");
  std::vector<std::string> out;
  for (const auto& key : wrapped["k"].as_array()) {
    std::string bytes;
    std::size_t i = 0;
    for (const auto& part : key.value.as_array())
      append_key(bytes, part.value, fields[i++].descending);
    out.push_back(bytes);
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(KeyMaker, FollowsPathsThroughDocumentsAndArrays) {
  struct Case {
    std::vector<IndexField> fields;
    const char* document;
    const char* keys;
    bool multikey;
  };
  const Case cases[] = {
      {{{"a"}}, R"({"a": 5})", "[[5]]", false},
      {{{"a", true}}, R"({"a": 5})", "[[5]]", false},
      {{{"a"}}, R"({"b": 5})", "[[null]]", false},
      {{{"a"}}, R"({"a": []})", R"([[{"$undefined": true}]])", true},
      {{{"a"}}, R"({"a": [2, 1, 2, null]})", "[[2], [1], [null]]", true},
      {{{"a"}}, R"({"a": [[1, 2], 3]})", "[[[1, 2]], [3]]", true},
      {{{"a.b"}}, R"({"a": {"b": 1}})", "[[1]]", false},
      {{{"a.b"}}, R"({"a": 5})", "[[null]]", false},
      {{{"a.b"}}, R"({"a": [{"b": 1}, {"b": [2, 3]}, {}]})", "[[1], [2], [3], [null]]", true},
      {{{"a.b"}}, R"({"a": []})", "[[null]]", true},
      {{{"a.0"}}, R"({"a": [7, 8]})", "[[7]]", false},
      {{{"a.1.b"}}, R"({"a": [7, {"b": 8}]})", "[[8]]", false},
      {{{"a"}, {"b", true}}, R"({"a": [1, 2], "b": 3})", "[[1, 3], [2, 3]]", true},
      {{{"a"}, {"b"}}, R"({"a": 1})", "[[1, null]]", false},
      {{{"a.b"}, {"a.c"}}, R"({"a": [{"b": 1, "c": 2}, {"b": 3}]})", "[[1, 2], [3, null]]", true},
  };
  for (const auto& one : cases) {
    const auto made = make_keys(KeyMaker(one.fields, false), one.document);
    EXPECT_EQ(made.keys, expected(one.fields, one.keys)) << one.document;
    EXPECT_EQ(made.multikey, one.multikey) << one.document;
  }
}

TEST(KeyMaker, OfASparseIndexSkipsDocumentsWithoutAnyField) {
  const KeyMaker one({{"a"}}, true);
  EXPECT_TRUE(make_keys(one, R"({"b": 1})").keys.empty());
  EXPECT_EQ(make_keys(one, R"({"a": null})").keys.size(), 1U);
  const KeyMaker two({{"a"}, {"b.c"}}, true);
  EXPECT_TRUE(make_keys(two, R"({"b": {"d": 1}})").keys.empty());
  EXPECT_EQ(make_keys(two, R"({"b": {"c": 1}})").keys.size(), 1U);
}

TEST(KeyMaker, RefusesTwoArraysInOneDocument) {
  const KeyMaker maker({{"a"}, {"b"}}, false);
  try {
    make_keys(maker, R"({"a": [1], "b": [2]})");
    FAIL() << "no error";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.backend_code(), 171);
    EXPECT_EQ(error.path().str(), "b");
  }
}

TEST(KeyMaker, RefusesAPositionThatIsAFieldOfAnElementToo) {
  const KeyMaker maker({{"a.0", false}}, false);
  for (const auto* document : {R"({"a": [{"0": 2}]})", R"({"a": [2, {"0": 3}]})"}) {
    try {
      make_keys(maker, document);
      FAIL() << "no error for " << document;
    } catch (const StoreError& error) {
      EXPECT_EQ(error.backend_code(), 16746) << document;
    }
  }
  // Another number, or no array: nothing is in doubt.
  EXPECT_EQ(make_keys(maker, R"({"a": [{"1": 2}]})").keys.size(), 1U);
  EXPECT_EQ(make_keys(maker, R"({"a": {"0": 2}})").keys.size(), 1U);
}

}  // namespace
}  // namespace quire::store::embedded
