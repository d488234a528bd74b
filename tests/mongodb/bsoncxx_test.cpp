#include "quire/store/mongodb/bsoncxx.hpp"

#include <gtest/gtest.h>

#include "quire/bson/json.hpp"

namespace quire::store::mongodb_test {
namespace {

static_assert(QUIRE_HAS_BSONCXX == 1);

TEST(InteropBsoncxx, DocumentsAreReadWithoutACopyBothWays) {
  const bson::Document document = bson::from_json(R"({"a": 1})");
  const bsoncxx::document::view theirs = mongodb::to_bsoncxx(document);
  EXPECT_EQ(theirs.data(), document.view().data());
  EXPECT_EQ(theirs.length(), document.view().size());
  const bson::View ours = mongodb::view(theirs);
  EXPECT_EQ(ours.data(), document.view().data());
  EXPECT_EQ(ours["a"].as_int32(), 1);
}

}  // namespace
}  // namespace quire::store::mongodb_test
