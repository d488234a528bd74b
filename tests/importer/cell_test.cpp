#include "quire/importer/cell.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Kind = Cell::Kind;
using namespace std::string_view_literals;

std::string json(const bson::Value& value) {
  return bson::to_json(value, bson::JsonMode::canonical);
}

TEST(Cell, KindsHaveNames) {
  EXPECT_EQ(to_string(Kind::zero_date), "zero_date");
  EXPECT_EQ(to_string(Kind::uint64), "uint64");
}

TEST(CellKey, KeepsWhatTheSourceComparesWith) {
  EXPECT_EQ(json(key_value(Cell::of_integer(Kind::int32, -7))), R"({"$numberInt": "-7"})");
  EXPECT_EQ(json(key_value(Cell::of_integer(Kind::int64, 1LL << 40))),
            R"({"$numberLong": "1099511627776"})");
  EXPECT_EQ(key_value(Cell::of_unsigned(5)), bson::Value(std::int64_t{5}));
  EXPECT_EQ(key_value(Cell::of_unsigned(18446744073709551615ULL)),
            bson::Value("18446744073709551615"));
  EXPECT_EQ(key_value(Cell::of_real(1.5)), bson::Value(1.5));
  EXPECT_EQ(key_value(Cell::of_text(Kind::decimal, "12.340")), bson::Value("12.340"));
  EXPECT_EQ(key_value(Cell::of_integer(Kind::instant, 1'500'000)),
            bson::Value("1970-01-01 00:00:01.5+00:00"));
  EXPECT_EQ(key_value(Cell::of_integer(Kind::wall_time, -1)),
            bson::Value("1969-12-31 23:59:59.999999"));
  EXPECT_EQ(key_value(Cell::of_integer(Kind::date, 19844)), bson::Value("2024-05-01"));
  EXPECT_EQ(key_value(Cell::of_text(Kind::text, "a\"b")), bson::Value("a\"b"));
}

TEST(CellKey, KeepsBytesThatAreNoText) {
  const bson::Value text = key_value(Cell::of_text(Kind::text, "caf\xE9"));
  ASSERT_EQ(text.type(), bson::Type::binary);
  EXPECT_EQ(text.view().as_binary().subtype, bson::BinarySubtype::user);
  const bson::Value bytes = key_value(Cell::of_text(Kind::binary, "caf\xE9"));
  ASSERT_EQ(bytes.type(), bson::Type::binary);
  EXPECT_EQ(bytes.view().as_binary().subtype, bson::BinarySubtype::generic);
}

TEST(CellKey, PrefersTheTextOfTheSource) {
  for (const Kind kind : {Kind::boolean, Kind::instant, Kind::wall_time, Kind::date}) {
    Cell cell = Cell::of_integer(kind, 1);
    cell.text = "T";
    EXPECT_EQ(key_value(cell), bson::Value("T")) << to_string(kind);
  }
}

TEST(CellKey, KeepsValuesThatOnlyBsonHas) {
  const bson::Value stamp(Timestamp{1, 2});
  std::string bytes(1, static_cast<char>(stamp.type()));
  bytes.append(reinterpret_cast<const char*>(stamp.view().data()), stamp.view().size());
  EXPECT_EQ(key_value(Cell::of_text(Kind::value, bytes)), stamp);
  EXPECT_EQ(display(Cell::of_text(Kind::value, bytes)), bson::to_json(stamp));
}

TEST(CellKey, RefusesWhatTellsNoRows) {
  for (const Kind kind : {Kind::null, Kind::document, Kind::array, Kind::unreadable}) {
    try {
      (void)key_value(Cell::of_text(kind, "x"));
      FAIL() << to_string(kind);
    } catch (const ImportError& error) {
      EXPECT_EQ(error.code(), ErrorCode::unreadable_value);
    }
  }
}

TEST(CellDisplay, ReadsAsPeopleWrite) {
  EXPECT_EQ(display(Cell{}), "null");
  EXPECT_EQ(display(Cell::of_integer(Kind::boolean, 1)), "true");
  EXPECT_EQ(display(Cell::of_real(100000)), "100000");
  EXPECT_EQ(display(Cell::of_real(0.1)), "0.1");
  EXPECT_EQ(display(Cell::of_integer(Kind::instant, 1'714'564'800'123'456)),
            "2024-05-01T12:00:00.123456Z");
  EXPECT_EQ(display(Cell::of_integer(Kind::time, -3'020'399'000'000)), "-838:59:59");
  EXPECT_EQ(display(Cell::of_text(Kind::binary, "\xBE\xEF"sv)), "0xBEEF");
  EXPECT_EQ(display(Cell::of_text(Kind::text, "caf\xE9 ☕")), "caf\\xE9 ☕");
  EXPECT_EQ(display(Cell::of_integer(Kind::date, -719'529)), "-0001-12-31");
  EXPECT_EQ(display(Cell::of_integer(Kind::date, std::numeric_limits<std::int64_t>::max())),
            "day 9223372036854775807");
  const bson::Document document = bson::make_document("a", 1);
  const std::string_view bytes(reinterpret_cast<const char*>(document.view().data()),
                               document.size());
  EXPECT_EQ(display(Cell::of_text(Kind::document, bytes)), bson::to_json(document.view()));
}

TEST(CellDisplay, KeepsWithinItsBound) {
  const std::string text(1000, 'x');
  EXPECT_EQ(display(Cell::of_text(Kind::text, text), 20).size(), 20U);
  EXPECT_EQ(display(Cell::of_text(Kind::binary, text), 20).size(), 20U);
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "€";
  for (std::size_t most = 3; most < 30; ++most) {
    const std::string shown = display(Cell::of_text(Kind::text, euros), most);
    EXPECT_LE(shown.size(), most);
    EXPECT_TRUE(bson::is_utf8(shown)) << most;
  }
}

}  // namespace
}  // namespace quire::importer
