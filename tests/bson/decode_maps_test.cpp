#include "decode_checks.hpp"
#include "mapping_types.hpp"

namespace quire::test {
namespace {

TEST(DecodeMaps, UndoesEncode) {
  Maps changed;
  changed.map.clear();
  changed.shape = std::monostate{};
  expect_round_trip(std::move(changed));
}

TEST(DecodeMaps, TakesFieldsInAnyOrder) { expect_any_order<Maps>(); }

TEST(DecodeMaps, DamagedBytesAreNeverReadBeyond) { expect_safe_of_damaged_bytes<Maps>(); }

TEST(DecodeMaps, ErrorsNameTheFullPath) {
  expect_error([] { (void)from<Maps>(R"({"nested":{"k":[{"sku":"a"},{"sku":1}]}})"); },
               ErrorCode::type_mismatch, "nested.k[1].sku");
  expect_error([] { (void)from<Maps>(R"({"planned":{"gold":1}})"); }, ErrorCode::unknown_enum_value,
               "planned.gold");
  expect_error([] { (void)from<Maps>(R"({"numbered":{"1x":"a"}})"); }, ErrorCode::invalid_key,
               "numbered.1x");
}

TEST(DecodeMaps, ADoubledKeyIsNotGuessed) {
  bson::Writer map;
  map.begin_document("map");
  map.append("a", 1).append("a", 2);
  map.end();
  const auto doubled = map.finish();
  expect_error([&] { (void)bson::decode<Maps>(doubled); }, ErrorCode::duplicate_field, "map.a");
}

}  // namespace
}  // namespace quire::test
