#include <gtest/gtest.h>

#include "expression_evaluate.hpp"

namespace quire::store::embedded {
namespace {

struct Case {
  const char* expression;
  const char* result;
};
void expect_all(std::initializer_list<Case> cases) {
  for (const auto& c : cases) EXPECT_EQ(value_of(c.expression), c.result) << c.expression;
}

TEST(StringExpression, JoinsAndCompares) {
  expect_all({
      {R"({"$concat": ["a", "", "bc"]})", R"("abc")"},
      {R"({"$concat": ["a", null, 5]})", "null"},
      {R"({"$concat": ["a", 5]})", "error 16702"},
      {R"({"$toUpper": "aé"})", R"("Aé")"},
      {R"({"$toLower": [null]})", R"("")"},
      {R"({"$toUpper": {"$date": "2024-01-01T00:00:00Z"}})", R"("2024-01-01T00:00:00.000Z")"},
      {R"({"$toLower": {"$timestamp": {"t": 1721500800, "i": 1}}})", R"("jul 20 18:40:00:1")"},
      {R"({"$toLower": {"$numberDouble": "9007199254740992.0"}})", R"("9.0072e+15")"},
      {R"({"$toLower": true})", "error 16007"},
      {R"({"$strcasecmp": ["ABC", "abd"]})", "-1"},
      {R"({"$strcasecmp": ["b", null]})", "1"},
  });
}

TEST(StringExpression, CountsBytesAndCodePoints) {
  expect_all({
      {R"({"$strLenBytes": "é€"})", "5"},
      {R"({"$strLenCP": "é€"})", "2"},
      {R"({"$strLenCP": null})", "error 34471"},
      {R"({"$strLenBytes": 1})", "error 34473"},
      {R"({"$substrBytes": ["é€x", 2, 3]})", R"("€")"},
      {R"({"$substrBytes": ["é€x", 2, -1]})", R"("€x")"},
      {R"({"$substrBytes": ["é", 1, 1]})", "error 28656"},
      {R"({"$substrBytes": ["é", 0, 1]})", "error 28657"},
      {R"({"$substrBytes": ["abc", -1, 1]})", "error 50752"},
      {R"({"$substrBytes": ["abc", {"$numberDecimal": "0.5"}, 1]})", R"("a")"},
      {R"({"$substrBytes": ["abc", {"$numberDecimal": "1.5"}, 1]})", R"("c")"},
      {R"({"$substrBytes": ["abc", 1e30, 1]})", "error 31109"},
      {R"({"$substr": [12345, 1, 2]})", R"("23")"},
      {R"({"$substrCP": ["é€x", 1, 1]})", R"("€")"},
      {R"({"$substrCP": ["abc", 1.5, 1]})", "error 34451"},
      {R"({"$substrCP": ["abc", 0, -1]})", "error 34454"},
      {R"({"$indexOfBytes": ["é€x", "x"]})", "5"},
      {R"({"$indexOfCP": ["é€x", "x"]})", "2"},
      {R"({"$indexOfCP": ["abcd", "cd", 0, 3]})", "2"},
      {R"({"$indexOfBytes": ["abcd", "cd", 0, 3]})", "-1"},
      {R"({"$indexOfBytes": ["abc", "", 4]})", "-1"},
      {R"({"$indexOfBytes": [null, 5]})", "null"},
      {R"({"$indexOfBytes": ["a", "a", -1]})", "error 40097"},
      {R"({"$indexOfCP": [5, "a"]})", "error 40093"},
  });
}

TEST(StringExpression, SplitsReplacesAndTrims) {
  expect_all({
      {R"({"$split": ["a--b-", "-"]})", R"(["a", "", "b", ""])"},
      {R"({"$split": ["a", ""]})", "error 40087"},
      {R"({"$split": ["a", 1]})", "error 10503900"},
      {R"({"$split": [null, 1]})", "null"},
      {R"({"$replaceOne": {"input": "aXbX", "find": "X", "replacement": "--"}})", R"("a--bX")"},
      {R"({"$replaceAll": {"input": "aXbX", "find": "X", "replacement": ""}})", R"("ab")"},
      {R"({"$replaceAll": {"input": "ab", "find": "", "replacement": "-"}})", R"("-a-b-")"},
      {R"({"$replaceAll": {"input": "ab", "find": null, "replacement": 1}})", "error 10503902"},
      {R"({"$replaceAll": {"input": "ab", "find": "a"}})", "error 51747"},
      {R"({"$trim": {"input": "\u00a0\t x y \u2003"}})", R"("x y")"},
      {R"({"$ltrim": {"input": "éaéx", "chars": "éa"}})", R"("x")"},
      {R"({"$rtrim": {"input": "xyy", "chars": "y"}})", R"("x")"},
      {R"({"$trim": {"input": "x", "chars": null}})", "null"},
      {R"({"$trim": {"input": 1}})", "error 50699"},
      {R"({"$trim": {"chars": "x"}})", "error 50695"},
  });
}

TEST(StringExpression, RefusesTextsBeyondTheLimit) {
  const std::string half(9U << 20, 'a');
  const std::string document = R"({"s": ")" + half + R"("})";
  EXPECT_EQ(value_of(R"({"$concat": ["$s", "$s"]})", document), "error 16493");
  EXPECT_EQ(
      value_of(R"({"$replaceAll": {"input": "$s", "find": "a", "replacement": "bb"}})", document),
      "error 16493");
}

TEST(RegexExpression, FindsMatchesGroupsAndPlaces) {
  expect_all({
      {R"({"$regexMatch": {"input": "Hello", "regex": "^h", "options": "i"}})", "true"},
      {R"({"$regexMatch": {"input": null, "regex": "h"}})", "false"},
      {R"({"$regexFind": {"input": "éab", "regex": "(?:(a)|(b))x?"}})",
       R"({"match": "a", "idx": 1, "captures": ["a", null]})"},
      {R"({"$regexFind": {"input": "x", "regex": "y"}})", "null"},
      {R"({"$regexFindAll": {"input": "aéa", "regex": "a"}})",
       R"([{"match": "a", "idx": 0, "captures": []}, {"match": "a", "idx": 2, "captures": []}])"},
      {R"({"$regexFindAll": {"input": "éb", "regex": "x*"}})",
       R"([{"match": "", "idx": 0, "captures": []}, {"match": "", "idx": 1, "captures": []}])"},
      {R"({"$regexFindAll": {"input": "a", "regex": null}})", "[]"},
  });
}

TEST(RegexExpression, TellsWhatIsWrong) {
  expect_all({
      {R"({"$regexMatch": {"input": 1, "regex": "h"}})", "error 51104"},
      {R"({"$regexMatch": {"input": "h", "regex": 1}})", "error 51105"},
      {R"({"$regexMatch": {"input": "h", "regex": "h", "options": 1}})", "error 51106"},
      {R"({"$regexMatch": {"input": "h", "options": "i",
            "regex": {"$regularExpression": {"pattern": "h", "options": "m"}}}})",
       "error 51107"},
      {R"({"$regexMatch": {"input": "h", "regex": "h", "options": "q"}})", "error 51108"},
      {R"({"$regexMatch": {"input": "h", "regex": "("}})", "error 51111"},
      {R"({"$regexMatch": {"input": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
            "regex": "^(a|a)*$"}})",
       "error 51156"},
      {R"({"$regexMatch": {"regex": "h"}})", "error 31022"},
      {R"({"$regexMatch": {"input": "h", "regex": "h", "x": 1}})", "error 31024"},
  });
}

TEST(RegexExpression, CompilesAPatternOfTheDocumentForEach) {
  EXPECT_EQ(value_of(R"({"$regexMatch": {"input": "abc", "regex": "$p"}})", R"({"p": "b."})"),
            "true");
  EXPECT_EQ(value_of(R"({"$regexMatch": {"input": "abc", "regex": "$p"}})", R"({"p": "("})"),
            "error 51111");
  EXPECT_EQ(value_of(R"({"$regexMatch": {"input": "$x", "regex": "("}})"), "error 51111");
}

}  // namespace
}  // namespace quire::store::embedded
