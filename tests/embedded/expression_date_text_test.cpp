#include <gtest/gtest.h>

#include <cstdlib>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/expression/date_text.hpp"

namespace {

using quire::store::embedded::parse_date_text;
using quire::store::embedded::TimeZone;

/// The moment as ISO text, in UTC.
std::string iso(std::int64_t ms) {
  const auto t = quire::store::embedded::to_civil(ms, {});
  char out[64];
  std::snprintf(out, sizeof out, "%04lld-%02d-%02dT%02d:%02d:%02d.%03d",
                static_cast<long long>(t.year), t.month, t.day, t.hour, t.minute, t.second,
                t.millisecond);
  return out;
}
std::string read(std::string_view text, const TimeZone& zone = {}) {
  try {
    return iso(parse_date_text(text, zone));
  } catch (const quire::Error& e) {
    return "error " + std::to_string(e.backend_code());
  }
}

struct Case {
  const char* text;
  const char* result;  ///< "" = error 241
};

TEST(DateText, TakesTheFormsOfIso8601AndTheLooserOnes) {
  const Case cases[] = {
      {"2017-07-04", "2017-07-04T00:00:00.000"},
      {"2017-07-04T11:56:02", "2017-07-04T11:56:02.000"},
      {"2017-07-04T11:56:02Z", "2017-07-04T11:56:02.000"},
      {"2017-07-04 11:56:02.813", "2017-07-04T11:56:02.813"},
      {"2017-07-04T11:56:02.8139Z", "2017-07-04T11:56:02.813"},
      {"2017-07-04T11:56:02.1+05:30", "2017-07-04T06:26:02.100"},
      {"2017-07-04T11:56:02-0530", "2017-07-04T17:26:02.000"},
      {"2017-07-04T11:56:02 +05", "2017-07-04T06:56:02.000"},
      {"2017-07-04T11:56", "2017-07-04T11:56:00.000"},
      {"2017-07-04T11", "2017-07-04T11:00:00.000"},
      {"20170704T115602", "2017-07-04T11:56:02.000"},
      {"20170704", "2017-07-04T00:00:00.000"},
      {"2017-W27-2", "2017-07-04T00:00:00.000"},
      {"2017W27", "2017-07-03T00:00:00.000"},
      {"2017185", "2017-07-04T00:00:00.000"},
      {"2017-185", ""},
      {"2017/07/04", "2017-07-04T00:00:00.000"},
      {"07/04/2017", "2017-07-04T00:00:00.000"},
      {"7/4/17 3:04pm", "2017-07-04T15:04:00.000"},
      {"04.07.2017 12:00", "2017-07-04T12:00:00.000"},
      {"4-7-2017", "2017-07-04T00:00:00.000"},
      {"July 4th, 2017", "2017-07-04T00:00:00.000"},
      {"July 4th, 2017 11am", "2017-07-04T11:00:00.000"},
      {"July 4th, 2017 12 AM", "2017-07-04T00:00:00.000"},
      {"July 4th, 2017 12:39:30 BST", "2017-07-04T11:39:30.000"},
      {"July 4th, 2017 12:39:30 GMT+02:00", "2017-07-04T10:39:30.000"},
      {"4 July 2017", "2017-07-04T00:00:00.000"},
      {"4-Jul-2017", "2017-07-04T00:00:00.000"},
      {"2017-Jul-04", "2017-07-04T00:00:00.000"},
      {"Jul-04-2017", "2017-07-04T00:00:00.000"},
      {"2017 July", "2017-07-01T00:00:00.000"},
      {"Tue, 04 Jul 2017 11:56:02 +0200", "2017-07-04T09:56:02.000"},
      {"Tue Jul  4 11:56:02 2017", "2017-07-04T11:56:02.000"},
      {"Wed 4 July 2017", "2017-07-05T00:00:00.000"},
      {"04/Jul/2017:11:56:02 +0000", "2017-07-04T11:56:02.000"},
      {"2017:07:04 11:56:02", "2017-07-04T11:56:02.000"},
      {"@1499169362", "2017-07-04T11:56:02.000"},
      {"@-1.5", "1969-12-31T23:59:58.500"},
      {"2017-07-04 11:56 Europe/Berlin", "2017-07-04T09:56:00.000"},
      {"2017-07-04 11:56 (EDT)", "2017-07-04T15:56:00.000"},
      {"2017-07-04 11:56 Z", "2017-07-04T11:56:00.000"},
      {"2017-07-04 +1 day", "2017-07-05T00:00:00.000"},
      {"2017-07-04 2 weeks ago", "2017-06-20T00:00:00.000"},
      {"2017-01-31 +1 month", "2017-03-03T00:00:00.000"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000"},
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000"},
      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999"},
      {" 2024-06-15T12:30:45Z\n", "2024-06-15T12:30:45.000"},
      {"2024-06-15\t12:30:45Z", "2024-06-15T12:30:45.000"},
      {"\xC2\xA0"
       "2024-06-15  12:30:45Z\xC2\xA0",
       "2024-06-15T12:30:45.000"},
      {"", ""},
      {"   ", ""},
      {"not-a-date", ""},
      {"Friday", ""},
      {"tomorrow", ""},
      {"2024", ""},
      {"12:30:45", ""},
      {"July 4", ""},
      {"1900-02-29", ""},
      {"2024-13-01", ""},
      {"2024-06-31", ""},
      {"2024-06-15T24:00:00", ""},
      {"2024-06-15T12: 30:45Z", ""},
      {"2024 -06-15T12:30:45Z", ""},
      {"10000-01-01T00:00:00Z", ""},
      {"20599-01-01T00:00:00Z", ""},
      {"2024-06-15 2024-06-16", ""},
      {"2024-06-15 12:30:45Z EST", ""},
      {"2024-06-15 12:30 Nowhere/Land", ""},
      {"2024-06-15 12:30 #", ""},
  };
  for (const auto& c : cases)
    EXPECT_EQ(read(c.text), *c.result == '\0' ? std::string("error 241") : c.result) << c.text;
  EXPECT_EQ(read(std::string_view("\0"
                                  "2024-06-15T12:30:45Z\0",
                                  22)),
            "2024-06-15T12:30:45.000");
}

TEST(DateText, AZoneIsForTextsWithoutOne) {
  const auto zone = *TimeZone::find("America/New_York");
  EXPECT_EQ(read("2017-02-08T12:10:40.787", zone), "2017-02-08T17:10:40.787");
  EXPECT_EQ(read("2017-07-08T12:10", zone), "2017-07-08T16:10:00.000");
  EXPECT_EQ(read("2017-02-08T12:10:40.787Z", zone), "error 241");
  EXPECT_EQ(read("2017-02-08 12:10 EST", zone), "error 241");
  EXPECT_EQ(read("2017-02-08T12:10:40+02:00", *TimeZone::find("UTC")), "2017-02-08T10:10:40.000");
}

TEST(DateText, RefusesWhatItDoesNotKnowByName) {
  try {
    (void)parse_date_text("first day of July 2017");
    FAIL();
  } catch (const quire::StoreError& e) {
    EXPECT_EQ(e.code(), quire::ErrorCode::unsupported);
    EXPECT_NE(std::string(e.what()).find("first day of"), std::string::npos);
  }
}

TEST(TimeZone, NamesAndOffsets) {
  EXPECT_TRUE(TimeZone::find("UTC")->is_utc());
  EXPECT_TRUE(TimeZone::find("+00:00")->is_utc());
  EXPECT_EQ(TimeZone::find("+05:45")->offset_at(0), 20700);
  EXPECT_EQ(TimeZone::find("-0330")->offset_at(0), -12600);
  EXPECT_EQ(TimeZone::find("+99:99")->offset_at(0), 99 * 3600 + 99 * 60);
  EXPECT_EQ(TimeZone::find("+03")->offset_at(0), 10800);
  EXPECT_EQ(TimeZone::find("Asia/Kolkata")->offset_at(0), 19800);
  // Daylight saving time goes on after the last transition that is written down.
  EXPECT_EQ(TimeZone::find("Europe/Berlin")->offset_at(2540000000), 7200);
  for (const char* bad :
       {"", "utc", "america/new_york", "EUROPE/BERLIN", "+5", "+1:30", "+05:3", "05:00", "+0a:00",
        "+05:00:00", "America", "/etc/localtime", "../zoneinfo/Asia/Tokyo", "posix/UTC",
        "right/UTC", "localtime", "Fixed/UTC+05:00:00", "Asia/Tokyo "})
    EXPECT_FALSE(TimeZone::find(bad)) << bad;
}

TEST(TimeZone, SkippedTimesAreTakenWithTheOffsetBeforeAndRepeatedOnesAsStandardTime) {
  const auto local = [](int year, int month, int day, int hour, int minute) {
    return quire::store::embedded::days_from_civil(year, month, day) * 86400 + hour * 3600 +
           minute * 60;
  };
  const auto at = [&](const char* zone, std::int64_t time) {
    return iso(TimeZone::find(zone)->to_utc(time) * 1000);
  };
  EXPECT_EQ(at("America/New_York", local(2021, 3, 14, 2, 30)), "2021-03-14T07:30:00.000");
  EXPECT_EQ(at("America/New_York", local(2021, 11, 7, 1, 30)), "2021-11-07T06:30:00.000");
  EXPECT_EQ(at("Europe/Berlin", local(2021, 3, 28, 2, 30)), "2021-03-28T01:30:00.000");
  EXPECT_EQ(at("Europe/Berlin", local(2021, 10, 31, 2, 30)), "2021-10-31T01:30:00.000");
  const auto berlin = *TimeZone::find("Europe/Berlin");
  EXPECT_EQ(iso(berlin.to_utc(local(2021, 10, 31, 2, 30), true) * 1000), "2021-10-31T00:30:00.000");
}

TEST(TimeZone, DatesFarAwayAreCalendarDates) {
  using quire::store::embedded::to_civil;
  EXPECT_EQ(to_civil(INT64_MAX, {}).year, 292278994);
  EXPECT_EQ(to_civil(INT64_MIN, {}).year, -292275055);
  EXPECT_EQ(to_civil(INT64_MIN, *TimeZone::find("Asia/Tokyo")).year, -292275055);
  EXPECT_EQ(iso(-1), "1969-12-31T23:59:59.999");
}

}  // namespace
