#pragma once

#include <optional>

#include "quire/core/error.hpp"
#include "store/embedded/expression/expression.hpp"
#include "store/embedded/expression/time_zone.hpp"

/// What the operators on dates share.
namespace quire::store::embedded::date_detail {

enum class TimeUnit { year, quarter, month, week, day, hour, minute, second, millisecond };

/// Throws QueryError 5439013 for no string, 9 for an unknown unit; a name's case counts.
[[nodiscard]] TimeUnit parse_unit(std::string_view op, bson::ValueView value);
/// 0 = Sunday; "monday", "MON" … Throws QueryError 5439015 for no string, 5439016.
[[nodiscard]] int parse_start_of_week(std::string_view op, bson::ValueView value);
/// Of hour, minute, second, millisecond.
[[nodiscard]] std::int64_t milliseconds_of(TimeUnit unit) noexcept;

/// Milliseconds of a date, timestamp or ObjectId; empty for other types.
[[nodiscard]] std::optional<std::int64_t> date_of(bson::ValueView value) noexcept;
/// Throws QueryError `code` for other types.
[[nodiscard]] std::int64_t need_date(std::string_view op, bson::ValueView value, int code = 16006);
/// Throws QueryError 40517 for no string, 40485 for an unknown zone.
[[nodiscard]] TimeZone zone_of_value(std::string_view op, bson::ValueView value);

/// An argument whose value is worked out once where it is constant.
template <class T>
struct Prepared {
  std::optional<T> value;
  /// `read` is called now for a constant, and throws now for one that is wrong.
  template <class Read>
  void prepare(const Expression* argument, Read&& read) {
    if (argument == nullptr || argument->constant() == nullptr) return;
    if (is_nullish(*argument->constant())) return;
    try {
      value = read(*argument->constant());
    } catch (const QueryError& error) {
      throw ConstantError(error);
    }
  }
  /// Empty where it is nullish.
  template <class Read>
  [[nodiscard]] std::optional<T> get(const Expression& argument, Evaluation& e, Read&& read) const {
    if (value) return value;
    const bson::ValueView found = argument.evaluate(e);
    if (is_nullish(found)) return std::nullopt;
    return read(found);
  }
};

/// The timezone argument of an operator; UTC where there is none.
class ZoneArgument {
 public:
  void prepare(std::string_view op, const Expression* argument) {
    op_ = op;
    argument_ = argument;
    prepared_.prepare(argument, [&](bson::ValueView value) { return zone_of_value(op_, value); });
  }
  /// As prepare(), but a constant is read when it is asked for.
  void prepare_late(std::string_view op, const Expression* argument) {
    op_ = op;
    argument_ = argument;
  }
  /// Empty where it is nullish, and the answer is null.
  [[nodiscard]] std::optional<TimeZone> get(Evaluation& e) const {
    if (argument_ == nullptr) return TimeZone();
    return prepared_.get(*argument_, e,
                         [&](bson::ValueView value) { return zone_of_value(op_, value); });
  }

 private:
  std::string_view op_;
  const Expression* argument_ = nullptr;
  Prepared<TimeZone> prepared_;
};

[[nodiscard]] ExpressionPtr parse_part(const Operator& op, bson::ValueView argument,
                                       ParseScope& scope);
[[nodiscard]] ExpressionPtr parse_to_parts(const Operator& op, bson::ValueView argument,
                                           ParseScope& scope);
[[nodiscard]] ExpressionPtr parse_from_parts(const Operator& op, bson::ValueView argument,
                                             ParseScope& scope);
[[nodiscard]] ExpressionPtr parse_add(const Operator& op, bson::ValueView argument,
                                      ParseScope& scope);  // and $dateSubtract
[[nodiscard]] ExpressionPtr parse_diff(const Operator& op, bson::ValueView argument,
                                       ParseScope& scope);
[[nodiscard]] ExpressionPtr parse_trunc(const Operator& op, bson::ValueView argument,
                                        ParseScope& scope);
[[nodiscard]] ExpressionPtr parse_to_string(const Operator& op, bson::ValueView argument,
                                            ParseScope& scope);
[[nodiscard]] ExpressionPtr parse_from_string(const Operator& op, bson::ValueView argument,
                                              ParseScope& scope);

}  // namespace quire::store::embedded::date_detail
