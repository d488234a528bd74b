#include <array>

#include "store/embedded/expression/date_common.hpp"

namespace quire::store::embedded::date_detail {

using bson::ValueView;

namespace {

int weekday_of_date(const CivilTime& t) {
  return weekday_of(days_from_civil(t.year, t.month, t.day));
}

using Part = std::int64_t (*)(const CivilTime& t);
struct NamedPart {
  std::string_view name;
  Part part;
};
constexpr auto parts = std::to_array<NamedPart>({
    {"$year", [](const CivilTime& t) { return t.year; }},
    {"$month", [](const CivilTime& t) { return std::int64_t{t.month}; }},
    {"$dayOfMonth", [](const CivilTime& t) { return std::int64_t{t.day}; }},
    {"$dayOfWeek", [](const CivilTime& t) { return std::int64_t{weekday_of_date(t) + 1}; }},
    {"$dayOfYear", [](const CivilTime& t) { return std::int64_t{day_of_year(t)}; }},
    {"$hour", [](const CivilTime& t) { return std::int64_t{t.hour}; }},
    {"$minute", [](const CivilTime& t) { return std::int64_t{t.minute}; }},
    {"$second", [](const CivilTime& t) { return std::int64_t{t.second}; }},
    {"$millisecond", [](const CivilTime& t) { return std::int64_t{t.millisecond}; }},
    {"$week", [](const CivilTime& t) { return std::int64_t{week_of_year(t)}; }},
    {"$isoWeek", [](const CivilTime& t) { return std::int64_t{iso_week_of(t).week}; }},
    {"$isoWeekYear", [](const CivilTime& t) { return iso_week_of(t).year; }},
    {"$isoDayOfWeek", [](const CivilTime& t) { return std::int64_t{iso_week_of(t).weekday}; }},
});

/// children: date, timezone (or null).
class PartExpression final : public Expression {
 public:
  PartExpression(const Operator& op, ExpressionPtr date, ExpressionPtr zone) : name_(op.name) {
    for (const auto& known : parts) {
      if (known.name == op.name) part_ = known.part;
    }
    children_.push_back(std::move(date));
    children_.push_back(std::move(zone));
    zone_.prepare(name_, children_[1].get());
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView date = child(0, e);
    if (is_nullish(date)) return null_value;
    const auto zone = zone_.get(e);
    if (!zone) return null_value;
    const std::int64_t out = part_(to_civil(need_date(name_, date), *zone));
    // ISO years are longs.
    return part_is_long() ? e.int64(out) : e.int32(static_cast<std::int32_t>(out));
  }

 private:
  [[nodiscard]] bool part_is_long() const noexcept { return name_ == "$isoWeekYear"; }
  std::string_view name_;
  Part part_ = nullptr;
  ZoneArgument zone_;
};

/// children: date, timezone, iso8601 (null where not given).
class ToPartsExpression final : public Expression {
 public:
  ToPartsExpression(const Operator& op, const NamedArguments& named, ParseScope& scope)
      : name_(op.name) {
    children_.push_back(named.parse("date", scope));
    children_.push_back(named.parse("timezone", scope));
    children_.push_back(named.parse("iso8601", scope));
    zone_.prepare(name_, children_[1].get());
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView date = child(0, e);
    const auto zone = zone_.get(e);
    if (!zone) return null_value;
    bool iso = false;
    if (children_[2] != nullptr) {
      const ValueView wanted = child(2, e);
      if (is_nullish(wanted)) return null_value;
      if (wanted.type() != bson::Type::boolean)
        fail_expression(40521, "iso8601 must evaluate to a bool, found " +
                                   std::string(value_type_name(wanted)));
      iso = is_true(wanted);
    }
    if (is_nullish(date)) return null_value;
    const CivilTime t = to_civil(need_date(name_, date), *zone);
    Evaluation::Builder out(e);
    const auto add = [&](std::string_view key, std::int64_t value) {
      out->append(key, static_cast<std::int32_t>(value));
    };
    if (iso) {
      const IsoWeek week = iso_week_of(t);
      add("isoWeekYear", week.year);
      add("isoWeek", week.week);
      add("isoDayOfWeek", week.weekday);
    } else {
      add("year", t.year);
      add("month", t.month);
      add("day", t.day);
    }
    add("hour", t.hour);
    add("minute", t.minute);
    add("second", t.second);
    add("millisecond", t.millisecond);
    return out.document();
  }

 private:
  std::string_view name_;
  ZoneArgument zone_;
};

}  // namespace

ExpressionPtr parse_part(const Operator& op, ValueView argument, ParseScope& scope) {
  if (argument.is_document() &&
      (argument.as_document().empty() || !argument.as_document().begin()->key.starts_with('$'))) {
    static constexpr std::string_view known[] = {"date", "timezone"};
    const NamedArguments named(op, argument, known, 40535, 40535);
    (void)named.required("date", 40539);
    auto date = named.parse("date", scope);
    return std::make_unique<PartExpression>(op, std::move(date), named.parse("timezone", scope));
  }
  if (argument.is_array()) {
    const auto count = argument.as_array().count();
    if (count != 1)
      fail_expression(40536, std::string(op.name) +
                                 " accepts exactly one argument if given an array, but was given " +
                                 std::to_string(count));
    argument = argument.as_array().begin()->value;
  }
  return std::make_unique<PartExpression>(op, parse_expression(argument, scope), nullptr);
}

ExpressionPtr parse_to_parts(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"date", "timezone", "iso8601"};
  const NamedArguments named(op, argument, known, 40524, 40520);
  (void)named.required("date", 40522);
  return std::make_unique<ToPartsExpression>(op, named, scope);
}

}  // namespace quire::store::embedded::date_detail
