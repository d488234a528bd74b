#include <gtest/gtest.h>

#include "mapping_types.hpp"
#include "quire/core/error.hpp"

namespace quire::test {

struct Renamed {
  ObjectId id = {};
  std::string full_name = {};
  int secret = 7;
  std::optional<int> level = {};
  static auto model() {
    return mapping<Renamed>()
        .rename<&Renamed::full_name>("fullName")
        .was<&Renamed::full_name>("name")
        .with<reflect::Skip<reflect::index_of<&Renamed::secret>>>()
        .with<reflect::WhenEmptyIs<reflect::index_of<&Renamed::level>, WhenEmpty::null>>();
  }
};
struct Camel {
  ObjectId id = {};
  int created_at_ms = 1;
  int x2_y = 2;
  static auto model() { return mapping<Camel>().with<reflect::ForAll<Naming::camel_case>>(); }
};
struct Flat {
  std::string title;
  Address address;
  int last = 0;
  bool operator==(const Flat&) const = default;
  static auto model() {
    return mapping<Flat>().with<reflect::Flatten<reflect::index_of<&Flat::address>>>();
  }
};
struct Strict {
  int a = 1;
  std::vector<int> list;
  static auto model() {
    return mapping<Strict>()
        .with<reflect::ForAll<Unknown::error>>()
        .with<reflect::ForAll<Missing::error>>()
        .with<reflect::ForAll<Numbers::strict>>();
  }
};
struct Loose {
  int a = 1;
  bool flag = false;
  double d = 0;
  static auto model() {
    return mapping<Loose>()
        .with<reflect::ForAll<OnNull::as_missing>>()
        .with<reflect::ForAll<Numbers::lossy>>();
  }
};
struct Keeping {
  ObjectId id = {};
  int known = 0;
  Extra extra;
};
struct Versioned {
  std::string text;
  static auto model() { return mapping<Versioned>().version(); }
};
struct Cents {
  using stored = std::int64_t;
  static std::int64_t to_bson(double euros) { return static_cast<std::int64_t>(euros * 100); }
  static double from_bson(std::int64_t cents) { return static_cast<double>(cents) / 100; }
};
struct Priced {
  double price = 0;
  static auto model() { return mapping<Priced>().with<reflect::ConvertWith<0, Cents>>(); }
};
struct Foreign {
  int a_field = 4;
};
struct Clash {
  int a = 0, b = 0;
  static auto model() { return mapping<Clash>().rename<&Clash::a>("b"); }
};

}  // namespace quire::test

template <>
struct quire::Describe<quire::test::Foreign> {
  static auto model() {
    return test::mapping<test::Foreign>().rename<&test::Foreign::a_field>("A");
  }
};

namespace quire::test {
namespace {

template <class T>
T from(const char* json) {
  return bson::decode<T>(bson::from_json(json));
}
template <class T>
std::string json(const T& value) {
  return compact(bson::to_json(bson::encode(value)));
}
template <class T>
void expect_error(const char* text, ErrorCode code, const std::string& path) {
  try {
    (void)from<T>(text);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.path().str(), path) << error.what();
  }
}

TEST(Policies, RenamedSkippedAndFormerNames) {
  Renamed value{.full_name = "Ada"};
  value.id.bytes[0] = 1;
  EXPECT_EQ(json(value),
            R"({"_id":{"$oid":"010000000000000000000000"},"fullName":"Ada","level":null})");
  EXPECT_EQ(bson::decode<Renamed>(bson::encode(value)).full_name, "Ada");
  EXPECT_EQ(from<Renamed>(R"({"name":"Old","secret":1})").full_name, "Old");
  EXPECT_EQ(from<Renamed>(R"({"name":"Old","secret":1})").secret, 7);
  EXPECT_EQ(from<Renamed>(R"({"full_name":"no name of it"})").full_name, "");
  expect_error<Renamed>(R"({"fullName":"a","name":"b"})", ErrorCode::duplicate_field, "name");
  EXPECT_EQ((reflect::stored_name<Renamed, 1>()), "fullName");
  EXPECT_EQ((reflect::stored_name<Renamed, 0>()), "_id");
}

TEST(Policies, CamelCase) {
  EXPECT_EQ(json(Camel{}),
            R"({"_id":{"$oid":"000000000000000000000000"},"createdAtMs":1,"x2Y":2})");
  EXPECT_EQ(from<Camel>(R"({"createdAtMs":9})").created_at_ms, 9);
}

TEST(Policies, FlattenedMembersStandBesideTheOthers) {
  const Flat flat{"t", {"Bonn", "5"}, 3};
  EXPECT_EQ(json(flat), R"({"title":"t","city":"Bonn","zip":"5","last":3})");
  EXPECT_EQ(bson::decode<Flat>(bson::encode(flat)), flat);
  EXPECT_EQ(from<Flat>(R"({"last":3,"zip":"5","city":"Bonn","title":"t"})"), flat);
  EXPECT_EQ(from<Flat>(R"({"city":"Bonn"})").address.zip, std::nullopt);
  expect_error<Flat>(R"({"city":1})", ErrorCode::type_mismatch, "city");
}

TEST(Policies, StrictModelsRefuse) {
  EXPECT_EQ(from<Strict>(R"({"a":1,"list":[]})").a, 1);
  expect_error<Strict>(R"({"a":1})", ErrorCode::missing_field, "list");
  expect_error<Strict>(R"({"a":1,"list":[],"b":1})", ErrorCode::unknown_field, "b");
  expect_error<Strict>(R"({"a":{"$numberLong":"1"},"list":[]})", ErrorCode::type_mismatch, "a");
  expect_error<Strict>(R"({"a":1,"list":[1,2.0]})", ErrorCode::type_mismatch, "list[1]");
  EXPECT_EQ(from<Strict>(R"({"a":1,"_v":1,"_q":{},"list":[]})").a, 1);
}

TEST(Policies, LooseModelsCutAndTakeNullAsAbsent) {
  const auto loose = from<Loose>(R"({"a":2.9,"flag":1,"d":true})");
  EXPECT_EQ(loose.a, 2);
  EXPECT_TRUE(loose.flag);
  EXPECT_EQ(loose.d, 1);
  EXPECT_EQ(from<Loose>(R"({"a":null})").a, 1);
  expect_error<Loose>(R"({"a":1e300})", ErrorCode::integer_overflow, "a");
}

TEST(Policies, ExtraFieldsComeBackBehindTheKnownOnes) {
  const char* stored =
      R"({"_id":{"$oid":"010000000000000000000000"},"new":{"a":[1,2]},"known":5,"_v":3,"z":null})";
  const auto keeping = from<Keeping>(stored);
  EXPECT_EQ(keeping.known, 5);
  EXPECT_EQ(
      json(keeping),
      R"({"_id":{"$oid":"010000000000000000000000"},"known":5,"new":{"a":[1,2]},"_v":3,"z":null})");
  auto used = keeping;
  bson::decode_into(bson::from_json(R"({"known":1})"), used);
  EXPECT_TRUE(used.extra.fields.empty());
  Keeping clash;
  clash.extra.fields = bson::make_document("known", 1);
  EXPECT_THROW((void)bson::encode(clash), MappingError);
}

TEST(Policies, VersionedModelsWriteTheirVersion) {
  EXPECT_EQ(json(Versioned{"t"}), R"({"text":"t","_v":3})");
  struct Outer {
    Versioned inner;
  };
  EXPECT_EQ(json(Outer{{"t"}}), R"({"inner":{"text":"t"}})");
}

TEST(Policies, MembersHaveConvertersOfTheirOwn) {
  EXPECT_EQ(json(Priced{12.5}), R"({"price":1250})");
  EXPECT_EQ(from<Priced>(R"({"price":1250})").price, 12.5);
}

TEST(Policies, ForeignTypesAreDescribedFromOutside) {
  EXPECT_EQ(json(Foreign{}), R"({"A":4})");
  EXPECT_EQ(from<Foreign>(R"({"A":9})").a_field, 9);
}

TEST(Policies, TwoMembersOfOneNameAreAModelError) {
  EXPECT_THROW((void)bson::encode(Clash{}), ModelError);
}

TEST(Policies, RecursiveTypesMap) {
  Node node{"root", {}, nullptr};
  node.children.push_back({"a", {}, nullptr});
  node.next = std::make_unique<Node>();
  EXPECT_EQ(
      json(node),
      R"({"name":"root","children":[{"name":"a","children":[]}],"next":{"name":"","children":[]}})");
  EXPECT_EQ(bson::decode<Node>(bson::encode(node)).children.at(0).name, "a");
}

}  // namespace
}  // namespace quire::test
