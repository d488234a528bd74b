#include "quire/core/error.hpp"
#include "store/embedded/expression/date_common.hpp"
#include "store/embedded/expression/date_format.hpp"
#include "store/embedded/expression/date_text.hpp"

namespace quire::store::embedded::date_detail {

using bson::ValueView;

namespace {

/// $dateToString. children: date, format, timezone, onNull (null where not given).
class ToStringExpression final : public Expression {
 public:
  ToStringExpression(const Operator& op, const NamedArguments& named, ParseScope& scope)
      : name_(op.name) {
    for (const auto name : {"date", "format", "timezone", "onNull"})
      children_.push_back(named.parse(name, scope));
    zone_.prepare(name_, children_[2].get());
    format_.prepare(children_[1].get(), [&](ValueView v) { return read_format(v); });
  }
  ValueView evaluate(Evaluation& e) const override {
    std::optional<std::string> format;
    if (children_[1] != nullptr)
      format = format_.get(*children_[1], e, [&](ValueView v) { return read_format(v); });
    const ValueView date = child(0, e);
    if (is_nullish(date)) return children_[3] != nullptr ? child(3, e) : null_value;
    const auto zone = zone_.get(e);
    if (!zone || (children_[1] != nullptr && !format)) return null_value;
    if (!format) format = zone->is_utc() ? "%Y-%m-%dT%H:%M:%S.%LZ" : "%Y-%m-%dT%H:%M:%S.%L";
    return e.string(format_date(*format, need_date(name_, date), *zone));
  }

 private:
  [[nodiscard]] std::string read_format(ValueView value) const {
    if (!value.is_string())
      fail_expression(18533, "$dateToString requires that 'format' be a string, found: " +
                                 std::string(value_type_name(value)) + " with value " +
                                 show(value));
    check_date_format(value.as_string(), written_letters);
    return std::string(value.as_string());
  }
  std::string_view name_;
  ZoneArgument zone_;
  Prepared<std::string> format_;
};

/// $dateFromString. children: dateString, format, timezone, onNull, onError.
class FromStringExpression final : public Expression {
 public:
  FromStringExpression(const Operator& op, const NamedArguments& named, ParseScope& scope)
      : name_(op.name) {
    for (const auto name : {"dateString", "format", "timezone", "onNull", "onError"})
      children_.push_back(named.parse(name, scope));
    zone_.prepare(name_, children_[2].get());
    format_.prepare(children_[1].get(), [&](ValueView v) { return read_format(v); });
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView text = child(0, e);
    std::optional<std::string> format;
    if (children_[1] != nullptr)
      format = format_.get(*children_[1], e, [&](ValueView v) { return read_format(v); });
    const auto zone = zone_.get(e);
    if (is_nullish(text)) return children_[3] != nullptr ? child(3, e) : null_value;
    try {
      if (!text.is_string())
        fail_expression(241, "$dateFromString requires that 'dateString' be a string, found: " +
                                 std::string(value_type_name(text)) + " with value " + show(text));
      if (!zone || (children_[1] != nullptr && !format)) return null_value;
      return e.date(format ? parse_date_format(text.as_string(), *format, *zone)
                           : parse_date_text(text.as_string(), *zone));
    } catch (const QueryError& error) {
      if (children_[4] == nullptr || error.backend_code() != 241) throw;
    }
    return child(4, e);
  }

 private:
  [[nodiscard]] std::string read_format(ValueView value) const {
    if (!value.is_string())
      fail_expression(40684, "$dateFromString requires that 'format' be a string, found: " +
                                 std::string(value_type_name(value)) + " with value " +
                                 show(value));
    check_date_format(value.as_string(), read_letters);
    return std::string(value.as_string());
  }
  std::string_view name_;
  ZoneArgument zone_;
  Prepared<std::string> format_;
};

}  // namespace

ExpressionPtr parse_to_string(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"date", "format", "timezone", "onNull"};
  const NamedArguments named(op, argument, known, 18629, 18534);
  (void)named.required("date", 18628);
  return std::make_unique<ToStringExpression>(op, named, scope);
}

ExpressionPtr parse_from_string(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"dateString", "format", "timezone", "onNull",
                                               "onError"};
  const NamedArguments named(op, argument, known, 40540, 40541);
  (void)named.required("dateString", 40542);
  return std::make_unique<FromStringExpression>(op, named, scope);
}

}  // namespace quire::store::embedded::date_detail
