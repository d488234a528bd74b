#include "quire/reflect/fields.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/reflect/enums.hpp"
#include "quire/reflect/type_name.hpp"

namespace quire::reflect {
namespace {

struct Address {
  std::string city;
  std::optional<std::string> zip;
};
struct User {
  int id = 0;
  std::string email, full_name;
  std::optional<Address> address;
  std::map<std::string, std::vector<int>> scores;
  std::unique_ptr<int> only;
  const int fixed = 7;
};
template <class T>
struct Box {
  T value;
  std::vector<std::pair<T, int>> other_value;
};

class Shape {
 public:
  [[nodiscard]] int sides() const { return sides_; }

 protected:
  int sides_ = 3;
  BOOST_DESCRIBE_CLASS(Shape, (), (), (sides_), ())
};
class Named : public Shape {
 public:
  static constexpr std::size_t name_at();
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_ = "triangle";
  BOOST_DESCRIBE_CLASS(Named, (Shape), (), (), (name_))
};
constexpr std::size_t Named::name_at() { return index_of<&Named::name_>; }

enum class Plan { free, pro, trial = 10 };
BOOST_DESCRIBE_ENUM(Plan, free, pro, trial)

TEST(Fields, AreCountedAndNamedInTheirOrder) {
  static_assert(field_count<User> == 7);
  EXPECT_EQ(member_names<User>[0], "id");
  EXPECT_EQ(member_names<User>[2], "full_name");
  EXPECT_EQ(member_names<User>[4], "scores");
  EXPECT_EQ(member_names<User>[6], "fixed");
  static_assert(std::is_same_v<field_t<User, 3>, std::optional<Address>>);
}

TEST(Fields, OfTemplatesAndLocalTypesHaveNames) {
  struct Local {
    std::string first;
    int second;
  };
  EXPECT_EQ(member_names<Local>[1], "second");
  using B = Box<std::map<std::string, int>>;
  EXPECT_EQ(member_names<B>[0], "value");
  EXPECT_EQ(member_names<B>[1], "other_value");
}

TEST(Fields, MemberPointersBecomePositionsWhenItCompiles) {
  static_assert(index_of<&User::full_name> == 2);
  static_assert(index_of<&User::email> == 1);
  static_assert(member_name<&User::only> == "only");
  static_assert(std::is_same_v<member_t<&User::email>, std::string>);
  static_assert(std::is_same_v<owner_t<&User::email>, User>);
}

TEST(Fields, OfDescribedClassesIncludePrivateOnesAndBases) {
  static_assert(field_count<Named> == 2);
  EXPECT_EQ(member_names<Named>[0], "sides_");
  EXPECT_EQ(member_names<Named>[1], "name_");
  EXPECT_EQ(Named::name_at(), 1U);
  Named named;
  const auto members = tie(named);
  detail::leaf<0>(members) = 5;
  detail::leaf<1>(members) = "pentagon";
  EXPECT_EQ(named.sides(), 5);
  EXPECT_EQ(named.name(), "pentagon");
}

TEST(Fields, AreReferencesToTheObject) {
  User user;
  const auto members = tie(user);
  detail::leaf<1>(members) = "ada@example.org";
  EXPECT_EQ(user.email, "ada@example.org");
  const User& constant = user;
  static_assert(std::is_const_v<std::remove_reference_t<decltype(detail::leaf<1>(tie(constant)))>>);
}

struct Many {
  int f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19;
  int g0, g1, g2, g3, g4, g5, g6, g7, g8, g9, g10, g11, g12, g13, g14, g15, g16, g17, g18, g19;
  int h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13, h14, h15, h16, h17, h18, h19;
  int i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11, i12, i13, i14, i15, i16, i17, i18, i19;
  int j0, j1, j2, j3, j4, j5, j6, j7, j8, j9, j10, j11, j12, j13, j14, j15, j16, j17, j18, j19;
  std::string k0, k1, k2, k3, k4, k5, k6, k7, last;
};

TEST(Fields, MayBeMoreThanAHundred) {
  static_assert(field_count<Many> == 109);
  EXPECT_EQ(member_names<Many>[105], "k5");
  EXPECT_EQ(member_names<Many>[108], "last");
  static_assert(index_of<&Many::last> == 108);
}

TEST(Enums, HaveTextsBothWays) {
  EXPECT_EQ(enum_name(Plan::trial), "trial");
  EXPECT_EQ(enum_name(static_cast<Plan>(3)).data(), nullptr);
  Plan plan = Plan::free;
  EXPECT_TRUE(enum_value("pro", plan));
  EXPECT_EQ(plan, Plan::pro);
  EXPECT_FALSE(enum_value("gold", plan));
}

TEST(TypeName, IsWithoutNamespaces) {
  EXPECT_EQ(type_name<User>(), "User");
  EXPECT_EQ(type_name<std::string_view>().substr(0, 17), "basic_string_view");
}

}  // namespace
}  // namespace quire::reflect
