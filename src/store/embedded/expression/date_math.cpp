#include "store/embedded/expression/date_arithmetic.hpp"
#include "store/embedded/expression/text.hpp"

namespace quire::store::embedded::date_detail {

using bson::ValueView;

namespace {

/// The arguments of these operators, of which each has some.
class UnitExpression : public Expression {
 protected:
  explicit UnitExpression(const Operator& op) : name_(op.name) {}

  void add(ExpressionPtr child) { children_.push_back(std::move(child)); }
  /// What is constant is read and checked at once, unless everything is, and evaluation does it.
  void prepare(std::size_t unit, std::size_t zone, std::size_t week) {
    unit_at_ = unit;
    week_at_ = week;
    bool all = true;
    for (const auto& argument : children_)
      all = all && (argument == nullptr || argument->constant() != nullptr);
    if (all) {
      zone_.prepare_late(name_, children_[zone].get());
      return;
    }
    zone_.prepare(name_, children_[zone].get());
    unit_.prepare(children_[unit].get(), [&](ValueView v) { return parse_unit(name_, v); });
    if (week != none && unit_.value == TimeUnit::week)
      week_.prepare(children_[week].get(),
                    [&](ValueView v) { return parse_start_of_week(name_, v); });
  }
  [[nodiscard]] std::optional<TimeUnit> unit(Evaluation& e) const {
    return unit_.get(*children_[unit_at_], e, [&](ValueView v) { return parse_unit(name_, v); });
  }
  /// Sunday where it was not given.
  [[nodiscard]] std::optional<int> week_start(Evaluation& e) const {
    if (children_[week_at_] == nullptr) return 0;
    return week_.get(*children_[week_at_], e,
                     [&](ValueView v) { return parse_start_of_week(name_, v); });
  }
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  std::string_view name_;
  ZoneArgument zone_;

 private:
  std::size_t unit_at_ = 0;
  std::size_t week_at_ = none;
  Prepared<TimeUnit> unit_;
  Prepared<int> week_;
};

/// children: startDate, unit, amount, timezone.
class AddExpression final : public UnitExpression {
 public:
  AddExpression(const Operator& op, const NamedArguments& named, ParseScope& scope)
      : UnitExpression(op), minus_(op.name == "$dateSubtract") {
    for (const auto name : {"startDate", "unit", "amount", "timezone"})
      add(named.parse(name, scope));
    prepare(1, 3, none);
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView start = child(0, e);
    if (is_nullish(start)) return null_value;
    const auto by = unit(e);
    if (!by) return null_value;
    const ValueView amount = child(2, e);
    if (is_nullish(amount)) return null_value;
    const auto zone = zone_.get(e);
    if (!zone) return null_value;
    const auto date = date_of(start);
    if (!date)
      fail_expression(5166403, std::string(name_) +
                                   " requires startDate to be convertible to a "
                                   "date, found " +
                                   std::string(value_type_name(start)));
    const auto whole = whole_number(amount);
    if (!whole)
      fail_expression(5166405, std::string(name_) +
                                   " expects integer amount of time units, found " + show(amount) +
                                   " (" + std::string(value_type_name(amount)) + ")");
    if (minus_ && *whole == INT64_MIN)
      fail_expression(6045000,
                      "invalid $dateSubtract 'amount' parameter value: " + std::to_string(*whole));
    return e.date(add_to_date(*date, *by, minus_ ? -*whole : *whole, *zone));
  }

 private:
  bool minus_;
};

/// children: startDate, endDate, unit, timezone, startOfWeek.
class DiffExpression final : public UnitExpression {
 public:
  DiffExpression(const Operator& op, const NamedArguments& named, ParseScope& scope)
      : UnitExpression(op) {
    for (const auto name : {"startDate", "endDate", "unit", "timezone", "startOfWeek"})
      add(named.parse(name, scope));
    prepare(2, 3, 4);
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView start = child(0, e);
    if (is_nullish(start)) return null_value;
    const ValueView end = child(1, e);
    if (is_nullish(end)) return null_value;
    const auto by = unit(e);
    if (!by) return null_value;
    int first = 0;
    if (by == TimeUnit::week) {
      const auto given = week_start(e);
      if (!given) return null_value;
      first = *given;
    }
    const auto zone = zone_.get(e);
    if (!zone) return null_value;
    const std::int64_t from =
        need_date("$dateDiff requires 'startDate' to be a date", start, 5166307);
    const std::int64_t to = need_date("$dateDiff requires 'endDate' to be a date", end, 5166307);
    return e.int64(date_difference(from, to, *by, *zone, first));
  }
};

/// children: date, unit, binSize, timezone, startOfWeek.
class TruncExpression final : public UnitExpression {
 public:
  TruncExpression(const Operator& op, const NamedArguments& named, ParseScope& scope)
      : UnitExpression(op) {
    for (const auto name : {"date", "unit", "binSize", "timezone", "startOfWeek"})
      add(named.parse(name, scope));
    prepare(1, 3, 4);
    // The server folds an expression of constants without looking at a start of the week that it
    // does not need; on documents a null there makes the answer null.
    for (const auto& argument : children_)
      constant_ = constant_ && (argument == nullptr || argument->constant() != nullptr);
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView date = child(0, e);
    if (is_nullish(date)) return null_value;
    std::int64_t size = 1;
    if (children_[2] != nullptr) {
      const ValueView given = child(2, e);
      if (is_nullish(given)) return null_value;
      const auto whole = whole_number(given);
      if (!whole)
        fail_expression(5439017,
                        "$dateTrunc requires 'binSize' to be a 64-bit integer, but got "
                        "value '" +
                            show(given) + "' of type " + std::string(value_type_name(given)));
      if (*whole <= 0)
        fail_expression(5439018,
                        "$dateTrunc requires 'binSize' to be greater than 0, but got "
                        "value " +
                            std::to_string(*whole));
      size = *whole;
    }
    const auto by = unit(e);
    if (!by) return null_value;
    int first = 0;
    if (by == TimeUnit::week) {
      const auto given = week_start(e);
      if (!given) return null_value;
      first = *given;
    } else if (!constant_ && children_[4] != nullptr && is_nullish(child(4, e))) {
      return null_value;
    }
    const auto zone = zone_.get(e);
    if (!zone) return null_value;
    const std::int64_t ms = need_date("$dateTrunc requires 'date' to be a date", date, 5166307);
    return e.date(truncate_date(ms, *by, size, *zone, first));
  }

 private:
  bool constant_ = true;
};

}  // namespace

ExpressionPtr parse_add(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"startDate", "unit", "amount", "timezone"};
  const NamedArguments named(op, argument, known, 5166400, 5166401);
  for (const auto name : {"startDate", "unit", "amount"}) (void)named.required(name, 5166402);
  return std::make_unique<AddExpression>(op, named, scope);
}

ExpressionPtr parse_diff(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"startDate", "endDate", "unit", "timezone",
                                               "startOfWeek"};
  const NamedArguments named(op, argument, known, 5166301, 5166302);
  (void)named.required("startDate", 5166303);
  (void)named.required("endDate", 5166304);
  (void)named.required("unit", 5166305);
  return std::make_unique<DiffExpression>(op, named, scope);
}

ExpressionPtr parse_trunc(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"date", "unit", "binSize", "timezone",
                                               "startOfWeek"};
  const NamedArguments named(op, argument, known, 5439007, 5439008);
  (void)named.required("date", 5439009);
  (void)named.required("unit", 5439010);
  return std::make_unique<TruncExpression>(op, named, scope);
}

}  // namespace quire::store::embedded::date_detail
