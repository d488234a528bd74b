#include <array>
#include <cstdlib>

#include "store/embedded/expression/date_common.hpp"
#include "store/embedded/expression/text.hpp"

namespace quire::store::embedded::date_detail {

using bson::ValueView;

namespace {

enum Field { year, month, day, iso_year, iso_week, iso_day, hour, minute, second, millisecond };
constexpr std::array<std::string_view, 10> names = {
    "year",         "month", "day",    "isoWeekYear", "isoWeek",
    "isoDayOfWeek", "hour",  "minute", "second",      "millisecond"};
/// How far a field may lie outside of its usual range; seconds and milliseconds may be any number.
enum class Bound { year, short_integer, none };
constexpr Bound bound_of(std::size_t field) noexcept {
  if (field == year || field == iso_year) return Bound::year;
  return field == second || field == millisecond ? Bound::none : Bound::short_integer;
}

/// children: as `names`, then timezone; null where not given.
class FromPartsExpression final : public Expression {
 public:
  FromPartsExpression(const Operator& op, const NamedArguments& named, ParseScope& scope)
      : name_(op.name) {
    for (const auto name : names) children_.push_back(named.parse(name, scope));
    children_.push_back(named.parse("timezone", scope));
    zone_.prepare(name_, children_.back().get());
  }
  ValueView evaluate(Evaluation& e) const override {
    const auto zone = zone_.get(e);
    if (!zone) return null_value;
    std::array<std::int64_t, names.size()> at = {1970, 1, 1, 1970, 1, 1, 0, 0, 0, 0};
    const bool iso = children_[iso_year] != nullptr;
    // The time first, then the date, as the server reads them.
    for (const std::size_t field :
         {std::size_t{hour}, std::size_t{minute}, std::size_t{second}, std::size_t{millisecond},
          std::size_t{iso ? iso_year : year}, std::size_t{iso ? iso_week : month},
          std::size_t{iso ? iso_day : day}}) {
      if (children_[field] == nullptr) continue;
      const ValueView value = child(field, e);
      if (is_nullish(value)) return null_value;
      at[field] = read(field, value);
    }
    const std::int64_t days =
        iso ? iso_year_start(at[iso_year]) + (at[iso_week] - 1) * 7 + at[iso_day] - 1
            : days_of(at[year], at[month], at[day]);
    return e.date(moment(days, at, *zone));
  }

 private:
  [[nodiscard]] std::int64_t read(std::size_t field, ValueView value) const {
    const std::string quoted = "'" + std::string(names[field]) + "'";
    const auto whole = whole_number(value);
    if (!whole)
      fail_expression(40515, quoted + " must evaluate to an integer, found " +
                                 std::string(value_type_name(value)) + " with value " +
                                 show(value));
    const Bound bound = bound_of(field);
    if (bound == Bound::year && (*whole < 1 || *whole > 9999))
      fail_expression(field == year ? 40523 : 31095,
                      quoted + " must evaluate to an integer in the range 1 to 9999, found " +
                          std::to_string(*whole));
    if (bound == Bound::short_integer && *whole != static_cast<std::int16_t>(*whole))
      fail_expression(31034, quoted +
                                 " must evaluate to a value in the range [-32768, 32767]; "
                                 "value " +
                                 std::to_string(*whole) + " is not in range");
    return *whole;
  }
  /// Months and days beyond the calendar's carry over.
  static std::int64_t days_of(std::int64_t in_year, std::int64_t in_month, std::int64_t in_day) {
    const std::int64_t months = in_month - 1;
    const std::int64_t years = floor_divide(months, 12);
    return days_from_civil(in_year + years, static_cast<int>(months - years * 12) + 1, in_day);
  }
  static std::int64_t moment(std::int64_t days, const std::array<std::int64_t, names.size()>& at,
                             const TimeZone& zone) {
    // A long of milliseconds is some 106 billion days.
    std::int64_t seconds = days * 86400 + at[hour] * 3600 + at[minute] * 60;
    std::int64_t ms = 0;
    const bool fits = !__builtin_add_overflow(seconds, at[second], &seconds) &&
                      seconds / 1000 < INT64_MAX / 1'000'001 &&
                      seconds / 1000 > INT64_MIN / 1'000'001;
    if (!fits || __builtin_add_overflow(zone.to_utc(seconds) * 1000, at[millisecond], &ms))
      fail_expression(159, "$dateFromParts: the date is outside of what 64-bit milliseconds hold");
    return ms;
  }

  std::string_view name_;
  ZoneArgument zone_;
};

}  // namespace

ExpressionPtr parse_from_parts(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"year",    "month",        "day",     "isoWeekYear",
                                               "isoWeek", "isoDayOfWeek", "hour",    "minute",
                                               "second",  "millisecond",  "timezone"};
  const NamedArguments named(op, argument, known, 40519, 40518);
  const bool natural = named.get("year").has_value();
  const bool iso = named.get("isoWeekYear").has_value();
  if (!natural && !iso)
    fail_expression(40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present");
  const auto refuse_mixed = [&](std::initializer_list<std::string_view> others, int code,
                                std::string_view mode) {
    for (const auto other : others) {
      if (named.get(other))
        fail_expression(code,
                        "$dateFromParts does not allow mixing natural dates with ISO dates: "
                        "'" +
                            std::string(other) + "' with '" + std::string(mode) + "'");
    }
  };
  if (natural) refuse_mixed({"isoWeekYear", "isoWeek", "isoDayOfWeek"}, 40489, "year");
  if (iso) refuse_mixed({"year", "month", "day"}, 40525, "isoWeekYear");
  return std::make_unique<FromPartsExpression>(op, named, scope);
}

}  // namespace quire::store::embedded::date_detail
