#include "quire/bson/decode.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "decode_checks.hpp"
#include "mapping_types.hpp"
#include "quire/core/error.hpp"

namespace quire::test {
namespace {

TEST(Decode, SkipsUnknownFieldsAnywhere) {
  const auto line = from<Line>(R"({"a":1,"sku":"s","b":{"c":[1]},"price":2.5,"z":null})");
  EXPECT_EQ(line, (Line{"s", 2.5}));
}

TEST(Decode, LeavesInitialisersWhereFieldsAreAbsent) {
  EXPECT_EQ(from<Person>("{}").age, 21);
  Person used{.name = "x", .age = 5, .orders = {{"s", 1}}, .address = Address{}};
  bson::decode_into(bson::from_json(R"({"name":"Bo"})"), used);
  EXPECT_EQ(used, (Person{.name = "Bo"}));
}

TEST(Decode, ReusesTheRoomOfStringsAndVectors) {
  Person person;
  bson::decode_into(bson::encode(Person{.name = std::string(100, 'x'), .orders = {3, Line{}}}),
                    person);
  const auto* text = person.name.data();
  const auto* orders = person.orders.data();
  bson::decode_into(bson::encode(Person{.name = std::string(50, 'y'), .orders = {2, Line{"a", 1}}}),
                    person);
  EXPECT_EQ(person.name.data(), text);
  EXPECT_EQ(person.orders.data(), orders);
  EXPECT_EQ(person.orders.size(), 2U);
}

TEST(Decode, AnEmptyOptionalOverridesItsInitialiser) {
  struct Limit {
    std::optional<int> most = 10;
  };
  EXPECT_EQ(bson::decode<Limit>(bson::encode(Limit{std::nullopt})).most, std::nullopt);
  EXPECT_EQ(from<Limit>(R"({"most":null})").most, std::nullopt);
}

TEST(Decode, StringViewsPointIntoTheDocument) {
  struct Seen {
    std::string_view text;
  };
  const auto document = bson::make_document("text", "here");
  const auto seen = bson::decode<Seen>(document);
  EXPECT_EQ(seen.text.data(), document["text"].as_string().data());
}

TEST(Decode, SharedPointersOfOthersAreNotWrittenTo) {
  struct Holder {
    std::shared_ptr<int> number;
  };
  Holder holder{std::make_shared<int>(1)};
  const auto other = holder.number;
  bson::decode_into(bson::make_document("number", 2), holder);
  EXPECT_EQ(*other, 1);
  EXPECT_EQ(*holder.number, 2);
}

TEST(DecodeNumbers, WidenWhereTheValueStaysTheSame) {
  struct N {
    std::int32_t i = 0;
    std::int64_t l = 0;
    double d = 0;
    std::uint8_t b = 0;
    Decimal128 m;
  };
  const auto n =
      from<N>(R"({"i":{"$numberLong":"7"},"l":3.0,"d":{"$numberLong":"9007199254740992"},)"
              R"("b":{"$numberDecimal":"2.5E+2"},"m":-5})");
  EXPECT_EQ(n.i, 7);
  EXPECT_EQ(n.l, 3);
  EXPECT_EQ(n.d, 9007199254740992.0);
  EXPECT_EQ(n.b, 250);
  EXPECT_EQ(n.m.str(), "-5");
}

struct BadNumber {
  const char* name;
  const char* json;
  ErrorCode code;
  const char* path;
};
struct Numeric {
  std::int8_t small = 0;
  std::uint32_t natural = 0;
  std::int64_t large = 0;
  double real = 0;
  float single = 0;
  bool flag = false;
};
class DecodeNumber : public ::testing::TestWithParam<BadNumber> {};
TEST_P(DecodeNumber, NamesCodeAndPath) {
  expect_error([] { (void)from<Numeric>(GetParam().json); }, GetParam().code, GetParam().path);
}
INSTANTIATE_TEST_SUITE_P(
    Bad, DecodeNumber,
    ::testing::Values(
        BadNumber{"TooLargeForInt8", R"({"small":128})", ErrorCode::integer_overflow, "small"},
        BadNumber{"NegativeForUnsigned", R"({"natural":{"$numberLong":"-1"}})",
                  ErrorCode::integer_overflow, "natural"},
        BadNumber{"NegativeIntForUnsigned", R"({"natural":-1})", ErrorCode::integer_overflow,
                  "natural"},
        BadNumber{"LongForUint32", R"({"natural":{"$numberLong":"4294967296"}})",
                  ErrorCode::integer_overflow, "natural"},
        BadNumber{"Fraction", R"({"large":2.5})", ErrorCode::lossy_conversion, "large"},
        BadNumber{"NotANumber", R"({"large":{"$numberDouble":"NaN"}})", ErrorCode::lossy_conversion,
                  "large"},
        BadNumber{"DoubleBeyond64Bits", R"({"large":1e19})", ErrorCode::integer_overflow, "large"},
        BadNumber{"DecimalFraction", R"({"large":{"$numberDecimal":"0.5"}})",
                  ErrorCode::lossy_conversion, "large"},
        BadNumber{"LongWithMoreDigitsThanADouble", R"({"real":{"$numberLong":"9007199254740993"}})",
                  ErrorCode::lossy_conversion, "real"},
        BadNumber{"BeyondFloat", R"({"single":1e300})", ErrorCode::lossy_conversion, "single"},
        BadNumber{"TextForNumber", R"({"real":"1"})", ErrorCode::type_mismatch, "real"},
        BadNumber{"NumberForBool", R"({"flag":1})", ErrorCode::type_mismatch, "flag"},
        BadNumber{"NullForNumber", R"({"large":null})", ErrorCode::null_value, "large"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(DecodeErrors, NameTheFullPath) {
  expect_error([] { (void)from<Person>(R"({"orders":[{},{"price":1},{"price":"x"}]})"); },
               ErrorCode::type_mismatch, "orders[2].price");
  expect_error([] { (void)from<Person>(R"({"name":"a","address":{"city":5}})"); },
               ErrorCode::type_mismatch, "address.city");
  expect_error([] { (void)from<Person>(R"({"orders":5})"); }, ErrorCode::type_mismatch, "orders");
  expect_error([] { (void)from<Person>(R"({"orders":[1]})"); }, ErrorCode::type_mismatch,
               "orders[0]");
}

TEST(DecodeErrors, ADoubledFieldIsNotGuessed) {
  bson::Writer w;
  w.append("sku", "a").append("price", 1.0).append("sku", "b");
  const auto document = w.finish();
  expect_error([&] { (void)bson::decode<Line>(document); }, ErrorCode::duplicate_field, "sku");
}

TEST(DecodeErrors, Utf8IsCheckedUnlessOff) {
  const auto document = bson::make_document("city", "\xc3(");
  expect_error([&] { (void)bson::decode<Address>(document); }, ErrorCode::invalid_utf8, "city");
  EXPECT_EQ(bson::decode<Address>(document, {.utf8 = false}).city, "\xc3(");
}

TEST(DecodeErrors, NestingEndsAtAHundredLevels) {
  const auto nested = [](int levels) {
    bson::Document inner;
    for (int i = 1; i < levels; ++i) inner = bson::make_document("next", inner);
    return inner;
  };
  EXPECT_NO_THROW((void)bson::decode<Node>(nested(100)));
  try {
    (void)bson::decode<Node>(nested(101));
    ADD_FAILURE() << "accepted";
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_deep);
  }
}

TEST(DecodeVariant, TellsAlternativesByTagAndType) {
  const auto back = [](const Shape& shape) {
    return bson::decode_value<Shape>(bson::encode_value(shape));
  };
  for (const Shape& shape :
       {Shape(), Shape(4), Shape(std::string("t")), Shape(Circle{1}), Shape(Square{2})})
    EXPECT_EQ(back(shape), shape);
  EXPECT_EQ(bson::decode_value<Shape>(bson::Value(4.0)), Shape(4));
  struct Holder {
    Shape shape;
  };
  expect_error([] { (void)from<Holder>(R"({"shape":{"_t":"Hexagon"}})"); },
               ErrorCode::unknown_discriminator, "shape");
  expect_error([] { (void)from<Holder>(R"({"shape":{"radius":1}})"); },
               ErrorCode::unknown_discriminator, "shape");
  expect_error([] { (void)from<Holder>(R"({"shape":true})"); }, ErrorCode::type_mismatch, "shape");
  expect_error([] { (void)from<Holder>(R"({"shape":{"_t":"Circle","radius":"x"}})"); },
               ErrorCode::type_mismatch, "shape.radius");
}

TEST(DecodeVariant, KeepsUnknownTagsRawWhereADocumentIsAnAlternative) {
  const auto unknown = bson::from_json(R"({"_t":"Hexagon","side":2})");
  const auto shape = bson::decode_value<OpenShape>(bson::Value(unknown));
  ASSERT_TRUE(std::holds_alternative<bson::Document>(shape));
  EXPECT_EQ(std::get<bson::Document>(shape), unknown);
  EXPECT_EQ(bson::encode_value(shape), bson::Value(unknown));
}

TEST(DecodeValue, ReadsSingleValues) {
  EXPECT_EQ(bson::decode_value<int>(bson::Value(std::int64_t{5})), 5);
  EXPECT_EQ(bson::decode_value<std::optional<int>>(bson::Value()), std::nullopt);
  EXPECT_EQ(bson::decode_value<Address>(bson::encode_value(Address{"B", "1"})),
            (Address{"B", "1"}));
  expect_error([] { (void)bson::decode_value<int>(bson::Value("x")); }, ErrorCode::type_mismatch,
               "");
}

}  // namespace
}  // namespace quire::test
