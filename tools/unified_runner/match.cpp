#include "match.hpp"

#include <cmath>

#include "compare.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::unified {
namespace {

using bson::Type;
using bson::ValueView;
using bson::View;
using Found = std::optional<ValueView>;
using Difference = std::optional<std::string>;

std::string shown(Found value) {
  if (!value) return "nothing";
  auto text = bson::to_json(*value);
  if (text.size() > 400) text = text.substr(0, 400) + "…";
  return text;
}

class Matcher {
 public:
  explicit Matcher(const Lookup& lookup) : lookup_(lookup) {}

  Difference match(ValueView expected, Found actual, bool root) {
    if (const auto op = operator_of(expected)) return apply(*op, expected, actual, root);
    if (!actual) return differs(expected, actual);
    if (expected.is_document()) {
      if (!actual->is_document()) return differs(expected, actual);
      return documents(expected.as_document(), actual->as_document(), root);
    }
    if (expected.is_array()) {
      if (!actual->is_array()) return differs(expected, actual);
      return arrays(expected, *actual, root);
    }
    if (flexible(expected) && flexible(*actual)) {
      return number_of(expected) == number_of(*actual) ? Difference() : differs(expected, actual);
    }
    return spec::same(expected, *actual) ? Difference() : differs(expected, actual);
  }

 private:
  static std::optional<std::string> operator_of(ValueView expected) {
    if (!expected.is_document()) return std::nullopt;
    const View body = expected.as_document();
    const auto first = body.begin();
    if (first == body.end() || !first->key.starts_with("$$") || body.count() != 1)
      return std::nullopt;
    return std::string(first->key);
  }

  static bool flexible(ValueView value) {
    return value.type() == Type::int32 || value.type() == Type::int64 ||
           value.type() == Type::double_;
  }
  // 64 bits of mantissa: exact for each of the three.
  static long double number_of(ValueView value) {
    switch (value.type()) {
      case Type::int32:
        return value.as_int32();
      case Type::int64:
        return value.as_int64();
      default:
        return value.as_double();
    }
  }

  Difference differs(std::string wanted, Found actual) const {
    return (path_.empty() ? std::string() : path_ + ": ") + "expected " + std::move(wanted) +
           ", got " + shown(actual);
  }
  Difference differs(ValueView expected, Found actual) const {
    return differs(shown(expected), actual);
  }

  /// Goes one step down, for the sake of messages.
  Difference below(std::string_view key, ValueView expected, Found actual, bool root) {
    const auto length = path_.size();
    if (!path_.empty()) path_ += '.';
    path_ += key;
    auto out = match(expected, actual, root);
    path_.resize(length);
    return out;
  }

  Difference documents(View expected, View actual, bool root) {
    for (const auto& field : expected) {
      if (auto out = below(field.key, field.value, actual.find(field.key), false)) return out;
    }
    if (root) return std::nullopt;
    for (const auto& field : actual) {
      if (!expected.contains(field.key))
        return differs("no field \"" + std::string(field.key) + "\"", field.value);
    }
    return std::nullopt;
  }

  Difference arrays(ValueView expected, ValueView actual, bool root) {
    const View wanted = expected.as_array();
    const View got = actual.as_array();
    if (wanted.count() != got.count()) return differs(expected, actual);
    auto other = got.begin();
    for (const auto& element : wanted) {
      if (auto out =
              below(element.key, element.value, other->value, root && element.value.is_document()))
        return out;
      ++other;
    }
    return std::nullopt;
  }

  static bool is_type(std::string_view alias, Type type) {
    if (alias == "number") {
      return type == Type::int32 || type == Type::int64 || type == Type::double_ ||
             type == Type::decimal128;
    }
    return alias == bson::type_name(type);
  }

  Difference of_type(ValueView aliases, Found actual) const {
    if (!actual) return differs("a value of type " + shown(aliases), actual);
    if (aliases.is_string()) {
      if (is_type(aliases.as_string(), actual->type())) return std::nullopt;
    } else {
      for (const auto& alias : aliases.as_array()) {
        if (is_type(alias.value.as_string(), actual->type())) return std::nullopt;
      }
    }
    return differs("a value of type " + shown(aliases), actual);
  }

  Difference bytes(std::string_view hex, Found actual) const {
    static constexpr char digits[] = "0123456789abcdef";
    if (!actual || actual->type() != Type::binary) return differs("bytes", actual);
    const auto binary = actual->as_binary();
    std::string text;
    for (std::size_t i = 0; i < binary.size; ++i) {
      text += digits[binary.data[i] >> 4];
      text += digits[binary.data[i] & 15];
    }
    return text == hex ? Difference() : differs("the bytes " + std::string(hex), actual);
  }

  Difference apply(std::string_view op, ValueView expected, Found actual, bool root) {
    const ValueView operand = expected.as_document().begin()->value;
    if (op == "$$exists") {
      if (operand.as_bool() == actual.has_value()) return std::nullopt;
      return differs(operand.as_bool() ? "any value" : "nothing", actual);
    }
    if (op == "$$unsetOrMatches") return actual ? match(operand, actual, root) : Difference();
    if (op == "$$type") return of_type(operand, actual);
    if (op == "$$matchesHexBytes") return bytes(operand.as_string(), actual);
    if (op == "$$matchesEntity") {
      const auto entity = lookup_.entity ? lookup_.entity(operand.as_string()) : Found();
      if (!entity) return differs("the entity " + shown(operand) + ", which is not there", actual);
      return match(*entity, actual, root);
    }
    if (op == "$$sessionLsid") {
      const bool same = actual && lookup_.session && lookup_.session(operand.as_string(), *actual);
      return same ? Difference() : differs("the lsid of " + shown(operand), actual);
    }
    if (op == "$$lte") {
      const bool holds = actual && flexible(operand) && flexible(*actual) &&
                         number_of(*actual) <= number_of(operand);
      return holds ? Difference() : differs("at most " + shown(operand), actual);
    }
    if (op == "$$matchAsRoot") return match(operand, actual, true);
    if (op == "$$matchAsDocument") {
      if (!actual || !actual->is_string()) return differs("text of a document", actual);
      const bson::Value parsed(bson::from_json(actual->as_string()));
      return match(operand, parsed.view(), false);
    }
    return differs("something that the operator " + std::string(op) +
                       " says, which this program does not know",
                   actual);
  }

  const Lookup& lookup_;
  std::string path_;
};

}  // namespace

std::optional<std::string> mismatch(ValueView expected, std::optional<ValueView> actual,
                                    const Lookup& lookup, bool root) {
  return Matcher(lookup).match(expected, actual, root);
}

}  // namespace quire::unified
