#include "core/pattern.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using quire::Pattern;
using quire::PatternError;
using Found = quire::Pattern::Found;

PatternError mistake_of(std::string_view pattern, std::string_view options) {
  try {
    (void)Pattern(pattern, options, {});
  } catch (const PatternError& error) {
    return error;
  }
  return PatternError("none");
}

TEST(Pattern, SearchesAnywhereAndByItsOptions) {
  EXPECT_EQ(Pattern("b+", "", {}).search("abbc"), Found::one);
  EXPECT_EQ(Pattern("b+", "", {}).search("ABBC"), Found::none);
  EXPECT_EQ(Pattern("B +", "ixu", {}).search("abbc"), Found::one);
  EXPECT_EQ(Pattern("^c", "m", {}).search("a\nc"), Found::one);
  EXPECT_EQ(Pattern("a.c", "s", {.machine_code = true}).search("a\nc"), Found::one);
  EXPECT_EQ(Pattern("^.$", "", {}).search("\u00e9"), Found::one) << "a character, not a byte";
  EXPECT_EQ(Pattern(".", "", {}).search("\xff"), Found::none) << "no UTF-8";
}

TEST(Pattern, TellsEachGroupAndThoseThatTookNoPart) {
  const Pattern pattern("(a)|(b)(c)?", "", {});
  ASSERT_EQ(pattern.groups(), 3U);
  std::vector<Pattern::Span> spans;
  ASSERT_EQ(pattern.search("xxb", 0, spans), Found::one);
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans[0].from, 2U);
  EXPECT_EQ(spans[0].to, 3U);
  EXPECT_EQ(spans[1].from, std::string_view::npos);
  EXPECT_EQ(spans[2].from, 2U);
  EXPECT_EQ(spans[3].from, std::string_view::npos);
  EXPECT_EQ(pattern.search("xxb", 3, spans), Found::none);
  EXPECT_EQ(spans.size(), 4U) << "left alone";
}

TEST(Pattern, LimitsAreOfEachPattern) {
  const std::string text(40, 'a');
  const Pattern strict("(a+)+$", "", {.steps = 1000, .depth = 1000});
  const Pattern free("(a+)+$", "", {});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(strict.search(text + "b"), Found::too_many_steps);
    EXPECT_EQ(free.search(text), Found::one);
    EXPECT_EQ(Pattern("^(a?){10}b", "", {.steps = 50}).search(text + "xb"), Found::too_many_steps);
    EXPECT_EQ(Pattern("^(a?){10}b", "", {}).search(text + "xb"), Found::none);
  }
  const Pattern copy = strict;
  EXPECT_EQ(copy.search(text + "b"), Found::too_many_steps);
}

TEST(Pattern, TellsWhatIsWrongWithIt) {
  EXPECT_EQ(mistake_of("a", "iq").option(), 'q');
  const auto open = mistake_of("a(", "");
  EXPECT_FALSE(open.option());
  EXPECT_TRUE(std::string_view(open.what()).ends_with(" at offset 2")) << open.what();
}

}  // namespace
