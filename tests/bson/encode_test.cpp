#include "quire/bson/encode.hpp"

#include <gtest/gtest.h>

#include "mapping_types.hpp"
#include "quire/core/error.hpp"

namespace quire::test {
namespace {

template <class T>
std::string json(const T& value) {
  return compact(bson::to_json(bson::encode(value), bson::JsonMode::canonical));
}
template <class T>
void expect_error(const T& value, ErrorCode code, const std::string& path) {
  bson::Buffer kept;
  kept.append("abc", 3);
  try {
    bson::encode_into(value, kept);
    FAIL() << "accepted";
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.path().str(), path);
    EXPECT_EQ(kept.size(), 3U) << "the buffer is as before";
  }
}

TEST(Encode, WritesMembersInOrderAndIdAsUnderscoreId) {
  EXPECT_EQ(json(Person{.id = ObjectId::from_string("0123456789abcdef01234567"),
                        .name = "Ada",
                        .orders = {{"s1", 2.5}},
                        .address = Address{"Berlin", "10115"}}),
            R"({"_id":{"$oid":"0123456789abcdef01234567"},"name":"Ada","age":{"$numberInt":"21"},)"
            R"("orders":[{"sku":"s1","price":{"$numberDouble":"2.5"}}],)"
            R"("address":{"city":"Berlin","zip":"10115"}})");
}

TEST(Encode, LeavesEmptyOptionalsOut) {
  EXPECT_EQ(json(Address{"Berlin", {}}), R"({"city":"Berlin"})");
}

/// The document of a T as its initialisers say, valid by all rules.
template <class T>
bson::Document valid_document() {
  auto document = bson::encode(T{});
  bson::ValidateOptions strict;
  strict.array_keys = strict.unique_keys = true;
  EXPECT_NO_THROW(bson::validate(document, strict));
  return document;
}

TEST(Encode, GivesValidDocumentsOfScalars) {
  const auto document = valid_document<Scalars>();
  const auto type_of = [&](const char* key) { return document[key].type(); };
  EXPECT_EQ(type_of("_id"), bson::Type::int32);
  EXPECT_EQ(type_of("u16"), bson::Type::int32);
  EXPECT_EQ(type_of("u32"), bson::Type::int64);
  EXPECT_EQ(type_of("u64"), bson::Type::int64);
  EXPECT_EQ(type_of("f"), bson::Type::double_);
  EXPECT_EQ(document["plan"].as_string(), "pro");
  EXPECT_EQ(document["level"].as_int32(), 200);
  EXPECT_EQ(document["wait"].as_int64(), 90'000);
  EXPECT_EQ(document["fine"].as_int64(), 1'234'567);
  EXPECT_EQ(document["real"].as_double(), 1500);
  EXPECT_EQ(type_of("at"), bson::Type::date_time);
  EXPECT_FALSE(document.contains("none"));
  EXPECT_EQ(document["money"].as_int64(), 1250);
}

TEST(Encode, GivesValidDocumentsOfBsonTypesAndContainers) {
  const auto values = valid_document<BsonValues>();
  EXPECT_EQ(values["uuid"].type(), bson::Type::binary);
  EXPECT_EQ(values["bytes"].type(), bson::Type::binary);
  const auto sequences = valid_document<Sequences>();
  EXPECT_EQ(sequences["holes"].as_array()["1"].type(), bson::Type::null);
  const auto maps = valid_document<Maps>();
  EXPECT_EQ(maps["numbered"].as_document()["-5"].as_string(), "a");
  EXPECT_EQ(maps["shape"].as_document()["_t"].as_string(), "Circle");
}

TEST(Encode, AppendsToAKeptBuffer) {
  bson::Buffer buffer;
  bson::encode_into(Address{"a", {}}, buffer);
  const auto first = buffer.size();
  bson::encode_into(Address{"b", {}}, buffer);
  EXPECT_EQ(bson::View(buffer.data() + first, buffer.size() - first),
            bson::encode(Address{"b", {}}).view());
  const auto capacity = buffer.capacity();
  buffer.clear();
  bson::encode_into(Address{"c", {}}, buffer);
  EXPECT_EQ(buffer.capacity(), capacity);
}

TEST(Encode, CountsArrayPositionsBeyondAThousand) {
  struct Long {
    std::vector<std::string> texts = {};
  };
  const auto document = bson::encode(Long{std::vector<std::string>(1234, "x")});
  bson::ValidateOptions strict;
  strict.array_keys = true;
  EXPECT_NO_THROW(bson::validate(document, strict));
  EXPECT_TRUE(document["texts"].as_array().contains("1233"));
}

TEST(EncodeValue, GivesSingleValuesOfAnyMappedType) {
  EXPECT_EQ(bson::encode_value(5), bson::Value(5));
  EXPECT_EQ(bson::encode_value(std::string("x")), bson::Value("x"));
  EXPECT_EQ(bson::encode_value(Plan::pro), bson::Value("pro"));
  EXPECT_EQ(bson::encode_value(std::optional<int>()), bson::Value());
  EXPECT_EQ(bson::encode_value(std::optional<int>(3)), bson::Value(3));
  EXPECT_EQ(bson::encode_value(Address{"B", {}}).type(), bson::Type::document);
  EXPECT_EQ(bson::encode_value(std::vector<int>{1}).view().as_array()["0"].as_int32(), 1);
  EXPECT_EQ(bson::encode_value(Money(7)), bson::Value(std::int64_t{7}));
  EXPECT_EQ(bson::encode_value(Shape(Circle{1})).view().as_document()["_t"].as_string(), "Circle");
  bson::Writer writer;
  bson::append_value(writer, "a", Address{"B", {}});
  EXPECT_EQ(compact(bson::to_json(writer.finish())), R"({"a":{"city":"B"}})");
}

struct Bad {
  std::vector<std::map<std::string, std::uint64_t>> counts = {};
  std::vector<Plan> plans = {};
  std::vector<std::string> texts = {};
  std::map<std::string, std::vector<Money>> money = {};
};

TEST(EncodeErrors, NameThePath) {
  expect_error(Bad{.counts = {{}, {{"k", ~std::uint64_t{0}}}}}, ErrorCode::integer_overflow,
               "counts[1].k");
  expect_error(Bad{.plans = {Plan::pro, static_cast<Plan>(9)}}, ErrorCode::unknown_enum_value,
               "plans[1]");
  expect_error(Bad{.texts = {"ok", "ok", "bad \xff"}}, ErrorCode::invalid_utf8, "texts[2]");
  expect_error(Bad{.money = {{"k", {Money(1), Money(-1)}}}}, ErrorCode::conversion_failed,
               "money.k[1]");
  expect_error(Bad{.counts = {{{std::string("a\0b", 3), 1}}}}, ErrorCode::invalid_key,
               "counts[0].a");
  expect_error(Bad{.counts = {{{"b\xff", 1}}}}, ErrorCode::invalid_utf8, "counts[0].b\xff");
  struct Planned {
    std::map<Plan, int> limits;
  };
  expect_error(Planned{{{static_cast<Plan>(9), 1}}}, ErrorCode::unknown_enum_value, "limits.9");
}

TEST(EncodeErrors, Utf8CheckCanBeOff) {
  EXPECT_NO_THROW((void)bson::encode(Address{"\xff", {}}, {.utf8 = false}));
}

TEST(EncodeErrors, StopAtAHundredLevels) {
  Node root;
  Node* at = &root;
  for (int i = 0; i < 98; ++i) {
    at->next = std::make_unique<Node>();
    at = at->next.get();
  }
  EXPECT_NO_THROW((void)bson::encode(root));  // 99 documents, and the innermost's array: 100
  for (int i = 0; i < 100'000; ++i) {
    auto outer = std::make_unique<Node>();
    outer->next = std::move(root.next);
    root.next = std::move(outer);
  }
  try {
    (void)bson::encode(root);
    ADD_FAILURE() << "accepted";
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_deep);
  }
  while (root.next) root.next = std::move(root.next->next);  // not by recursion
}

TEST(EncodeErrors, DocumentsAreAtMostSixteenMebibytes) {
  struct Text {
    std::string t;
  };
  constexpr std::size_t frame = 4 + 3 + 4 + 1 + 1;
  EXPECT_NO_THROW((void)bson::encode(Text{std::string(bson::max_document_bytes - frame, 'x')}));
  expect_error(Text{std::string(bson::max_document_bytes - frame + 1, 'x')},
               ErrorCode::document_too_large, "");
  expect_error(Text{std::string(200'000'000, 'x')}, ErrorCode::document_too_large, "");
}

}  // namespace
}  // namespace quire::test
