#include "quire/core/error.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace quire {
namespace {

TEST(Error, SaysNumberNamePathAndSentence) {
  const MappingError error(ErrorCode::type_mismatch, FieldPath("geo[1]"),
                           "expected double, found string", 14);
  EXPECT_STREQ(error.what(), "quire 101 type_mismatch at geo[1]: expected double, found string");
  EXPECT_EQ(error.code(), ErrorCode::type_mismatch);
  EXPECT_EQ(error.path().str(), "geo[1]");
  EXPECT_EQ(error.detail(), "expected double, found string");
  EXPECT_EQ(error.backend_code(), 14);
}

TEST(Error, LeavesThePathOutWhereThereIsNone) {
  EXPECT_STREQ(StoreError(ErrorCode::busy, "locked").what(), "quire 306 busy: locked");
}

TEST(Error, CopiesWithoutThrowing) { EXPECT_TRUE(std::is_nothrow_copy_constructible_v<Error>); }

TEST(FieldPath, GrowsFromTheInsideOut) {
  FieldPath path("price");
  path.prepend_index(2);
  EXPECT_EQ(path.str(), "[2].price");
  path.prepend("orders");
  EXPECT_EQ(path.str(), "orders[2].price");
  path.prepend("user");
  EXPECT_EQ(path.str(), "user.orders[2].price");
}

}  // namespace
}  // namespace quire
