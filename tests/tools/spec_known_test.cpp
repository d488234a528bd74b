#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "known.hpp"

/// The list of cases that are known to fail.
namespace {

using quire::spec::KnownFailures;
using quire::spec::Outcome;
using quire::spec::Verdict;

class SpecKnown : public testing::Test {
 protected:
  ~SpecKnown() override { std::filesystem::remove(path_); }
  KnownFailures list(std::string_view text) {
    std::ofstream(path_) << text;
    return KnownFailures(path_);
  }
  std::string path_ =
      (std::filesystem::temp_directory_path() /
       (std::string("quire_known_") +
        testing::UnitTest::GetInstance()->current_test_info()->name() + std::to_string(getpid())))
          .string();
};

TEST_F(SpecKnown, OnlyTheListedFailureOfTheFileIsKnown) {
  const auto known = list("# cases\nquery\ta::b[c]\tno reason\nupdate\tx\twhy\n");
  const Outcome failed{Verdict::failed, false, "got 2"};
  EXPECT_EQ(known.judge("query", "a::b[c]", failed).verdict, Verdict::known);
  EXPECT_EQ(known.judge("query", "a::b[c]", failed).why, "no reason: got 2");
  EXPECT_EQ(known.judge("query", "a::b", failed).verdict, Verdict::failed);
  EXPECT_EQ(known.judge("query", "x", failed).verdict, Verdict::failed);
  EXPECT_EQ(known.judge("window", "x", failed).why, "got 2");
  EXPECT_EQ(known.judge("query", "y", {}).verdict, Verdict::passed);
  EXPECT_EQ(known.judge("query", "y", {Verdict::refused, false, ""}).verdict, Verdict::refused);
}

TEST_F(SpecKnown, AListedCaseThatDoesNotFailHasFailed) {
  const auto known = list("update\tx\twhy\n");
  EXPECT_EQ(known.judge("update", "x", {}).verdict, Verdict::failed);
  const auto refused = known.judge("update", "x", {Verdict::refused, false, ""});
  EXPECT_EQ(refused.verdict, Verdict::failed);
  EXPECT_NE(refused.why.find("remove it from the list"), std::string::npos);
}

TEST_F(SpecKnown, TellsListedCasesThatAreNotThere) {
  const auto known = list("update\tx\twhy\nupdate\ty\twhy\n");
  EXPECT_EQ(known.absent("update", {"y", "z"}), std::vector<std::string>{"x"});
  EXPECT_TRUE(known.absent("query", {}).empty());
}

TEST_F(SpecKnown, RefusesAListOfAnotherForm) {
  EXPECT_THROW(list("update\tx\n"), std::runtime_error);
  EXPECT_THROW(list("update\tx\t\n"), std::runtime_error);
  EXPECT_THROW(list("update\tx\ta\nupdate\tx\tb\n"), std::runtime_error);
  EXPECT_THROW(KnownFailures(path_ + ".absent"), std::runtime_error);
}

}  // namespace
