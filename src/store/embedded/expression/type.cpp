#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "quire/core/error.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/convert.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

constexpr int failed_to_parse = 9;
constexpr int bad_value = 2;

ValueView type_of(const Call& c) { return c.e.string(value_type_name(c[0])); }
ValueView is_number_of(const Call& c) { return boolean_value(is_number(c[0])); }

Type type_named(std::string_view name) {
  if (name == "missing") return static_cast<Type>(0);
  for (int code = -1; code <= 0x13; ++code) {
    const auto type = static_cast<Type>(code);
    if (code != 0 && bson::type_name(type) == name) return type;
  }
  if (name == "maxKey") return Type::max_key;
  fail_expression(bad_value, "Unknown type name: " + std::string(name));
}

/// `to`, or its field `type`: a name or a number.
Type target_type(ValueView value) {
  if (value.type() == Type::string) return type_named(value.as_string());
  if (!is_number(value))
    fail_expression(failed_to_parse,
                    "$convert's 'to' argument must be a string or number, but is " +
                        std::string(value_type_name(value)));
  const auto part = integer_part(value);
  if (!part || !part->whole)
    fail_expression(failed_to_parse, "In $convert, numeric 'to' argument is not an integer");
  const std::int64_t code = part->value;
  if (!(code >= -1 && code <= 0x13) && code != 0x7F)
    fail_expression(failed_to_parse,
                    "In $convert, numeric value for 'to' does not correspond to a BSON type: " +
                        std::to_string(code));
  return static_cast<Type>(static_cast<std::uint8_t>(code));
}

bson::BinarySubtype target_subtype(ValueView value) {
  if (is_nullish(value)) return bson::BinarySubtype::generic;
  if (!is_number(value))
    fail_expression(4341108, "$convert requires that 'subtype' be a number, found: " +
                                 std::string(value_type_name(value)) + " with value " +
                                 show(value));
  const auto part = integer_part(value);
  if (!part || !part->whole)
    fail_expression(4341106, "In $convert, numeric 'subtype' argument is not an integer");
  const std::int64_t code = part->value;
  const bool defined = code >= 0 && code <= 9;
  const bool of_users = code >= 128 && code <= 255;
  if (!defined && !of_users)
    fail_expression(4341107,
                    "In $convert, numeric value for 'subtype' does not correspond to a BinData "
                    "type: " +
                        std::to_string(code));
  return static_cast<bson::BinarySubtype>(code);
}

TextFormat text_format(ValueView value) {
  if (is_nullish(value)) return TextFormat::none;
  if (value.type() != Type::string)
    fail_expression(4341114, "$convert requires that 'format' be a string, found: " +
                                 std::string(value_type_name(value)) + " with value " +
                                 show(value));
  struct Name {
    std::string_view text;
    TextFormat format;
  };
  static constexpr auto names = std::to_array<Name>({
      {"auto", TextFormat::automatic},
      {"base64", TextFormat::base64},
      {"base64url", TextFormat::base64url},
      {"hex", TextFormat::hex},
      {"utf8", TextFormat::utf8},
      {"uuid", TextFormat::uuid},
  });
  for (const auto& name : names) {
    if (name.text == value.as_string()) return name.format;
  }
  fail_expression(4341125, "Invalid 'format' argument for $convert: " + show(value));
}

bool is_big_endian(ValueView value) {
  if (is_nullish(value)) return false;
  if (value.type() != Type::string)
    fail_expression(9130001, "$convert requires that 'byteOrder' be a string, found: " +
                                 std::string(value_type_name(value)) + " with value " +
                                 show(value));
  if (value.as_string() != "big" && value.as_string() != "little")
    fail_expression(9130002, "Invalid 'byteOrder' argument for $convert: " + show(value));
  return value.as_string() == "big";
}

/// $convert: input, to, format, byteOrder, onError, onNull; null where one was not given.
class ConvertExpression final : public Expression {
 public:
  enum Part : std::uint8_t { input, to, format, byte_order, on_error, on_null };

  explicit ConvertExpression(std::vector<ExpressionPtr> parts) { children_ = std::move(parts); }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView value = child(input, e);
    const ValueView target = child(to, e);
    if (is_nullish(value)) return children_[on_null] == nullptr ? null_value : child(on_null, e);
    if (is_nullish(target)) return null_value;
    Conversion conversion;
    if (target.is_document()) {
      const auto type = target.as_document().find("type");
      conversion.to = target_type(type.value_or(missing));
      conversion.subtype = target_subtype(target.as_document().find("subtype").value_or(missing));
    } else {
      conversion.to = target_type(target);
    }
    conversion.format = text_format(optional(format, e));
    conversion.big_endian = is_big_endian(optional(byte_order, e));
    if (children_[on_error] == nullptr) return convert_value(value, conversion, e);
    try {
      return convert_value(value, conversion, e);
    } catch (const QueryError& error) {
      if (error.backend_code() != conversion_failure) throw;
    }
    return child(on_error, e);
  }

 private:
  [[nodiscard]] ValueView optional(Part part, Evaluation& e) const {
    return children_[part] == nullptr ? missing : child(part, e);
  }
};

constexpr std::array<std::string_view, 6> convert_parts{"input",     "to",      "format",
                                                        "byteOrder", "onError", "onNull"};

ExpressionPtr parse_convert(const Operator& op, ValueView argument, ParseScope& scope) {
  const NamedArguments named(op, argument, convert_parts, failed_to_parse, failed_to_parse);
  std::vector<ExpressionPtr> parts;
  for (const auto name : convert_parts) parts.push_back(named.parse(name, scope));
  if (parts[ConvertExpression::input] == nullptr)
    fail_expression(failed_to_parse, "Missing 'input' parameter to $convert");
  if (parts[ConvertExpression::to] == nullptr)
    fail_expression(failed_to_parse, "Missing 'to' parameter to $convert");
  return std::make_unique<ConvertExpression>(std::move(parts));
}

/// $toInt and its like.
class ToExpression final : public Expression {
 public:
  ToExpression(const Conversion& conversion, ExpressionPtr value) : conversion_(conversion) {
    children_.push_back(std::move(value));
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView value = child(0, e);
    return is_nullish(value) ? null_value : convert_value(value, conversion_, e);
  }

 private:
  Conversion conversion_;
};

template <Type type>
ExpressionPtr parse_to(const Operator& op, ValueView argument, ParseScope& scope) {
  const bool list = argument.is_array();
  if (list && argument.as_array().count() != 1)
    fail_expression(50723, std::string(op.name) + " requires a single argument, got " +
                               std::to_string(argument.as_array().count()));
  Conversion conversion;
  conversion.to = type;
  if (type == Type::string) conversion.format = TextFormat::automatic;
  if (type == Type::binary) {  // $toUUID
    conversion.format = TextFormat::uuid;
    conversion.subtype = bson::BinarySubtype::uuid;
  }
  const ValueView value = list ? argument.as_array().begin()->value : argument;
  return std::make_unique<ToExpression>(conversion, parse_expression(value, scope));
}

constexpr auto table = std::to_array<Operator>({
    sequence_operator("$convert", parse_convert),
    function_operator("$isNumber", is_number_of, 1, 1),
    sequence_operator("$toBool", parse_to<Type::boolean>),
    sequence_operator("$toDate", parse_to<Type::date_time>),
    sequence_operator("$toDecimal", parse_to<Type::decimal128>),
    sequence_operator("$toDouble", parse_to<Type::double_>),
    sequence_operator("$toInt", parse_to<Type::int32>),
    sequence_operator("$toLong", parse_to<Type::int64>),
    sequence_operator("$toObjectId", parse_to<Type::object_id>),
    sequence_operator("$toString", parse_to<Type::string>),
    sequence_operator("$toUUID", parse_to<Type::binary>),
    function_operator("$type", type_of, 1, 1),
});

}  // namespace

std::span<const Operator> type_operators() noexcept { return table; }

}  // namespace quire::store::embedded
