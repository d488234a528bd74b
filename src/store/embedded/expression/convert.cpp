#include "store/embedded/expression/convert.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "quire/core/error.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/date_text.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Decimal128;
using bson::Type;
using bson::ValueView;

namespace {

[[noreturn]] void fail_pair(ValueView value, Type to) {
  fail_conversion("Unsupported conversion from " + std::string(value_type_name(value)) + " to " +
                  (to == static_cast<Type>(0) ? "missing" : std::string(bson::type_name(to))) +
                  " in $convert with no onError value");
}

/// The whole part of a number, within int64.
std::int64_t whole_part(ValueView number) {
  if (is_nan(number)) fail_conversion("Attempt to convert NaN value to integer type");
  const auto part = integer_part(number);
  if (!part)
    fail_conversion("Conversion would overflow target type in $convert with no onError value: " +
                    show(number));
  return part->value;
}

std::int32_t to_int32(ValueView number) {
  const std::int64_t whole = whole_part(number);
  if (whole != static_cast<std::int32_t>(whole))
    fail_conversion("Conversion would overflow target type in $convert with no onError value: " +
                    show(number));
  return static_cast<std::int32_t>(whole);
}

double decimal_to_double(ValueView value) {
  const auto decimal = bson::load<Decimal128>(value.data());
  const double out = to_double(value);
  if (!decimal.is_infinite() && !decimal.is_nan() &&
      (std::isinf(out) || (out == 0 && !decimal_is_zero(decimal))))
    fail_conversion("Conversion would overflow target type in $convert with no onError value: " +
                    decimal.str());
  return out;
}

ValueView from_number(ValueView value, const Conversion& c, Evaluation& e) {
  const Type from = value.type();
  switch (c.to) {
    case Type::double_:
      return e.number(from == Type::decimal128 ? decimal_to_double(value) : to_double(value));
    case Type::decimal128:
      return e.decimal(to_decimal(value));
    case Type::int32:
      return e.int32(to_int32(value));
    case Type::int64:
      return e.int64(whole_part(value));
    case Type::date_time:
      if (from != Type::int32) return e.date(whole_part(value));
      break;
    case Type::string:
      if (from == Type::double_) return e.string(double_text(bson::load<double>(value.data())));
      if (from == Type::decimal128) return e.string(bson::load<Decimal128>(value.data()).str());
      return e.string(std::to_string(integer_of(value)));
    case Type::binary:
      if (from != Type::decimal128) return binary_from_number(value, c, e);
      break;
    default:
      break;
  }
  fail_pair(value, c.to);
}

ValueView from_string(ValueView value, const Conversion& c, Evaluation& e) {
  const std::string_view text = value.as_string();
  switch (c.to) {
    case Type::string:
      return value;
    case Type::double_:
      return e.number(parse_double(text));
    case Type::decimal128:
      return e.decimal(parse_decimal(text));
    case Type::int32:
      return e.int32(static_cast<std::int32_t>(parse_integer(text, Type::int32)));
    case Type::int64:
      return e.int64(parse_integer(text, Type::int64));
    case Type::date_time:
      return e.date(parse_date_text(text));
    case Type::object_id:
      try {
        return e.object_id(bson::ObjectId::from_string(text));
      } catch (const FormatError&) {
        fail_conversion("Failed to parse objectId '" + std::string(text) +
                        "' in $convert with no onError value: it is not 24 hexadecimal digits");
      }
    case Type::binary:
      return binary_from_text(text, c, e);
    default:
      fail_pair(value, c.to);
  }
}

ValueView from_boolean(ValueView value, const Conversion& c, Evaluation& e) {
  const std::int32_t number = is_true(value) ? 1 : 0;
  switch (c.to) {
    case Type::double_:
      return e.number(number);
    case Type::int32:
      return e.int32(number);
    case Type::int64:
      return e.int64(number);
    case Type::decimal128:
      return e.decimal(to_decimal(e.int32(number)));
    case Type::string:
      return e.string(number != 0 ? "true" : "false");
    default:
      fail_pair(value, c.to);
  }
}

ValueView from_date(ValueView value, const Conversion& c, Evaluation& e) {
  const auto ms = bson::load<std::int64_t>(value.data());
  switch (c.to) {
    case Type::date_time:
      return value;
    case Type::double_:
      return e.number(static_cast<double>(ms));
    case Type::int64:
      return e.int64(ms);
    case Type::decimal128:
      return e.decimal(to_decimal(e.int64(ms)));
    case Type::string:
      return e.string(date_iso_text(ms));
    default:
      fail_pair(value, c.to);
  }
}

ValueView from_object_id(ValueView value, const Conversion& c, Evaluation& e) {
  const auto id = value.as_object_id();
  switch (c.to) {
    case Type::object_id:
      return value;
    case Type::string:
      return e.string(id.str());
    case Type::date_time:
      return e.date(std::int64_t{id.time().time_since_epoch().count()} * 1000);
    default:
      fail_pair(value, c.to);
  }
}

ValueView from_binary(ValueView value, const Conversion& c, Evaluation& e) {
  switch (c.to) {
    case Type::binary:
      if (value.as_binary().subtype != c.subtype)
        fail_conversion(
            "Conversions between different binData subtypes are not supported in $convert with no "
            "onError value");
      return value;
    case Type::string:
      return text_from_binary(value, c, e);
    case Type::int32:
    case Type::int64:
    case Type::double_:
      return number_from_binary(value, c, e);
    default:
      fail_pair(value, c.to);
  }
}

}  // namespace

void fail_conversion(std::string_view detail) { fail_expression(conversion_failure, detail); }

ValueView convert_value(ValueView value, const Conversion& conversion, Evaluation& e) {
  if (conversion.to == Type::boolean)
    return value.type() == Type::boolean ? value : boolean_value(is_true(value));
  switch (value.type()) {
    case Type::double_:
    case Type::int32:
    case Type::int64:
    case Type::decimal128:
      return from_number(value, conversion, e);
    case Type::string:
      return from_string(value, conversion, e);
    case Type::boolean:
      return from_boolean(value, conversion, e);
    case Type::date_time:
      return from_date(value, conversion, e);
    case Type::object_id:
      return from_object_id(value, conversion, e);
    case Type::binary:
      return from_binary(value, conversion, e);
    case Type::timestamp:
      if (conversion.to == Type::date_time)
        return e.date(std::int64_t{bson::load<std::uint32_t>(value.data() + 4)} * 1000);
      break;
    default:
      break;
  }
  fail_pair(value, conversion.to);
}

}  // namespace quire::store::embedded
