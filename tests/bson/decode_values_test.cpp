#include "decode_checks.hpp"
#include "mapping_types.hpp"

namespace quire::test {
namespace {

TEST(DecodeBsonValues, UndoesEncode) {
  BsonValues changed;
  changed.binary.bytes.clear();
  changed.document = {};
  expect_round_trip(std::move(changed));
}

TEST(DecodeBsonValues, TakesFieldsInAnyOrder) { expect_any_order<BsonValues>(); }

TEST(DecodeBsonValues, DamagedBytesAreNeverReadBeyond) {
  expect_safe_of_damaged_bytes<BsonValues>();
}

TEST(DecodeBsonValues, ErrorsNameTheFullPath) {
  expect_error(
      [] { (void)from<BsonValues>(R"({"four":{"$binary":{"base64":"AQI=","subType":"00"}}})"); },
      ErrorCode::wrong_length, "four");
}

}  // namespace
}  // namespace quire::test
