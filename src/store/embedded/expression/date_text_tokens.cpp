#include "store/embedded/expression/date_text_tokens.hpp"

namespace quire::store::embedded::date_text {

std::vector<Form> forms() {
  const std::string space = "[ \\t]+";
  const std::string maybe_space = "[ \\t]*";
  const std::string hour24 = "(?:2[0-4]|[01]?[0-9])";
  const std::string hour24lz = "(?:[01][0-9]|2[0-4])";
  const std::string hour12 = "(?:1[0-2]|0?[1-9])";
  const std::string minute = "[0-5]?[0-9]";
  const std::string minutelz = "[0-5][0-9]";
  const std::string second = "(?:60|[0-5]?[0-9])";
  const std::string secondlz = "(?:60|[0-5][0-9])";
  const std::string frac = "\\.[0-9]+";
  const std::string meridian = "(?:[AaPp]\\.?[Mm]\\.?(?=[\\x00\\t ]|$))";
  const std::string correction = "(?:(?:GMT)?[+-](?:" + hour24 + "(?::?" + minute + ")?|" +
                                 hour24lz + minutelz + secondlz + "|" + hour24lz + ":" + minutelz +
                                 ":" + secondlz + "))";
  const std::string tz = "(?:\\(?[A-Za-z]{1,6}\\)?|[A-Z][a-z]+(?:[a-z]*[_/+-][A-Za-z]+[0-9]*)+)";
  const std::string month = "(?:1[0-2]|0?[0-9])";
  const std::string monthlz = "(?:0[0-9]|1[0-2])";
  const std::string day = "(?:(?:3[01]|[0-2]?[0-9])(?:st|nd|rd|th)?)";
  const std::string plain_day = "(?:3[01]|[0-2]?[0-9])";
  const std::string daylz = "(?:0[0-9]|[1-2][0-9]|3[01])";
  const std::string year = "[0-9]{1,4}";
  const std::string year2 = "[0-9]{2}";
  const std::string year4 = "[0-9]{4}";
  const std::string day_number = "(?:00[1-9]|0[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6])";
  const std::string week_number = "(?:0[1-9]|[1-4][0-9]|5[0-3])";
  const std::string abbr = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)";
  const std::string name =
      "(?i:january|february|march|april|may|june|july|august|september|october|november|december)";
  const std::string text_month =
      "(?:" + name + "|" + abbr + "|(?:VIII|VII|VI|IV|V|IX|XII|XI|X|III|II|I))";
  const std::string weekdays =
      "(?i:(?:sun|mon|tues|wednes|thurs|fri|satur)days?|sun|mon|tue|wed|thu|fri|sat)";
  const std::string gap = "[ .\\t-]*";
  const std::string no_year = text_month + gap + plain_day + "(?:[,.stndrh\\t ]+|\\x00|$)";
  const std::string unit =
      "(?i:ms|(?:msec|millisecond|microsecond|usec|sec|second|min|minute|hour|day|fortnight|"
      "forthnight|month|year|week|weekday)s?|" +
      weekdays + ")";
  const std::string ordinal =
      "(?i:first|second|third|fourth|fifth|sixth|seventh|eighth?|ninth|tenth|eleventh|twelfth|next|"
      "last|previous|this)";
  const std::string short24 = "[tT]?" + hour24 + "[:.]" + minute;
  const std::string long24 = short24 + "[:.]" + second;

  return {
      {"(?i:yesterday|now|noon|midnight|today|tomorrow)", relative_day},
      {"@-?[0-9]+(?:\\.[0-9]{0,6})?", unix_seconds},
      {"(?i:(?:first|last) day of|(?:back|front) of " + hour24 + ")", refused},
      {hour12 + "(?:[:.]" + minutelz + "(?:[:.]" + secondlz + ")?)?" + maybe_space + meridian,
       time12},
      {hour12 + ":" + minutelz + ":" + secondlz + "[:.][0-9]+" + meridian, time12},
      {"[tT]" + hour24, time24},
      {short24, time24},
      {long24, time24},
      {long24 + frac, time24},
      {"[tT]?" + hour24lz + minutelz, four_digits},
      {"[tT]?" + hour24lz + minutelz + secondlz, time_without_colons},
      {month + "/" + plain_day, month_day_year},
      {month + "/" + plain_day + "/" + year, month_day_year},
      {"[+-]?" + year4 + "-" + monthlz + "-" + daylz, year_month_day},
      {year4 + "/" + monthlz + "/" + daylz + "/?", year_month_day},
      {"[+-][0-9]{5,19}-" + monthlz + "-" + daylz, long_year},
      {year2 + "-" + monthlz + "-" + daylz, year_month_day},
      {year4 + "-" + month, year_month_day},
      {year + "-" + month + "-" + plain_day, year_month_day},
      {day + "[ \\t.-]*" + text_month + "[ \\t.-]*" + year, day_name_year},
      {plain_day + "[.\\t-]" + month + "[.-]" + year4, day_month_year},
      {plain_day + "[.\\t]" + month + "\\." + year2, day_month_year},
      {text_month + gap + year4, name_year},
      {year4 + gap + text_month, year_name},
      {text_month + gap + plain_day + "[,.stndrh\\t ]+" + year, name_day_year},
      {no_year, name_day_year},
      {day + gap + text_month, day_name_year},
      {year4 + monthlz + daylz, year_month_day},
      {year4 + monthlz + daylz + "T" + hour24 + ":" + minutelz + ":" + secondlz, date_and_time},
      {year4 + monthlz + daylz + "[tT]" + hour24 + minutelz + secondlz, date_and_time},
      {year4 + "-" + monthlz + "-" + daylz + "T" + hour24lz + ":" + minutelz + ":" + secondlz +
           frac + correction + "?",
       date_and_time},
      {year4 + "-" + month + "-" + plain_day + "T" + hour24 + ":" + minute + ":" + second,
       date_and_time},
      {year4 + ":" + monthlz + ":" + daylz + " " + hour24lz + ":" + minutelz + ":" + secondlz,
       date_and_time},
      {year4 + "\\.?" + day_number, day_of_year},
      {year4 + "-?W" + week_number + "-?[0-7]", iso_week},
      {year4 + "-?W" + week_number, iso_week},
      {abbr + "-" + daylz + "-" + year, name_day_year},
      {year + "-" + abbr + "-" + daylz, year_name},
      {plain_day + "/" + abbr + "/" + year4 + ":" + hour24lz + ":" + minutelz + ":" + secondlz +
           space + correction,
       log_format},
      {year4, year_alone},
      {"(?i:ago)", ago},
      {weekdays, weekday},
      {ordinal + space + unit, refused},
      {name + "|" + abbr, month_alone},
      {correction, zone},
      {tz, zone},
      {no_year + hour12 + "[:.]" + minutelz + "(?:[:.]" + secondlz + ")?" + maybe_space + meridian,
       name_day_time12},
      {no_year + short24, name_day_time},
      {no_year + long24, name_day_time},
      {"[+-]*[ \\t]*[0-9]{1,13}" + maybe_space + unit, add_units},
  };
}

}  // namespace quire::store::embedded::date_text
