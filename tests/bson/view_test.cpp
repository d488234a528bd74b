// Hostile bytes: an error or a right reading, never a byte beyond the end. Inputs are copied to
// heap blocks of their exact size, so that an address sanitizer sees each step outside.
#include "quire/bson/view.hpp"

#include <gtest/gtest.h>

#include "print_bson.hpp"
#include "quire/bson/bson.hpp"
#include "random_document.hpp"

namespace quire::bson {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(View view) { return {view.data(), view.data() + view.size()}; }

/// All types, and a nested one of each kind.
Document every_type() {
  return from_json(R"json({
    "double": 1.5, "string": "text", "object": {"a": [1, {"b": null}]}, "array": ["x", 2],
    "binary": {"$binary": {"base64": "AQID", "subType": "00"}},
    "old": {"$binary": {"base64": "AQID", "subType": "02"}}, "undefined": {"$undefined": true},
    "id": {"$oid": "65a0b1c2d3e4f5061728394a"}, "bool": true,
    "date": {"$date": {"$numberLong": "-1"}}, "null": null,
    "regex": {"$regularExpression": {"pattern": "^a", "options": "i"}},
    "pointer": {"$dbPointer": {"$ref": "d.c", "$id": {"$oid": "65a0b1c2d3e4f5061728394a"}}},
    "code": {"$code": "f()"}, "symbol": {"$symbol": "s"},
    "scope": {"$code": "f()", "$scope": {"x": 1}}, "int": 5,
    "timestamp": {"$timestamp": {"t": 4294967295, "i": 1}}, "long": {"$numberLong": "5"},
    "decimal": {"$numberDecimal": "1.50"}, "min": {"$minKey": 1}, "max": {"$maxKey": 1}
})json");
}

/// True when the bytes are accepted; false for an error of quire's. All else fails the test.
bool accepts(const Bytes& bytes) {
  try {
    const View view(bytes.data(), bytes.size());
    validate(view);
    (void)to_json(view, JsonMode::canonical);
    (void)to_json(view, JsonMode::shell);
    return true;
  } catch (const FormatError&) {
  } catch (const MappingError&) {
  }
  return false;
}

TEST(View, ReadsEachType) {
  const auto document = every_type();
  EXPECT_EQ(document.view().count(), 22U);
  EXPECT_EQ(document["double"].as_double(), 1.5);
  EXPECT_EQ(document["string"].as_string(), "text");
  EXPECT_EQ(document["object"].as_document()["a"].as_array().count(), 2U);
  EXPECT_EQ(document["binary"].as_binary().size, 3U);
  EXPECT_EQ(document["old"].as_binary().size, 3U);
  EXPECT_EQ(document["old"].as_binary().data[0], 1);
  EXPECT_EQ(document["id"].as_object_id().str(), "65a0b1c2d3e4f5061728394a");
  EXPECT_TRUE(document["bool"].as_bool());
  EXPECT_EQ(document["date"].as_date_time().time_since_epoch().count(), -1);
  EXPECT_TRUE(document["null"].is_null());
  EXPECT_EQ(document["regex"].as_regex().pattern, "^a");
  EXPECT_EQ(document["regex"].as_regex().options, "i");
  EXPECT_EQ(document["code"].as_code(), "f()");
  EXPECT_EQ(document["symbol"].as_symbol(), "s");
  EXPECT_EQ(document["int"].as_int32(), 5);
  EXPECT_EQ(document["timestamp"].as_timestamp().seconds, 4294967295U);
  EXPECT_EQ(document["long"].as_int64(), 5);
  EXPECT_EQ(document["decimal"].as_decimal128().str(), "1.50");
}

TEST(View, NamesTheTypesOfAWrongAccess) {
  try {
    (void)every_type()["int"].as_int64();
    FAIL();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::type_mismatch);
    EXPECT_EQ(error.detail(), "expected long, found int");
  }
}

TEST(View, NamesTheFieldThatIsNotThere) {
  try {
    (void)every_type()["gone"];
    FAIL();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::missing_field);
    EXPECT_EQ(error.path().str(), "gone");
  }
}

TEST(View, EqualityIsOfBytes) {
  EXPECT_EQ(make_document("a", 1), make_document("a", 1));
  EXPECT_NE(make_document("a", 1), make_document("a", std::int64_t{1}));
  EXPECT_NE(make_document("a", 1, "b", 2), make_document("b", 2, "a", 1));
  EXPECT_EQ(Document{}, make_document());
}

TEST(View, RefusesADocumentCutAnywhere) {
  const auto whole = bytes_of(every_type());
  ASSERT_TRUE(accepts(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(accepts(cut)) << size;
    if (size < 5) continue;
    // The same with a header that agrees: the field at the cut is what is wrong, or none is cut.
    const auto length = static_cast<std::uint32_t>(size);
    std::memcpy(cut.data(), &length, 4);
    cut.back() = 0;
    cut.shrink_to_fit();
    (void)accepts(cut);
  }
}

TEST(View, SurvivesEachFlippedBit) {
  const auto whole = bytes_of(every_type());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
    (void)accepts(flipped);
  }
}

TEST(View, SurvivesRandomBytes) {
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    SCOPED_TRACE(seed);
    test::RandomDocument make(seed);
    Bytes bytes = bytes_of(make.document());
    for (auto n = 1 + make.random().below(6); n > 0; --n)
      bytes[make.random().below(bytes.size())] = static_cast<std::uint8_t>(make.random().next());
    (void)accepts(bytes);
  }
}

TEST(View, SurvivesExtremeLengths) {
  const auto whole = bytes_of(every_type());
  for (std::size_t at = 0; at + 4 <= whole.size(); ++at) {
    for (const std::uint32_t length : {0U, 1U, 4U, 5U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
      Bytes wrong = whole;
      std::memcpy(wrong.data() + at, &length, 4);
      (void)accepts(wrong);
    }
  }
}

std::string nested_json(int levels, const char* open, const char* close) {
  std::string text = "{\"a\": 1}";
  for (int i = 1; i < levels; ++i) text = open + text + close;
  return text;
}

/// Whether validate() accepts; by the short walk, or (looking for equal keys as well) by the long
/// one.
bool accepted(const std::vector<std::uint8_t>& bytes, bool long_walk) {
  try {
    validate(View(bytes.data(), bytes.size()), {.unique_keys = long_walk});
    return true;
  } catch (const Error& error) {
    return error.code() == ErrorCode::duplicate_field;
  }
}

TEST(Validate, ShortAndLongWalkAgreeOnDamagedDocuments) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    const auto document = test::RandomDocument(seed).document();
    const std::vector<std::uint8_t> whole(document.view().data(),
                                          document.view().data() + document.size());
    ASSERT_TRUE(accepted(whole, false));
    ASSERT_TRUE(accepted(whole, true));
    test::Random random(seed);
    for (int i = 0; i < 20; ++i) {
      auto damaged = whole;
      damaged[4 + random.below(damaged.size() - 4)] = static_cast<std::uint8_t>(random.next());
      if (damaged.back() != 0) continue;
      ASSERT_EQ(accepted(damaged, false), accepted(damaged, true));
    }
  }
}

TEST(Validate, StopsBeyondAHundredLevels) {
  const auto deepest = from_json(nested_json(max_depth, "{\"a\": ", "}"));
  EXPECT_NO_THROW(validate(deepest));
  const auto deeper = make_document("a", deepest);
  try {
    validate(deeper);
    FAIL() << "accepted 101 levels";
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::too_deep);
  }
  EXPECT_THROW((void)to_json(deeper.view()), MappingError);
  EXPECT_THROW((void)from_json(nested_json(max_depth + 1, "{\"a\": ", "}")), MappingError);
}

TEST(Validate, SurvivesNestingThatWouldOverflowTheStack) {
  Document document = make_document("a", 1);
  Bytes bytes = bytes_of(document);
  // 100,000 levels, built by hand from the inside out.
  std::string head, tail;
  const std::size_t levels = 100'000;
  Bytes all;
  for (std::size_t i = 0; i < levels; ++i) {
    const auto size = static_cast<std::uint32_t>(bytes.size() + (levels - i) * 8);
    const auto at = all.size();
    all.resize(at + 7);
    std::memcpy(all.data() + at, &size, 4);
    all[at + 4] = 3;
    all[at + 5] = 'a';
    all[at + 6] = 0;
  }
  all.insert(all.end(), bytes.begin(), bytes.end());
  all.resize(all.size() + levels, 0);
  const View view(all.data(), all.size());
  EXPECT_THROW(validate(view), MappingError);
  EXPECT_THROW((void)to_json(view), MappingError);
}

TEST(Validate, StopsBeyondSixteenMebibytes) {
  const std::string text(max_document_bytes - 5 - 7 - 1, 'x');
  const auto largest = make_document("a", text);
  ASSERT_EQ(largest.size(), max_document_bytes);
  EXPECT_NO_THROW(validate(largest));
  const auto larger = make_document("a", text + "x");
  try {
    validate(larger);
    FAIL() << "accepted " << larger.size();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::document_too_large);
  }
}

TEST(Validate, NamesThePath) {
  const auto document = make_document("a", make_document("b", make_document("c", "\xFF")));
  try {
    validate(document);
    FAIL();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_utf8);
    EXPECT_EQ(error.path().str(), "a.b.c");
  }
  EXPECT_NO_THROW(validate(document, {.utf8 = false}));
}

TEST(Validate, RefusesTwiceTheSameFieldWhenAsked) {
  const auto twice = make_document("a", 1, "a", 2);
  EXPECT_NO_THROW(validate(twice));
  try {
    validate(twice, {.unique_keys = true});
    FAIL();
  } catch (const MappingError& error) {
    EXPECT_EQ(error.code(), ErrorCode::duplicate_field);
    EXPECT_EQ(error.path().str(), "a");
  }
}

TEST(Validate, RefusesWrongPositionsWhenAsked) {
  Writer writer;
  writer.append_array("a", make_document("0", 1, "2", 2));
  const auto document = writer.finish();
  EXPECT_NO_THROW(validate(document));
  EXPECT_THROW(validate(document, {.array_keys = true}), FormatError);
}

struct Utf8Row {
  const char* name;
  std::string_view text;
  bool right;
};
class Utf8 : public ::testing::TestWithParam<Utf8Row> {};
TEST_P(Utf8, IsToldFromOtherBytesAtEachPosition) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (const std::size_t behind : {0U, 1U, 9U}) {
      const auto text =
          std::string(before, 'a') + std::string(GetParam().text) + std::string(behind, 'z');
      EXPECT_EQ(is_utf8(text), GetParam().right) << before << " " << behind;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table, Utf8,
    ::testing::Values(
        Utf8Row{"Empty", "", true}, Utf8Row{"TwoFirst", "\xC2\x80", true},
        Utf8Row{"TwoLast", "\xDF\xBF", true}, Utf8Row{"ThreeFirst", "\xE0\xA0\x80", true},
        Utf8Row{"BeforeSurrogates", "\xED\x9F\xBF", true},
        Utf8Row{"BehindSurrogates", "\xEE\x80\x80", true},
        Utf8Row{"FourFirst", "\xF0\x90\x80\x80", true},
        Utf8Row{"FourLast", "\xF4\x8F\xBF\xBF", true}, Utf8Row{"Alone", "\x80", false},
        Utf8Row{"OverlongTwo", "\xC0\x80", false}, Utf8Row{"OverlongSlash", "\xC1\xBF", false},
        Utf8Row{"OverlongThree", "\xE0\x9F\xBF", false},
        Utf8Row{"Surrogate", "\xED\xA0\x80", false}, Utf8Row{"LowSurrogate", "\xED\xBF\xBF", false},
        Utf8Row{"OverlongFour", "\xF0\x8F\xBF\xBF", false},
        Utf8Row{"BeyondUnicode", "\xF4\x90\x80\x80", false},
        Utf8Row{"FiveBytes", "\xF8\x88\x80\x80\x80", false}, Utf8Row{"Cut2", "\xC3", false},
        Utf8Row{"Cut3", "\xE2\x82", false}, Utf8Row{"Cut4", "\xF0\x9F\x98", false},
        Utf8Row{"FF", "\xFF", false}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace quire::bson
