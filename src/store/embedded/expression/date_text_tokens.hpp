#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/expression/date_text_scan.hpp"

/// The forms that pieces of a date text have.
namespace quire::store::embedded::date_text {

/// Adds what a piece says; the reason when it cannot, else "".
using Handler = std::string (*)(DateParts& parts, std::string_view piece);
struct Form {
  std::string pattern;  ///< of PCRE2, on bytes
  Handler handler;
};
/// In the order in which timelib tries them.
[[nodiscard]] std::vector<Form> forms();

// The handlers.
[[nodiscard]] std::string zone(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string time12(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string time24(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string four_digits(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string time_without_colons(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string month_day_year(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string year_month_day(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string long_year(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string day_month_year(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string day_name_year(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string name_year(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string year_name(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string name_day_year(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string name_day_time(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string name_day_time12(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string day_of_year(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string iso_week(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string date_and_time(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string log_format(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string year_alone(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string month_alone(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string unix_seconds(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string relative_day(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string weekday(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string add_units(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string ago(DateParts& parts, std::string_view piece);
[[nodiscard]] std::string refused(DateParts& parts, std::string_view piece);

}  // namespace quire::store::embedded::date_text
