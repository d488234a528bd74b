#include "importer/convert.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Kind = Cell::Kind;
using namespace std::string_view_literals;

/// What a cell becomes, as canonical JSON; "null" by policy; "refused: …".
std::string made(const Cell& cell, const Conversion::Options& options) {
  const Conversion conversion(options);
  ConvertScratch scratch;
  if (conversion.is_null(cell)) return "null";
  bson::Writer out;
  try {
    conversion.append(out, "", cell, scratch);
  } catch (const ImportError& error) {
    EXPECT_EQ(error.code(), ErrorCode::unreadable_value);
    EXPECT_EQ(error.path().str(), options.path);
    return "refused";
  }
  const bson::Document document = out.finish();
  bson::validate(document.view(), {.array_keys = true, .unique_keys = true});
  return bson::to_json(document[""], bson::JsonMode::canonical);
}

std::string made(const Cell& cell, Convert as = Convert::as_is, const TypePolicy& types = {}) {
  Conversion::Options options;
  options.types = types;
  options.as = as;
  options.place = "t.c";
  options.path = "c";
  return made(cell, options);
}

Cell text(std::string_view value) { return Cell::of_text(Kind::text, value); }
Cell decimal(std::string_view value) { return Cell::of_text(Kind::decimal, value); }
Cell json(std::string_view value) { return Cell::of_text(Kind::json, value); }
Cell whole(std::int64_t value) { return Cell::of_integer(Kind::int64, value); }
Cell micros(std::int64_t value) { return Cell::of_integer(Kind::instant, value); }
std::string date(std::int64_t ms) {
  return R"({"$date": {"$numberLong": ")" + std::to_string(ms) + R"("}})";
}
std::string dec(std::string_view digits) {
  return R"({"$numberDecimal": ")" + std::string(digits) + R"("})";
}
std::string i32(std::int32_t value) {
  return R"({"$numberInt": ")" + std::to_string(value) + R"("})";
}
std::string i64(std::int64_t value) {
  return R"({"$numberLong": ")" + std::to_string(value) + R"("})";
}
std::string real(std::string_view digits) {
  return R"({"$numberDouble": ")" + std::string(digits) + R"("})";
}

TEST(Conversion, KeepsTypesThatBsonHas) {
  EXPECT_EQ(made(Cell::of_integer(Kind::boolean, 1)), "true");
  EXPECT_EQ(made(Cell::of_integer(Kind::int32, -5)), i32(-5));
  EXPECT_EQ(made(whole(-5)), i64(-5));
  EXPECT_EQ(made(Cell::of_real(0.1)), real("0.1"));
  EXPECT_EQ(made(text("naïve")), "\"naïve\"");
  EXPECT_EQ(made(Cell::of_text(Kind::binary, "\0\xFF"sv)),
            R"({"$binary": {"base64": "AP8=", "subType": "00"}})");
  EXPECT_EQ(made(Cell::of_text(Kind::object_id, "abcdefghijkl")),
            R"({"$oid": "6162636465666768696a6b6c"})");
  EXPECT_EQ(made(Cell::of_text(Kind::interval, "P1Y2M3DT4H5M6.7S")), "\"P1Y2M3DT4H5M6.7S\"");
  EXPECT_EQ(made(Cell{}), "null");
  EXPECT_EQ(made(Cell::of_text(Kind::absent, "")), "null");
  EXPECT_EQ(made(Cell::of_text(Kind::unreadable, "bad page")), "refused");
}

TEST(Conversion, KeepsDecimalsExactlyOrRefusesThem) {
  EXPECT_EQ(made(decimal("-12.340")), dec("-12.340"));
  EXPECT_EQ(made(decimal("0.00")), dec("0.00"));
  EXPECT_EQ(made(decimal("-0")), dec("-0"));
  EXPECT_EQ(made(decimal("123456789012345678")), dec("123456789012345678"));
  EXPECT_EQ(made(decimal("1234567890123456789012345678901234")),
            dec("1234567890123456789012345678901234"));
  EXPECT_EQ(made(decimal("12345678901234567890123456789012345")), "refused");
  EXPECT_EQ(made(decimal("1.0000000000000000000000000000000000000001")), "refused");
  EXPECT_EQ(made(decimal("1.0000000000000000000000000000000000000000")),
            dec("1.000000000000000000000000000000000"));
  EXPECT_EQ(made(decimal("NaN")), dec("NaN"));
  EXPECT_EQ(made(decimal("-Infinity")), dec("-Infinity"));
  TypePolicy types;
  types.numeric = TypePolicy::Numeric::real;
  EXPECT_EQ(made(decimal("12.340"), Convert::as_is, types), real("12.34"));
  types.numeric = TypePolicy::Numeric::string;
  EXPECT_EQ(made(decimal("12345678901234567890123456789012345.60"), Convert::as_is, types),
            "\"12345678901234567890123456789012345.60\"");
}

TEST(Conversion, ReadsDecimalsAsLibbsonDoes) {
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string digits(1 + random() % 33, '0');
    for (char& c : digits) c = static_cast<char>('0' + random() % 10);
    if (random() % 2 != 0) digits.insert(1 + random() % digits.size(), 1, '.');
    if (digits.back() == '.') digits += '5';
    if (random() % 2 != 0) digits.insert(0, 1, '-');
    bson::Decimal128 found;
    ASSERT_TRUE(decimal_of_text(digits, found)) << digits;
    ASSERT_EQ(found, bson::Decimal128::from_string(digits)) << digits;
  }
}

TEST(Conversion, KeepsUnsignedNumbersOrRefusesThem) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(made(Cell::of_unsigned(most)), dec("18446744073709551615"));
  EXPECT_EQ(made(Cell::of_unsigned(7)), dec("7"));
  TypePolicy types;
  types.unsigned64 = TypePolicy::Unsigned::int64;
  EXPECT_EQ(made(Cell::of_unsigned(7), Convert::as_is, types), i64(7));
  EXPECT_EQ(made(Cell::of_unsigned(most), Convert::as_is, types), "refused");
  EXPECT_EQ(made(Cell::of_unsigned(most), Convert::int64), "refused");
  EXPECT_EQ(made(Cell::of_unsigned(most), Convert::string), "\"18446744073709551615\"");
  EXPECT_EQ(made(Cell::of_unsigned(most), Convert::real), "refused");
}

TEST(Conversion, TreatsZeroDatesByPolicy) {
  const Cell zero = Cell::of_text(Kind::zero_date, "0000-00-00 00:00:00");
  TypePolicy types;
  EXPECT_EQ(made(zero), "null");
  EXPECT_EQ(made(text("2024-00-01"), Convert::date_time), "null");
  types.zero_date = TypePolicy::ZeroDate::reject;
  EXPECT_EQ(made(zero, Convert::as_is, types), "refused");
  EXPECT_EQ(made(zero, Convert::date_time, types), "refused");
  EXPECT_EQ(made(text("0000-00-00"), Convert::date_time, types), "refused");
}

TEST(Conversion, TreatsInfinityByPolicy) {
  const Cell above = Cell::of_text(Kind::infinite, "infinity");
  const Cell below = Cell::of_text(Kind::infinite, "-infinity");
  TypePolicy types;
  EXPECT_EQ(made(above), "refused");
  types.infinite = TypePolicy::Infinite::null;
  EXPECT_EQ(made(above, Convert::as_is, types), "null");
  types.infinite = TypePolicy::Infinite::ends;
  EXPECT_EQ(made(above, Convert::as_is, types), date(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(made(below, Convert::as_is, types), date(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(made(text("-infinity"), Convert::date_time, types),
            date(std::numeric_limits<std::int64_t>::min()));
}

TEST(Conversion, TreatsPartsOfAMillisecondByPolicy) {
  TypePolicy types;
  EXPECT_EQ(made(micros(1'234'567)), date(1234));
  EXPECT_EQ(made(micros(-1)), date(-1));
  types.fraction = TypePolicy::Fraction::reject;
  EXPECT_EQ(made(micros(1'234'567), Convert::as_is, types), "refused");
  EXPECT_EQ(made(micros(1'234'000), Convert::as_is, types), date(1234));
  EXPECT_EQ(made(text("1970-01-01T00:00:00.0000001Z"), Convert::date_time, types), "refused");
  EXPECT_EQ(made(text("1970-01-01T00:00:00.0010000Z"), Convert::date_time, types), date(1));
  types.fraction = TypePolicy::Fraction::string;
  EXPECT_EQ(made(micros(1'234'567), Convert::as_is, types), "\"1970-01-01T00:00:01.234567Z\"");
  EXPECT_EQ(made(Cell::of_integer(Kind::wall_time, 0), Convert::as_is, types),
            "\"1970-01-01T00:00:00\"");
}

struct ZoneCase {
  const char* name;
  const char* zone;
  const char* wall;
  const char* instant;  // empty: refused
};
class Zones : public ::testing::TestWithParam<ZoneCase> {};
TEST_P(Zones, ReadWallTimes) {
  TypePolicy types;
  types.zone = GetParam().zone;
  EXPECT_EQ(made(text(GetParam().wall), Convert::date_time, types),
            made(text(GetParam().instant), Convert::date_time));
}
INSTANTIATE_TEST_SUITE_P(
    All, Zones,
    ::testing::Values(
        ZoneCase{"Utc", "UTC", "2024-05-01 12:00:00", "2024-05-01T12:00:00Z"},
        ZoneCase{"Offset", "+02:00", "2024-05-01 12:00", "2024-05-01T10:00:00Z"},
        ZoneCase{"West", "-03:30", "2024-05-01 12:00", "2024-05-01T15:30:00Z"},
        ZoneCase{"Summer", "Europe/Berlin", "2024-07-01 12:00", "2024-07-01T10:00:00Z"},
        ZoneCase{"Winter", "Europe/Berlin", "2024-01-01 12:00", "2024-01-01T11:00:00Z"},
        ZoneCase{"LeftOut", "Europe/Berlin", "2024-03-31 02:30", "2024-03-31T01:30:00Z"},
        ZoneCase{"TwiceIsTheFirst", "Europe/Berlin", "2024-10-27 02:30", "2024-10-27T00:30:00Z"},
        ZoneCase{"OwnZone", "Europe/Berlin", "2024-07-01 12:00 +05:30", "2024-07-01T06:30:00Z"},
        ZoneCase{"Old", "Europe/Berlin", "1850-01-01 00:00:00", "1849-12-31T23:06:32Z"},
        ZoneCase{"LeapSecond", "UTC", "2016-12-31 23:59:60", "2017-01-01T00:00:00Z"},
        ZoneCase{"DateAlone", "+01:00", "2024-05-01", "2024-04-30T23:00:00Z"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Conversion, KnowsItsZonesAndEncodings) {
  for (const auto& wrong : {"Europe/Bärlin", "", "+2", "+25:00"}) {
    Conversion::Options options;
    options.types.zone = wrong;
    EXPECT_THROW(Conversion{options}, ImportError) << wrong;
  }
  Conversion::Options options;
  options.types.bad_text = TypePolicy::BadText::convert;
  options.types.encoding = "klingon-8";
  EXPECT_THROW(Conversion{options}, ImportError);
}

TEST(Conversion, TakesOtherEncodingsWhereItIsToldTo) {
  TypePolicy types;
  EXPECT_EQ(made(text("caf\xE9")), "refused");
  types.bad_text = TypePolicy::BadText::convert;
  EXPECT_EQ(made(text("caf\xE9 \x80"), Convert::as_is, types), "\"café €\"");
  EXPECT_EQ(made(text("café"), Convert::as_is, types), "\"café\"");
  EXPECT_EQ(made(text("\x81"), Convert::as_is, types), "refused");
  types.encoding = "latin2";
  EXPECT_EQ(made(text("\xB1"), Convert::as_is, types), "\"ą\"");
}

TEST(Conversion, ReadsDatesAndTimesOfTheDay) {
  TypePolicy types;
  EXPECT_EQ(made(Cell::of_integer(Kind::date, 1)), date(86'400'000));
  EXPECT_EQ(made(Cell::of_integer(Kind::time, 49'500'500'000)), "\"13:45:00.5\"");
  types.date = TypePolicy::Date::string;
  types.time = TypePolicy::Time::milliseconds;
  EXPECT_EQ(made(Cell::of_integer(Kind::date, 1), Convert::as_is, types), "\"1970-01-02\"");
  EXPECT_EQ(made(Cell::of_integer(Kind::date, 1), Convert::date_time, types), date(86'400'000));
  EXPECT_EQ(made(Cell::of_integer(Kind::time, 49'500'500'000), Convert::as_is, types),
            i64(49'500'500));
  EXPECT_EQ(made(Cell::of_integer(Kind::date, std::numeric_limits<std::int64_t>::max())),
            "refused");
}

TEST(Conversion, MakesWholeNumbersOfWholeNumbersOnly) {
  for (const Cell& cell : {whole(12), Cell::of_real(12), text("12"), text("+12"), text("12.0"),
                           decimal("12.000"), decimal("1.2E+1"), Cell::of_unsigned(12)}) {
    EXPECT_EQ(made(cell, Convert::int32), i32(12)) << display(cell);
    EXPECT_EQ(made(cell, Convert::int64), i64(12)) << display(cell);
  }
  for (const Cell& cell : {text("12.5"), text(""), text(" 12"), text("12a"), text("0x10"),
                           Cell::of_real(0.5), Cell::of_real(std::nan("")), Cell::of_real(1e30),
                           decimal("9223372036854775808"), decimal("NaN"), micros(1), text("-")}) {
    EXPECT_EQ(made(cell, Convert::int64), "refused") << display(cell);
  }
  EXPECT_EQ(made(whole(1LL << 31), Convert::int32), "refused");
  EXPECT_EQ(made(text("-9223372036854775808"), Convert::int64),
            i64(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(made(Cell::of_integer(Kind::boolean, 1), Convert::int32), i32(1));
}

TEST(Conversion, MakesRealsThatEqualTheNumber) {
  EXPECT_EQ(made(whole(1LL << 53), Convert::real), real("9007199254740992.0"));
  EXPECT_EQ(made(whole((1LL << 53) + 1), Convert::real), "refused");
  EXPECT_EQ(made(decimal("0.1"), Convert::real), real("0.1"));
  EXPECT_EQ(made(text("-1.5e3"), Convert::real), real("-1500.0"));
  for (const auto& wrong : {"", "-", "nan", "inf", "1,5", "1.5 "})
    EXPECT_EQ(made(text(wrong), Convert::real), "refused") << wrong;
}

TEST(Conversion, MakesDecimals) {
  EXPECT_EQ(made(Cell::of_real(0.1), Convert::decimal128), dec("0.1"));
  EXPECT_EQ(made(text("1.10"), Convert::decimal128), dec("1.10"));
  EXPECT_EQ(made(whole(-3), Convert::decimal128), dec("-3"));
  EXPECT_EQ(made(text("NaN"), Convert::decimal128), "refused");
  EXPECT_EQ(made(text("1e99999"), Convert::decimal128), "refused");
}

TEST(Conversion, KnowsBooleansInTheirOddSpellings) {
  for (const auto& yes : {"1", "t", "T", "true", "TRUE", "y", "Yes", "on"})
    EXPECT_EQ(made(text(yes), Convert::boolean), "true") << yes;
  for (const auto& no : {"0", "f", "false", "False", "n", "NO", "off"})
    EXPECT_EQ(made(text(no), Convert::boolean), "false") << no;
  EXPECT_EQ(made(whole(1), Convert::boolean), "true");
  EXPECT_EQ(made(decimal("0.0"), Convert::boolean), "false");
  EXPECT_EQ(made(Cell::of_text(Kind::binary, "\1"), Convert::boolean), "true");
  EXPECT_EQ(made(Cell::of_text(Kind::binary, "\0"sv), Convert::boolean), "false");
  for (const Cell& cell : {text("maybe"), text(""), whole(2), whole(-1), Cell::of_real(0.5)})
    EXPECT_EQ(made(cell, Convert::boolean), "refused") << display(cell);
}

TEST(Conversion, MakesTimesOfNumbers) {
  EXPECT_EQ(made(whole(1'714'564'800), Convert::date_time), date(1'714'564'800'000));
  EXPECT_EQ(made(whole(1'714'564'800'123), Convert::date_time_ms), date(1'714'564'800'123));
  EXPECT_EQ(made(Cell::of_real(1'714'564'800.123), Convert::date_time), date(1'714'564'800'123));
  EXPECT_EQ(made(decimal("-0.5"), Convert::date_time), date(-500));
  EXPECT_EQ(made(decimal("-0.0005"), Convert::date_time), date(-1));
  EXPECT_EQ(made(whole(std::numeric_limits<std::int64_t>::max()), Convert::date_time), "refused");
  EXPECT_EQ(made(Cell::of_real(std::nan("")), Convert::date_time), "refused");
  for (const auto& wrong :
       {"", "yesterday", "2024-13-01", "2023-02-29", "2024-05-01 25:00", "2024-05-01T12",
        "2024-05-01 12:00:00.", "2024-05-01 12:00 Berlin", "1714564800"})
    EXPECT_EQ(made(text(wrong), Convert::date_time), "refused") << wrong;
}

TEST(Conversion, MakesIds) {
  EXPECT_EQ(made(text("6162636465666768696a6b6c"), Convert::object_id),
            R"({"$oid": "6162636465666768696a6b6c"})");
  EXPECT_EQ(made(Cell::of_text(Kind::binary, "abcdefghijkl"), Convert::object_id),
            R"({"$oid": "6162636465666768696a6b6c"})");
  EXPECT_EQ(made(text("6162636465666768696a6bzz"), Convert::object_id), "refused");
  EXPECT_EQ(made(whole(5), Convert::object_id), "refused");
  const std::string uuid = made(text("00112233-4455-6677-8899-aabbccddeeff"), Convert::uuid);
  EXPECT_EQ(uuid, R"({"$binary": {"base64": "ABEiM0RVZneImaq7zN3u/w==", "subType": "04"}})");
  EXPECT_EQ(made(text("00112233445566778899AABBCCDDEEFF"), Convert::uuid), uuid);
  EXPECT_EQ(made(text("{00112233-4455-6677-8899-aabbccddeeff}"), Convert::uuid), uuid);
  Cell cell = Cell::of_uuid({0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB,
                             0xCC, 0xDD, 0xEE, 0xFF});
  EXPECT_EQ(made(cell), uuid);
  TypePolicy types;
  types.uuid = TypePolicy::UuidAs::string;
  EXPECT_EQ(made(cell, Convert::as_is, types), "\"00112233-4455-6677-8899-aabbccddeeff\"");
  EXPECT_EQ(made(text("0011"), Convert::uuid), "refused");
}

TEST(Conversion, MakesTextOfEverything) {
  EXPECT_EQ(made(whole(-12), Convert::string), "\"-12\"");
  EXPECT_EQ(made(Cell::of_real(1e5), Convert::string), "\"100000\"");
  EXPECT_EQ(made(Cell::of_integer(Kind::boolean, 0), Convert::string), "\"false\"");
  EXPECT_EQ(made(micros(0), Convert::string), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(made(decimal("1.50"), Convert::string), "\"1.50\"");
  EXPECT_EQ(made(Cell::of_text(Kind::binary, "abc"), Convert::string), "\"abc\"");
  EXPECT_EQ(made(Cell::of_text(Kind::binary, "\xFF"), Convert::string), "refused");
  EXPECT_EQ(made(text("abc"), Convert::binary),
            R"({"$binary": {"base64": "YWJj", "subType": "00"}})");
}

TEST(Conversion, ChangesCaseBeforeItConverts) {
  Conversion::Options options;
  options.trim = true;
  options.lower = true;
  EXPECT_EQ(made(text("  Ada ÄÖ\t"), options), "\"ada ÄÖ\"");
  options.as = Convert::int32;
  EXPECT_EQ(made(text(" 12 "), options), i32(12));
  options = {};
  options.upper = true;
  EXPECT_EQ(made(text("ada"), options), "\"ADA\"");
  EXPECT_EQ(made(whole(1), options), i64(1));
}

TEST(Conversion, ErrorsNameThePlaceAndShowTheValueShortly) {
  Conversion::Options options;
  options.as = Convert::int32;
  options.place = "customers.age";
  options.path = "person.age";
  const Conversion conversion(options);
  ConvertScratch scratch;
  bson::Writer out;
  const std::string long_text(5000, 'x');
  try {
    conversion.append(out, "age", text(long_text), scratch);
    FAIL();
  } catch (const ImportError& error) {
    EXPECT_EQ(error.path().str(), "person.age");
    EXPECT_TRUE(error.detail().starts_with("customers.age: text \"xxx")) << error.detail();
    EXPECT_LT(error.detail().size(), 250U);
  }
}

TEST(ConversionJson, BecomesNestedDocuments) {
  EXPECT_EQ(
      made(json(R"( {"a": [1, 2.5, {"b": null}], "": "x", "t": true, "f": false} )")),
      R"({"a": [{"$numberInt": "1"}, {"$numberDouble": "2.5"}, {"b": null}], "": "x", "t": true, "f": false})");
  EXPECT_EQ(made(json("null")), "null");
  EXPECT_EQ(made(json(" 5 ")), i32(5));
  EXPECT_EQ(made(json("4294967296")), i64(4294967296));
  EXPECT_EQ(made(json("18446744073709551615")), dec("18446744073709551615"));
  EXPECT_EQ(made(json("-9223372036854775809")), dec("-9223372036854775809"));
  EXPECT_EQ(made(json("1e2")), real("100.0"));
  EXPECT_EQ(made(json("1e-999")), real("0.0"));
  EXPECT_EQ(made(json(R"("\u00e9\n\ud83d\ude00\/")")), "\"é\\n😀/\"");
  EXPECT_EQ(made(text("[1]"), Convert::json), "[" + i32(1) + "]");
  EXPECT_EQ(made(whole(7), Convert::json), i64(7));
  TypePolicy types;
  types.json = TypePolicy::Json::string;
  EXPECT_EQ(made(json("{\"a\": 1}"), Convert::as_is, types), R"("{\"a\": 1}")");
}

TEST(ConversionJson, KeepsNamesThatExtendedJsonWouldRead) {
  // {"$oid": …} is a plain object here: what the source holds is not what quire wrote.
  Conversion::Options options;
  const Conversion conversion(options);
  ConvertScratch scratch;
  bson::Writer out;
  conversion.append(out, "v", json(R"({"$oid": "6162636465666768696a6b6c", "$date": 1})"), scratch);
  const bson::Document made = out.finish();
  ASSERT_TRUE(made["v"].is_document());
  EXPECT_EQ(made["v"].as_document()["$oid"].as_string(), "6162636465666768696a6b6c");
  EXPECT_EQ(made["v"].as_document()["$date"].as_int32(), 1);
}

TEST(ConversionJson, RefusesWhatNoDocumentHolds) {
  for (const auto& wrong : {"",
                            "{",
                            "[1,]",
                            "{\"a\":1,}",
                            "{\"a\" 1}",
                            "{a:1}",
                            "tru",
                            "01",
                            "1.",
                            "-",
                            "+1",
                            "1e",
                            "1e999",
                            "\"a",
                            "\"\\x\"",
                            "\"\\ud800\"",
                            "\"\\udc00x\"",
                            "\"\n\"",
                            "{\"a\":1,\"a\":2}",
                            "{\"\\u0000\":1}",
                            "1 2",
                            "[1 2]",
                            "nul",
                            "'a'",
                            "{\"a\":{\"b\":1,\"b\":2}}"})
    EXPECT_EQ(made(json(wrong)), "refused") << wrong;
  EXPECT_EQ(made(json("\"\xFF\"")), "refused");
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_NE(made(json(many + "\"k40\":1}")), "refused");
  EXPECT_EQ(made(json(many + "\"k39\":1}")), "refused");
  EXPECT_EQ(made(json(many + "\"k3\":1}")), "refused");
}

TEST(ConversionJson, IsNestedAsDeepAsDocumentsAre) {
  const std::string deep(99, '[');
  EXPECT_NE(made(json(deep + std::string(99, ']'))), "refused");
  EXPECT_EQ(made(json(deep + "[" + std::string(100, ']'))), "refused");
  const std::string hostile(1'000'000, '[');
  EXPECT_EQ(made(json(hostile)), "refused");
}

TEST(ConversionBson, PassesDocumentsArraysAndFreeValues) {
  const bson::Document inner = bson::make_document("a", 1);
  const std::string_view bytes(reinterpret_cast<const char*>(inner.view().data()), inner.size());
  EXPECT_EQ(made(Cell::of_text(Kind::document, bytes)), "{\"a\": " + i32(1) + "}");
  const bson::Document elements = bson::make_array(1, "x");
  const std::string_view list(reinterpret_cast<const char*>(elements.view().data()),
                              elements.size());
  EXPECT_EQ(made(Cell::of_text(Kind::array, list)), "[" + i32(1) + ", \"x\"]");
  EXPECT_EQ(made(Cell::of_text(Kind::array, list), Convert::int32), "refused");
  const bson::Value stamp(Timestamp{1, 2});
  std::string free(1, static_cast<char>(stamp.type()));
  free.append(reinterpret_cast<const char*>(stamp.view().data()), stamp.view().size());
  EXPECT_EQ(made(Cell::of_text(Kind::value, free)),
            bson::to_json(stamp, bson::JsonMode::canonical));
}

}  // namespace
}  // namespace quire::importer
