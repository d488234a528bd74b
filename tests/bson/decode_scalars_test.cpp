#include "decode_checks.hpp"
#include "mapping_types.hpp"

namespace quire::test {
namespace {

TEST(DecodeScalars, UndoesEncode) {
  Scalars changed;
  changed.text = "other";
  changed.none = 3;
  expect_round_trip(std::move(changed));
}

TEST(DecodeScalars, TakesFieldsInAnyOrder) { expect_any_order<Scalars>(); }

TEST(DecodeScalars, DamagedBytesAreNeverReadBeyond) { expect_safe_of_damaged_bytes<Scalars>(); }

TEST(DecodeScalars, ErrorsNameTheFullPath) {
  expect_error([] { (void)from<Scalars>(R"({"plan":"gold"})"); }, ErrorCode::unknown_enum_value,
               "plan");
  expect_error([] { (void)from<Scalars>(R"({"money":-1})"); }, ErrorCode::conversion_failed,
               "money");
  expect_error([] { (void)from<Scalars>(R"({"wait":1500})"); }, ErrorCode::lossy_conversion,
               "wait");
}

}  // namespace
}  // namespace quire::test
