#include <gtest/gtest.h>

#include "expression_evaluate.hpp"

namespace quire::store::embedded {
namespace {

struct Case {
  const char* expression;
  const char* result;
};
/// On {d: 2021-03-14T07:30:45.123Z, n: null}; dates are written as ISO text by $toString.
void expect_all(std::initializer_list<Case> cases) {
  for (const auto& c : cases)
    EXPECT_EQ(value_of(c.expression, R"({"d": {"$date": "2021-03-14T07:30:45.123Z"}, "n": null})"),
              c.result)
        << c.expression;
}
void expect_dates(std::initializer_list<Case> cases) {
  for (const auto& c : cases)
    EXPECT_EQ(value_of(R"({"$dateToString": {"date": )" + std::string(c.expression) + "}}",
                       R"({"d": {"$date": "2021-03-14T07:30:45.123Z"}, "n": null})"),
              c.result)
        << c.expression;
}

TEST(DateExpression, GivesPartsInAnyZone) {
  expect_all({
      {R"({"$year": "$d"})", "2021"},
      {R"({"$month": "$d"})", "3"},
      {R"({"$dayOfMonth": ["$d"]})", "14"},
      {R"({"$hour": {"date": "$d", "timezone": "America/New_York"}})", "3"},
      {R"({"$hour": {"date": "$d", "timezone": "-0830"}})", "23"},
      {R"({"$dayOfMonth": {"date": "$d", "timezone": "-08:30"}})", "13"},
      {R"({"$minute": "$d"})", "30"},
      {R"({"$second": "$d"})", "45"},
      {R"({"$millisecond": "$d"})", "123"},
      {R"({"$dayOfWeek": "$d"})", "1"},
      {R"({"$isoDayOfWeek": "$d"})", "7"},
      {R"({"$dayOfYear": "$d"})", "73"},
      {R"({"$week": "$d"})", "11"},
      {R"({"$isoWeek": "$d"})", "10"},
      {R"({"$isoWeekYear": {"$date": "2021-01-03T00:00:00Z"}})", "2020"},
      {R"({"$isoWeek": {"$date": "2021-01-03T00:00:00Z"}})", "53"},
      {R"({"$year": {"$oid": "ffffffff0000000000000000"}})", "1969"},
      {R"({"$year": {"$timestamp": {"t": 4294967295, "i": 1}}})", "2106"},
      {R"({"$year": "$n"})", "null"},
      {R"({"$year": {"date": "$d", "timezone": null}})", "null"},
      {R"({"$year": 5})", "error 16006"},
      {R"({"$year": ["$d", "$d"]})", "error 40536"},
      {R"({"$year": {"timezone": "UTC"}})", "error 40539"},
      {R"({"$year": {"date": "$d", "zone": 1}})", "error 40535"},
      {R"({"$year": {"date": "$d", "timezone": 1}})", "error 40517"},
      {R"({"$year": {"date": "$d", "timezone": "Mars/Olympus"}})", "error 40485"},
      {R"({"$dateToParts": {"date": "$d", "timezone": "Asia/Kolkata", "iso8601": true}})",
       R"({"isoWeekYear": 2021, "isoWeek": 10, "isoDayOfWeek": 7, "hour": 13, "minute": 0, "second": 45, "millisecond": 123})"},
      {R"({"$tsSecond": {"$timestamp": {"t": 5, "i": 7}}})", "5"},
      {R"({"$tsIncrement": {"$timestamp": {"t": 5, "i": 7}}})", "7"},
      {R"({"$tsSecond": 5})", "error 5687301"},
  });
}

TEST(DateExpression, BuildsDatesOfParts) {
  expect_dates({
      {R"({"$dateFromParts": {"year": 2021, "month": 14, "day": 0}})",
       "\"2022-01-31T00:00:00.000Z\""},
      {R"({"$dateFromParts": {"year": 2021, "month": 7, "timezone": "Europe/Berlin"}})",
       "\"2021-06-30T22:00:00.000Z\""},
      {R"({"$dateFromParts": {"isoWeekYear": 2020, "isoWeek": 53, "isoDayOfWeek": 7}})",
       "\"2021-01-03T00:00:00.000Z\""},
      {R"({"$dateFromParts": {"year": 1970, "second": {"$numberLong": "4102444800"}}})",
       "\"2100-01-01T00:00:00.000Z\""},
  });
  expect_all({
      {R"({"$dateFromParts": {"year": null}})", "null"},
      {R"({"$dateFromParts": {"month": 2}})", "error 40516"},
      {R"({"$dateFromParts": {"year": 2021, "isoWeek": 2}})", "error 40489"},
      {R"({"$dateFromParts": {"isoWeekYear": 2021, "day": 2}})", "error 40525"},
      {R"({"$dateFromParts": {"year": 10000}})", "error 40523"},
      {R"({"$dateFromParts": {"year": 2021, "month": 40000}})", "error 31034"},
      {R"({"$dateFromParts": {"year": 2021.5}})", "error 40515"},
      {R"({"$dateFromParts": {"year": 2021, "second": {"$numberLong": "9223372036854775807"}}})",
       "error 159"},
  });
}

TEST(DateExpression, AddsInUnitsOfTheCalendarAndOfTime) {
  expect_dates({
      {R"({"$dateAdd": {"startDate": {"$date": "2021-01-31T10:00:00Z"}, "unit": "month", "amount": 1}})",
       "\"2021-02-28T10:00:00.000Z\""},
      {R"({"$dateSubtract": {"startDate": {"$date": "2020-02-29T10:00:00Z"}, "unit": "year", "amount": 1}})",
       "\"2019-02-28T10:00:00.000Z\""},
      // A day across the change of clocks has 23 hours, 24 hours have not.
      {R"({"$dateAdd": {"startDate": {"$date": "2021-03-13T15:00:00Z"}, "unit": "day", "amount": 1,
            "timezone": "America/New_York"}})",
       "\"2021-03-14T14:00:00.000Z\""},
      {R"({"$dateAdd": {"startDate": {"$date": "2021-03-13T15:00:00Z"}, "unit": "hour", "amount": 24,
            "timezone": "America/New_York"}})",
       "\"2021-03-14T15:00:00.000Z\""},
      {R"({"$dateAdd": {"startDate": "$d", "unit": "week", "amount": -1}})",
       "\"2021-03-07T07:30:45.123Z\""},
  });
  expect_all({
      {R"({"$dateAdd": {"startDate": "$d", "unit": "decade", "amount": 1}})", "error 9"},
      {R"({"$dateAdd": {"startDate": "$d", "unit": "day", "amount": 1.5}})", "error 5166405"},
      {R"({"$dateAdd": {"startDate": 5, "unit": "day", "amount": 1}})", "error 5166403"},
      {R"({"$dateAdd": {"startDate": "$d", "unit": "year", "amount": {"$numberLong": "999999999999"}}})",
       "error 5976500"},
      {R"({"$dateAdd": {"startDate": {"$date": {"$numberLong": "9223372036854775807"}}, "unit": "day", "amount": 1}})",
       "error 5166406"},
      {R"({"$dateAdd": {"startDate": "$d", "unit": "day"}})", "error 5166402"},
      {R"({"$dateAdd": {"startDate": "$n", "unit": "day", "amount": 1}})", "null"},
  });
}

TEST(DateExpression, CountsBoundariesBetweenDates) {
  const auto difference = [](const char* start, const char* end, const char* rest) {
    return value_of(R"({"$dateDiff": {"startDate": {"$date": ")" + std::string(start) +
                    R"("}, "endDate": {"$date": ")" + end + R"("}, )" + rest + "}}");
  };
  EXPECT_EQ(difference("2020-12-31T23:59:59Z", "2021-01-01T00:00:00Z", R"("unit": "year")"), "1");
  EXPECT_EQ(difference("2021-03-31T00:00:00Z", "2021-04-01T00:00:00Z", R"("unit": "quarter")"),
            "1");
  EXPECT_EQ(difference("2021-01-31T00:00:00Z", "2020-11-01T00:00:00Z", R"("unit": "month")"), "-2");
  EXPECT_EQ(difference("2021-01-01T00:00:00Z", "2021-01-04T00:00:00Z",
                       R"("unit": "week", "startOfWeek": "Mon")"),
            "1");
  EXPECT_EQ(difference("2021-01-01T03:00:00Z", "2021-01-01T06:00:00Z",
                       R"("unit": "day", "timezone": "America/New_York")"),
            "1");
  EXPECT_EQ(difference("2021-11-07T05:00:00Z", "2021-11-07T07:00:00Z",
                       R"("unit": "hour", "timezone": "America/New_York")"),
            "2");
  EXPECT_EQ(difference("2021-01-01T00:00:00Z", "2021-01-01T00:30:00Z",
                       R"("unit": "hour", "timezone": "Asia/Kolkata")"),
            "1");
  EXPECT_EQ(difference("2021-01-01T00:00:00Z", "2021-01-01T00:00:01Z",
                       R"("unit": "week", "startOfWeek": "noday")"),
            "error 5439016");
  EXPECT_EQ(value_of(R"({"$dateDiff": {"unit": "millisecond",
      "startDate": {"$date": {"$numberLong": "-9223372036854775808"}},
      "endDate": {"$date": {"$numberLong": "9223372036854775807"}}}})"),
            "error 5166308");
}

TEST(DateExpression, CutsToBins) {
  expect_dates({
      {R"({"$dateTrunc": {"date": "$d", "unit": "hour", "binSize": 2}})",
       "\"2021-03-14T06:00:00.000Z\""},
      {R"({"$dateTrunc": {"date": "$d", "unit": "day", "timezone": "America/New_York"}})",
       "\"2021-03-14T05:00:00.000Z\""},
      {R"({"$dateTrunc": {"date": "$d", "unit": "week", "startOfWeek": "monday"}})",
       "\"2021-03-08T00:00:00.000Z\""},
      {R"({"$dateTrunc": {"date": {"$date": "2021-03-20T11:30:05Z"}, "unit": "week", "binSize": 2,
            "timezone": "America/Los_Angeles", "startOfWeek": "Monday"}})",
       "\"2021-03-15T07:00:00.000Z\""},
      {R"({"$dateTrunc": {"date": "$d", "unit": "quarter"}})", "\"2021-01-01T00:00:00.000Z\""},
      {R"({"$dateTrunc": {"date": "$d", "unit": "year", "binSize": 5}})",
       "\"2020-01-01T00:00:00.000Z\""},
      {R"({"$dateTrunc": {"date": {"$date": {"$numberLong": "-1"}}, "unit": "month", "binSize": 7}})",
       "\"1969-09-01T00:00:00.000Z\""},
  });
  expect_all({
      {R"({"$dateTrunc": {"date": "$d", "unit": "hour", "binSize": 0}})", "error 5439018"},
      {R"({"$dateTrunc": {"date": "$d", "unit": "hour", "binSize": "2"}})", "error 5439017"},
      {R"({"$dateTrunc": {"date": "$d", "unit": "hour", "binSize": {"$numberLong": "2562047788016999"}}})",
       "error 5439002"},
      {R"({"$dateTrunc": {"date": 1, "unit": "hour"}})", "error 5166307"},
      {R"({"$dateTrunc": {"date": "$d", "unit": "day", "startOfWeek": null}})", "null"},
  });
}

TEST(DateExpression, WritesAndReadsFormats) {
  expect_all({
      {R"({"$dateToString": {"date": "$d", "timezone": "+05:30",
            "format": "%Y-%m-%d %H:%M:%S.%L %j %u %w %U %V %G %z %Z %b %B %%"}})",
       R"("2021-03-14 13:00:45.123 073 7 1 11 10 2021 +0530 330 Mar March %")"},
      {R"({"$dateToString": {"date": "$d", "timezone": "America/New_York"}})",
       R"("2021-03-14T03:30:45.123")"},
      {R"({"$dateToString": {"date": "$n", "onNull": "none"}})", R"("none")"},
      {R"({"$dateToString": {"date": "$n", "format": 5}})", "error 18533"},
      {R"({"$dateToString": {"date": "$d", "format": "%x"}})", "error 18536"},
      {R"({"$dateToString": {"date": "$d", "format": "%"}})", "error 18535"},
      {R"({"$dateToString": {"date": {"$date": {"$numberLong": "253402300800000"}}, "format": "%Y"}})",
       "error 18537"},
      {R"({"$dateFromString": {"dateString": "x", "onError": "bad"}})", R"("bad")"},
      {R"({"$dateFromString": {"dateString": 5, "onError": "bad"}})", R"("bad")"},
      {R"({"$dateFromString": {"dateString": null, "onNull": "none"}})", R"("none")"},
      {R"({"$dateFromString": {"dateString": "2021-01-01", "format": "%Y-%m"}})", "error 241"},
      {R"({"$dateFromString": {"dateString": "2021", "format": "%Y"}})", "error 241"},
      {R"({"$dateFromString": {"dateString": "2021-01-01", "format": "%w"}})", "error 18536"},
      {R"({"$dateFromString": {"dateString": "2021-01-01", "format": 5}})", "error 40684"},
      {R"({"$dateFromString": {"dateString": "2021-02-30", "format": "%Y-%m-%d"}})", "error 241"},
  });
  expect_dates({
      {R"({"$dateFromString": {"dateString": "14.3.2021 at 07h05", "format": "%d.%m.%Y at %Hh%M"}})",
       "\"2021-03-14T07:05:00.000Z\""},
      {R"({"$dateFromString": {"dateString": "March 14, 2021", "format": "%B %d, %Y"}})",
       "\"2021-03-14T00:00:00.000Z\""},
      {R"({"$dateFromString": {"dateString": "2020-53-7", "format": "%G-%V-%u"}})",
       "\"2021-01-03T00:00:00.000Z\""},
      {R"({"$dateFromString": {"dateString": "2021-073", "format": "%Y-%j"}})",
       "\"2021-03-14T00:00:00.000Z\""},
      {R"({"$dateFromString": {"dateString": "2021-03-14T00:00:00.5-0130", "format": "%Y-%m-%dT%H:%M:%S.%L%z"}})",
       "\"2021-03-14T01:30:00.500Z\""},
      {R"({"$dateFromString": {"dateString": "2021-03-14+330", "format": "%Y-%m-%d%Z"}})",
       "\"2021-03-13T18:30:00.000Z\""},
      {R"({"$dateFromString": {"dateString": "2021-07-01", "timezone": "Europe/Berlin"}})",
       "\"2021-06-30T22:00:00.000Z\""},
  });
}

TEST(DateExpression, ChecksConstantArgumentsWhenItIsParsed) {
  // No document is needed to see that they are wrong.
  EXPECT_EQ(value_of(R"({"$hour": {"date": "$none", "timezone": "Mars/Olympus"}})"), "error 40485");
  EXPECT_EQ(value_of(R"({"$dateDiff": {"startDate": "$none", "endDate": "$none", "unit": "eon"}})"),
            "error 9");
}

}  // namespace
}  // namespace quire::store::embedded
