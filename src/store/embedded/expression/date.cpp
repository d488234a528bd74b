#include <array>

#include "store/embedded/expression/date_common.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace date_detail {

TimeUnit parse_unit(std::string_view op, ValueView value) {
  static constexpr std::string_view names[] = {"year", "quarter", "month",  "week",       "day",
                                               "hour", "minute",  "second", "millisecond"};
  if (!value.is_string())
    fail_expression(5439013, std::string(op) + " requires 'unit' to be a string, but got " +
                                 std::string(value_type_name(value)));
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (value.as_string() == names[i]) return static_cast<TimeUnit>(i);
  }
  fail_expression(9, "unknown time unit value: " + std::string(value.as_string()));
}

int parse_start_of_week(std::string_view op, ValueView value) {
  static constexpr std::string_view names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                               "thursday", "friday", "saturday"};
  if (!value.is_string())
    fail_expression(5439015, std::string(op) + " requires 'startOfWeek' to be a string, but got " +
                                 std::string(value_type_name(value)));
  std::string name;
  for (const char c : value.as_string())
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  for (int i = 0; i < 7; ++i) {
    if (name == names[i] || name == names[i].substr(0, 3)) return i;
  }
  fail_expression(5439016, std::string(op) +
                               " parameter 'startOfWeek' value cannot be recognized "
                               "as a day of a week: " +
                               std::string(value.as_string()));
}

std::int64_t milliseconds_of(TimeUnit unit) noexcept {
  switch (unit) {
    case TimeUnit::hour:
      return 3'600'000;
    case TimeUnit::minute:
      return 60'000;
    case TimeUnit::second:
      return 1'000;
    default:
      return 1;
  }
}

std::optional<std::int64_t> date_of(ValueView value) noexcept {
  switch (value.type()) {
    case Type::date_time:
      return bson::load<std::int64_t>(value.data());
    case Type::timestamp:
      return std::int64_t{bson::load<bson::Timestamp>(value.data()).seconds} * 1000;
    case Type::object_id: {
      // Big-endian seconds, signed as the server takes them.
      const std::uint8_t* b = value.data();
      const std::uint32_t seconds = std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 |
                                    std::uint32_t{b[2]} << 8 | std::uint32_t{b[3]};
      return std::int64_t{static_cast<std::int32_t>(seconds)} * 1000;
    }
    default:
      return std::nullopt;
  }
}

std::int64_t need_date(std::string_view op, ValueView value, int code) {
  const auto date = date_of(value);
  if (!date)
    fail_expression(code, std::string(op) + ": can't convert from BSON type " +
                              std::string(value_type_name(value)) + " to Date");
  return *date;
}

TimeZone zone_of_value(std::string_view op, ValueView value) {
  if (!value.is_string())
    fail_expression(40517, std::string(op) + ": timezone must evaluate to a string, found " +
                               std::string(value_type_name(value)));
  const auto zone = TimeZone::find(value.as_string());
  if (!zone)
    fail_expression(40485, std::string(op) + ": unrecognized time zone identifier: \"" +
                               std::string(value.as_string()) + "\"");
  return *zone;
}

}  // namespace date_detail

namespace {

ValueView timestamp_part(const Call& c, int code, bool seconds) {
  if (is_nullish(c[0])) return null_value;
  if (c[0].type() != Type::timestamp)
    fail_expression(code, std::string(c.op.name) + " requires a timestamp argument, found: " +
                              std::string(value_type_name(c[0])));
  const auto value = bson::load<bson::Timestamp>(c[0].data());
  return c.e.int64(seconds ? value.seconds : value.increment);
}
ValueView ts_second(const Call& c) { return timestamp_part(c, 5687301, true); }
ValueView ts_increment(const Call& c) { return timestamp_part(c, 5687302, false); }

using namespace date_detail;
constexpr auto table = std::to_array<Operator>({
    parsed_operator("$year", parse_part),
    parsed_operator("$month", parse_part),
    parsed_operator("$dayOfMonth", parse_part),
    parsed_operator("$dayOfWeek", parse_part),
    parsed_operator("$dayOfYear", parse_part),
    parsed_operator("$hour", parse_part),
    parsed_operator("$minute", parse_part),
    parsed_operator("$second", parse_part),
    parsed_operator("$millisecond", parse_part),
    parsed_operator("$week", parse_part),
    parsed_operator("$isoWeek", parse_part),
    parsed_operator("$isoWeekYear", parse_part),
    parsed_operator("$isoDayOfWeek", parse_part),
    parsed_operator("$dateToParts", parse_to_parts),
    parsed_operator("$dateFromParts", parse_from_parts),
    parsed_operator("$dateAdd", parse_add),
    parsed_operator("$dateSubtract", parse_add),
    parsed_operator("$dateDiff", parse_diff),
    parsed_operator("$dateTrunc", parse_trunc),
    parsed_operator("$dateToString", parse_to_string),
    parsed_operator("$dateFromString", parse_from_string),
    function_operator("$tsSecond", ts_second, 1, 1),
    function_operator("$tsIncrement", ts_increment, 1, 1),
});

}  // namespace

std::span<const Operator> date_operators() noexcept { return table; }

}  // namespace quire::store::embedded
