#include "store/embedded/expression/text.hpp"

#include <cmath>
#include <cstdio>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/convert.hpp"
#include "store/embedded/expression/time_zone.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

/// "Jan  1 00:00:00:42": month, day and time in UTC, then the counter.
std::string timestamp_text(bson::Timestamp value) {
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime t = to_civil(std::int64_t{value.seconds} * 1000, {});
  char out[64];
  const int n = std::snprintf(out, sizeof out, "%s %2d %02d:%02d:%02d:%u", months[t.month - 1],
                              t.day, t.hour, t.minute, t.second, value.increment);
  return {out, static_cast<std::size_t>(n)};
}

}  // namespace

std::string_view coerce_to_text(ValueView value, std::string& buffer) {
  switch (value.type()) {
    case Type::string:
    case Type::symbol:
    case Type::code: {
      // The same bytes: a length, the text and its end.
      return {reinterpret_cast<const char*>(value.data()) + 4, value.size() - 5};
    }
    case Type::int32:
    case Type::int64:
      buffer = std::to_string(integer_of(value));
      return buffer;
    case Type::double_: {
      const auto number = bson::load<double>(value.data());
      char out[64];
      const int n = std::isnan(number) ? std::snprintf(out, sizeof out, "nan")
                                       : std::snprintf(out, sizeof out, "%g", number);
      buffer.assign(out, static_cast<std::size_t>(n));
      return buffer;
    }
    case Type::decimal128:
      buffer = bson::load<bson::Decimal128>(value.data()).str();
      return buffer;
    case Type::date_time:
      buffer = date_iso_text(bson::load<std::int64_t>(value.data()));
      return buffer;
    case Type::timestamp:
      buffer = timestamp_text(bson::load<bson::Timestamp>(value.data()));
      return buffer;
    default:
      if (is_nullish(value)) return {};
      fail_expression(16007, "can't convert from BSON type " + std::string(value_type_name(value)) +
                                 " to String");
  }
}

void check_string_size(std::size_t bytes) {
  constexpr std::size_t most = 16U << 20;
  if (bytes >= most)
    fail_expression(16493, "Tried to create string longer than 16MB: it has at least " +
                               std::to_string(bytes) + " bytes");
}

bool is_int32(ValueView value, std::int32_t& out) {
  const auto part = integer_part(value);
  if (!part || !part->whole || part->value != static_cast<std::int32_t>(part->value)) return false;
  out = static_cast<std::int32_t>(part->value);
  return true;
}

std::optional<std::int64_t> whole_number(ValueView value) {
  const auto part = integer_part(value);
  if (!part || !part->whole) return std::nullopt;
  return part->value;
}

std::int64_t coerce_to_int64(ValueView number) {
  const auto part = integer_part(number);
  if (number.type() != Type::decimal128) {
    if (!part)
      fail_expression(31109, "Can't coerce out of range value " + show(number) + " to long");
    return part->value;
  }
  if (!part) return INT64_MIN;
  if (part->whole) return part->value;
  const auto exact = ExactDecimal::of(bson::load<bson::Decimal128>(number.data()));
  if (exact.exponent < 0) return 0;
  const std::string_view fraction =
      std::string_view(exact.digits).substr(static_cast<std::size_t>(exact.exponent));
  const bool up =
      fraction[0] > '5' || (fraction[0] == '5' && (fraction.size() > 1 || part->value % 2 != 0));
  if (!up) return part->value;
  return exact.negative ? part->value - 1 : part->value + 1;
}

}  // namespace quire::store::embedded
