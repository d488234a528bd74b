#include "decode_checks.hpp"
#include "mapping_types.hpp"

namespace quire::test {
namespace {

TEST(DecodeSequences, UndoesEncode) {
  Sequences changed;
  changed.ints.clear();
  changed.owned.reset();
  expect_round_trip(std::move(changed));
}

TEST(DecodeSequences, TakesFieldsInAnyOrder) { expect_any_order<Sequences>(); }

TEST(DecodeSequences, DamagedBytesAreNeverReadBeyond) { expect_safe_of_damaged_bytes<Sequences>(); }

TEST(DecodeSequences, ErrorsNameTheFullPath) {
  expect_error([] { (void)from<Sequences>(R"({"loc":[1]})"); }, ErrorCode::wrong_length, "loc");
  expect_error([] { (void)from<Sequences>(R"({"loc":[1,2,3]})"); }, ErrorCode::wrong_length, "loc");
  expect_error([] { (void)from<Sequences>(R"({"pair":[1,"a",3]})"); }, ErrorCode::wrong_length,
               "pair");
}

}  // namespace
}  // namespace quire::test
