#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/type_report.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::Value;
using bson::ValueView;

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

template <class T>
std::optional<T> parsed(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> whole(double value) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return std::nullopt;
  if (std::trunc(value) != value) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

/// Of "12", "12.00" and "1.2E+1", if it is whole.
std::optional<std::int64_t> whole_decimal(const std::string& text) {
  if (const auto value = parsed<std::int64_t>(text)) return value;
  // Exact for what a double holds exactly; what it does not is refused.
  const auto value = parsed<double>(text);
  if (!value || std::abs(*value) > 9007199254740992.0) return std::nullopt;
  const auto number = whole(*value);
  if (!number) return std::nullopt;
  // 1.0000000000000000001 is near to a whole number, and none: compare as decimals of one scale.
  const auto dot = text.find('.');
  const auto exponent = text.find_first_of("eE");
  if (dot != std::string::npos && exponent == std::string::npos &&
      text.find_first_not_of('0', dot + 1) != std::string::npos)
    return std::nullopt;
  if (dot != std::string::npos && exponent != std::string::npos && exponent - dot - 1 > 15)
    return std::nullopt;
  return number;
}

std::optional<std::int64_t> as_whole(ValueView value) {
  switch (value.type()) {
    case Type::int32:
      return value.as_int32();
    case Type::int64:
      return value.as_int64();
    case Type::double_:
      return whole(value.as_double());
    case Type::decimal128:
      return whole_decimal(value.as_decimal128().str());
    case Type::boolean:
      return value.as_bool() ? 1 : 0;
    case Type::string:
    case Type::symbol:
      return parsed<std::int64_t>(value.text());
    default:
      return std::nullopt;
  }
}

std::optional<Value> to_double(ValueView value) {
  if (value.type() == Type::decimal128) {
    if (value.as_decimal128().is_nan()) return Value(std::nan(""));
    const auto number = parsed<double>(value.as_decimal128().str());
    return number ? std::optional<Value>(*number) : std::nullopt;
  }
  if (value.is_string()) {
    const auto number = parsed<double>(value.as_string());
    return number && std::isfinite(*number) ? std::optional<Value>(*number) : std::nullopt;
  }
  const auto number = as_whole(value);
  if (!number) return std::nullopt;
  const auto made = static_cast<double>(*number);
  if (whole(made) != number) return std::nullopt;
  return Value(made);
}

std::optional<Value> to_decimal(ValueView value) {
  try {
    if (value.is_string()) {
      if (value.as_string().find_first_not_of("+-0123456789.eE") != std::string_view::npos)
        return std::nullopt;
      return Value(bson::Decimal128::from_string(value.as_string()));
    }
    if (value.type() == Type::double_) {
      const double number = value.as_double();
      if (std::isnan(number)) return Value(bson::Decimal128::from_string("NaN"));
      if (std::isinf(number))
        return Value(bson::Decimal128::from_string(number < 0 ? "-Infinity" : "Infinity"));
      return Value(bson::Decimal128::from_string(number_text(number)));
    }
    if (const auto number = as_whole(value))
      return Value(bson::Decimal128::from_string(std::to_string(*number)));
  } catch (const FormatError&) {  // no decimal, or it would be rounded
  }
  return std::nullopt;
}

std::optional<Value> to_date(ValueView value) {
  if (value.is_string()) {
    const std::string text(value.as_string());
    if (text.size() < 10 || text.find_first_not_of("0123456789-:.+TZtz") != std::string::npos)
      return std::nullopt;
    try {
      const auto document = bson::from_json(R"({"d":{"$date":")" + text + "\"}}");
      if (document["d"].type() == Type::date_time) return Value(document["d"]);
    } catch (const Error&) {  // not a date
    }
    return std::nullopt;
  }
  if (value.type() == Type::boolean || value.type() == Type::symbol) return std::nullopt;
  if (const auto ms = as_whole(value)) return Value(bson::DateTime(std::chrono::milliseconds(*ms)));
  return std::nullopt;
}

std::optional<Value> to_text(ValueView value) {
  switch (value.type()) {
    case Type::int32:
    case Type::int64:
      return Value(std::to_string(*as_whole(value)));
    case Type::double_:
      return Value(number_text(value.as_double()));
    case Type::decimal128:
      return Value(value.as_decimal128().str());
    case Type::boolean:
      return Value(value.as_bool() ? "true" : "false");
    case Type::object_id:
      return Value(value.as_object_id().str());
    case Type::symbol:
      return Value(value.text());
    case Type::date_time: {
      const auto document = bson::from_json(bson::to_json(bson::make_document("d", value)));
      const std::string json = bson::to_json(document);
      const auto from = json.find("\"$date\"");
      const auto start = json.find('"', json.find(':', from));
      const auto end = json.find('"', start + 1);
      if (json.find("$numberLong") != std::string::npos) return std::nullopt;  // years past 9999
      return Value(json.substr(start + 1, end - start - 1));
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Value> convert_value(ValueView value, Type to) {
  if (value.type() == to) return Value(value);
  switch (to) {
    case Type::int32: {
      const auto number = as_whole(value);
      if (!number || *number < INT32_MIN || *number > INT32_MAX) return std::nullopt;
      return Value(static_cast<std::int32_t>(*number));
    }
    case Type::int64: {
      if (value.type() == Type::date_time)
        return Value(std::int64_t{value.as_date_time().time_since_epoch().count()});
      const auto number = as_whole(value);
      return number ? std::optional<Value>(*number) : std::nullopt;
    }
    case Type::double_:
      return to_double(value);
    case Type::decimal128:
      return to_decimal(value);
    case Type::boolean: {
      if (value.is_string() || value.type() == Type::symbol) {
        if (value.text() == "true") return Value(true);
        if (value.text() == "false") return Value(false);
        return std::nullopt;
      }
      const auto number = as_whole(value);
      if (!number || (*number != 0 && *number != 1)) return std::nullopt;
      return Value(*number == 1);
    }
    case Type::date_time:
      return to_date(value);
    case Type::string:
      return to_text(value);
    case Type::object_id:
      if (!value.is_string()) return std::nullopt;
      try {
        return Value(bson::ObjectId::from_string(value.as_string()));
      } catch (const FormatError&) {
        return std::nullopt;
      }
    case Type::array: {
      bson::Writer w;
      w.append("0", value);
      return Value::array(w.finish());
    }
    default:
      return std::nullopt;
  }
}

}  // namespace quire::migrate
