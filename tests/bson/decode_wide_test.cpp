#include <gtest/gtest.h>

#include "mapping_types.hpp"

namespace quire::test {
namespace {

struct Wide {
  int f0 = 0, f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9;
  int g0 = 0, g1 = 1, g2 = 2, g3 = 3, g4 = 4, g5 = 5, g6 = 6, g7 = 7, g8 = 8, g9 = 9;
  int h0 = 0, h1 = 1, h2 = 2, h3 = 3, h4 = 4, h5 = 5, h6 = 6, h7 = 7, h8 = 8, h9 = 9;
  int i0 = 0, i1 = 1, i2 = 2, i3 = 3, i4 = 4, i5 = 5, i6 = 6, i7 = 7, i8 = 8, i9 = 9;
  int j0 = 0, j1 = 1, j2 = 2, j3 = 3, j4 = 4, j5 = 5, j6 = 6, j7 = 7, j8 = 8, j9 = 9;
  int k0 = 0, k1 = 1, k2 = 2, k3 = 3, k4 = 4, k5 = 5, k6 = 6, k7 = 7, k8 = 8, k9 = 9;
  int l0 = 0, l1 = 1, l2 = 2, l3 = 3, l4 = 4, l5 = 5, l6 = 6, l7 = 7, l8 = 8, l9 = 9;
  int m0 = 0, m1 = 1, m2 = 2, m3 = 3, m4 = 4, m5 = 5, m6 = 6, m7 = 7, m8 = 8, m9 = 9;
  int n0 = 0, n1 = 1, n2 = 2, n3 = 3, n4 = 4, n5 = 5, n6 = 6, n7 = 7, n8 = 8, n9 = 9;
  int o0 = 0, o1 = 1, o2 = 2, o3 = 3, o4 = 4, o5 = 5, o6 = 6, o7 = 7, o8 = 8, o9 = 9;
  std::string last = "end";
  bool operator==(const Wide&) const = default;
};

TEST(WideStructs, OfAHundredMembersMapInAnyOrder) {
  Wide wide;
  wide.o9 = 99;
  wide.last = "changed";
  const auto document = bson::encode(wide);
  EXPECT_EQ(document.view().count(), 101U);
  EXPECT_EQ(bson::decode<Wide>(document), wide);
  std::vector<bson::Element> elements;
  for (const auto& element : document) elements.push_back(element);
  bson::Writer backwards;
  for (auto it = elements.rbegin(); it != elements.rend(); ++it)
    backwards.append(it->key, it->value);
  EXPECT_EQ(bson::decode<Wide>(backwards.finish()), wide);
}

}  // namespace
}  // namespace quire::test
