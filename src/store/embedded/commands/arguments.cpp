#include "store/embedded/commands/arguments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "store/embedded/commands/concerns.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/engine/index_spec.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto common_names = std::to_array<std::string_view>({
    "comment",
    "maxTimeMS",
    "readConcern",
    "writeConcern",
    "lsid",
    "txnNumber",
    "autocommit",
    "startTransaction",
    "$db",
    "$clusterTime",
    "$readPreference",
    "apiVersion",
    "apiStrict",
    "apiDeprecationErrors",
    "$audit",
    "$client",
    "$configServerState",
    "$oplogQueryData",
    "$queryOptions",
    "$replData",
    "$tenant",
    "clientOperationKey",
    "maxTimeMSOpOnly",
    "mayBypassWriteBlocking",
    "rawData",
    "$clientMetadata",
    "txnRetryCounter",
    "stmtId",
    "stmtIds",
    "requestGossipRoutingCache",
});

bool is_flag(bson::ValueView value) {
  return value.type() == bson::Type::boolean || value.is_number();
}

std::string collection_name_of(bson::ValueView value, std::string_view what) {
  if (!value.is_string())
    fail(code::invalid_namespace, "the collection's name in '" + std::string(what) +
                                      "' must be a string, not " +
                                      std::string(bson::type_name(value.type())));
  return std::string(value.as_string());
}

/// `typed`: another subtype is another type (14), else merely no UUID (207).
void check_uuid(bson::ValueView value, bool typed) {
  const auto binary = value.as_binary();
  if (binary.subtype != bson::BinarySubtype::uuid)
    fail(typed ? code::type_mismatch : 207, "a UUID is a binary of subtype 4");
  if (binary.size != 16) fail(207, "a UUID has 16 bytes");
}

void check_type(const Rule& rule, bson::ValueView value, std::string_view what) {
  const auto need = [&](bool fits, std::string_view wanted) {
    if (!fits) wrong_type(what, rule.name, value.type(), wanted);
  };
  switch (rule.takes) {
    case Takes::any:
    case Takes::ignored:
      return;
    case Takes::string:
      return need(value.is_string(), "string");
    case Takes::document:
      return need(value.is_document(), "object");
    case Takes::array:
      return need(value.is_array(), "array");
    case Takes::boolean:
      return need(value.type() == bson::Type::boolean, "bool");
    case Takes::flag:
      return need(is_flag(value), "bool, long, int, decimal or double");
    case Takes::number:
      return need(value.is_number(), "long, int, decimal or double");
    case Takes::long_only:
      return need(value.type() == bson::Type::int64, "long");
    case Takes::timestamp:
      return need(value.type() == bson::Type::timestamp, "timestamp");
    case Takes::collection:
      (void)collection_name_of(value, what);
      return;
    case Takes::hint:
      if (!value.is_string() && !value.is_document())
        fail(code::failed_to_parse, "hint must be a string or a document");
      return;
    case Takes::update:
      if (!value.is_document() && !value.is_array())
        fail(code::failed_to_parse,
             "an update must be a document of operators or fields, or an array of stages");
      return;
    case Takes::documents: {
      need(value.is_array(), "array");
      std::size_t index = 0;
      for (const auto& element : value.as_array()) {
        if (!element.value.is_document())
          wrong_type(what, std::string(rule.name) + "." + std::to_string(index),
                     element.value.type(), "object");
        ++index;
      }
      return;
    }
    case Takes::flag_or_uuid:
      if (value.type() == bson::Type::boolean) return;
      if (value.type() == bson::Type::binary) return check_uuid(value, false);
      return need(false, "bool");
    case Takes::uuid:
      need(value.type() == bson::Type::binary, "binData");
      return check_uuid(value, true);
    case Takes::unsupported_flag:
      need(is_flag(value), "bool");
      if (truthy(value)) refuse(quoted(what, rule.name));
      return;
    case Takes::unsupported:
      if (value.is_null() || (value.type() == bson::Type::boolean && !value.as_bool()) ||
          (value.is_document() && value.as_document().empty()))
        return;
      refuse(quoted(what, rule.name));
  }
}

std::chrono::milliseconds check_max_time(bson::ValueView value, std::string_view what) {
  if (value.is_null()) return {};
  if (!value.is_number()) wrong_type(what, "maxTimeMS", value.type(), "number");
  const auto exact = exact_integer(value);
  if (!exact) fail(code::failed_to_parse, "maxTimeMS must be a whole number of milliseconds");
  if (*exact < 0 || *exact > std::numeric_limits<std::int32_t>::max())
    fail(code::bad_value, "maxTimeMS must be from 0 to 2147483647");
  return std::chrono::milliseconds{*exact};
}

}  // namespace

std::string quoted(std::string_view what, std::string_view name) {
  return "'" + std::string(what) + "." + std::string(name) + "'";
}

void wrong_type(std::string_view what, std::string_view name, bson::Type found,
                std::string_view wanted) {
  fail(code::type_mismatch, "field " + quoted(what, name) + " is the wrong type '" +
                                std::string(bson::type_name(found)) + "', expected type '" +
                                std::string(wanted) + "'");
}

Arguments::Arguments(bson::View document, std::span<const Rule> rules, std::string_view what)
    : rules_(rules), what_(what), values_(rules.size()) {
  std::vector<bool> seen(rules.size());
  for (const auto& field : document) {
    const auto rule = std::ranges::find(rules, field.key, &Rule::name);
    if (rule == rules.end()) {
      if (is_common(field.key) && what.find('.') == what.npos && what.find("Concern") == what.npos)
        continue;
      fail(code::unknown_field, "field " + quoted(what, field.key) + " is an unknown field");
    }
    const auto at = static_cast<std::size_t>(rule - rules.begin());
    if (seen[at])
      fail(code::duplicate_field, "field " + quoted(what, field.key) + " is there twice");
    seen[at] = true;
    const bool nothing = field.value.is_null() || field.value.type() == bson::Type::undefined;
    if (nothing && rule->null_is_absent && rule->takes != Takes::any &&
        rule->takes != Takes::collection && rule->takes != Takes::hint &&
        rule->takes != Takes::update)
      continue;
    check_type(*rule, field.value, what);
    values_[at] = field.value;
  }
  for (std::size_t at = 0; at < rules.size(); ++at) {
    if (rules[at].required && !values_[at])
      fail(code::missing_field, "field " + quoted(what, rules[at].name) + " is missing");
  }
}

std::optional<bson::ValueView> Arguments::get(std::string_view name) const {
  const auto rule = std::ranges::find(rules_, name, &Rule::name);
  return values_.at(static_cast<std::size_t>(rule - rules_.begin()));
}
std::string_view Arguments::string(std::string_view name, std::string_view absent) const {
  const auto value = get(name);
  return value ? value->as_string() : absent;
}
bson::View Arguments::document(std::string_view name) const {
  const auto value = get(name);
  return value ? value->as_document() : bson::View{};
}
bson::View Arguments::array(std::string_view name) const {
  return optional_array(name).value_or(bson::View{});
}
std::optional<bson::View> Arguments::optional_array(std::string_view name) const {
  const auto value = get(name);
  if (!value) return std::nullopt;
  return value->as_array();
}
bool Arguments::flag(std::string_view name, bool absent) const {
  const auto value = get(name);
  return value ? truthy(*value) : absent;
}
std::int64_t Arguments::integer(std::string_view name, std::int64_t absent) const {
  const auto value = get(name);
  return value ? rough_integer(*value) : absent;
}
std::int64_t Arguments::natural(std::string_view name, std::int64_t absent) const {
  const auto number = integer(name, absent);
  if (number < 0) fail(code::bad_value, "field " + quoted(what_, name) + " must be at least 0");
  return number;
}

std::int64_t rough_integer(bson::ValueView number) {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  switch (number.type()) {
    case bson::Type::int32:
      return number.as_int32();
    case bson::Type::int64:
      return number.as_int64();
    case bson::Type::double_: {
      const double value = number.as_double();
      if (std::isnan(value)) return 0;
      if (value >= 9223372036854775808.0) return highest;
      if (value <= -9223372036854775808.0) return lowest;
      return static_cast<std::int64_t>(value);
    }
    case bson::Type::decimal128: {
      const auto decimal = number.as_decimal128();
      if (decimal.is_nan()) return 0;
      if (decimal.is_infinite()) return decimal.is_negative() ? lowest : highest;
      const auto exact = ExactDecimal::of(decimal);
      if (exact.exponent > 19) return exact.negative ? lowest : highest;
      // 0.DIGITS × 10^exponent, rounded half to even.
      std::uint64_t whole = 0;  // below 10^19
      for (int i = 0; i < exact.exponent; ++i) {
        const auto at = static_cast<std::size_t>(i);
        whole = whole * 10 +
                static_cast<std::uint64_t>(at < exact.digits.size() ? exact.digits[at] - '0' : 0);
      }
      const int cut = std::max(exact.exponent, 0);
      if (exact.exponent >= 0 && static_cast<std::size_t>(cut) < exact.digits.size()) {
        const char next = exact.digits[static_cast<std::size_t>(cut)];
        const bool more = exact.digits.size() > static_cast<std::size_t>(cut) + 1;
        if (next > '5' || (next == '5' && (more || whole % 2 == 1))) ++whole;
      }
      if (whole > static_cast<std::uint64_t>(highest)) return exact.negative ? lowest : highest;
      const auto value = static_cast<std::int64_t>(whole);
      return exact.negative ? -value : value;
    }
    default:
      return 0;
  }
}

std::optional<std::int64_t> exact_integer(bson::ValueView number) {
  switch (number.type()) {
    case bson::Type::int32:
    case bson::Type::int64:
      return rough_integer(number);
    case bson::Type::double_: {
      const double value = number.as_double();
      if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0) ||
          std::trunc(value) != value)
        return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    case bson::Type::decimal128: {
      const auto decimal = number.as_decimal128();
      if (decimal.is_nan() || decimal.is_infinite()) return std::nullopt;
      const auto exact = ExactDecimal::of(decimal);
      if (exact.digits.empty()) return 0;
      if (exact.exponent > 19 ||
          (exact.exponent < 0 || exact.digits.size() > static_cast<std::size_t>(exact.exponent)))
        return std::nullopt;
      const auto value = rough_integer(number);
      if (compare(ExactDecimal::of(value), exact) != 0) return std::nullopt;
      return value;
    }
    default:
      return std::nullopt;
  }
}

bool truthy(bson::ValueView value) {
  switch (value.type()) {
    case bson::Type::boolean:
      return value.as_bool();
    case bson::Type::int32:
      return value.as_int32() != 0;
    case bson::Type::int64:
      return value.as_int64() != 0;
    case bson::Type::double_:
      return value.as_double() != 0;
    case bson::Type::decimal128: {
      const auto decimal = value.as_decimal128();
      return decimal.is_nan() || decimal.is_infinite() || !ExactDecimal::of(decimal).digits.empty();
    }
    case bson::Type::null:
    case bson::Type::undefined:
      return false;
    default:
      return true;
  }
}

void check_database_name(std::string_view name) {
  if (name.empty() || name.size() > 63 ||
      name.find_first_of(std::string_view("/\\. \"$\0", 7)) != name.npos)
    fail(code::invalid_namespace, "'" + std::string(name) + "' is no name of a database");
}

void check_collection_name(std::string_view database, std::string_view name) {
  if (name.empty()) fail(code::invalid_namespace, "the name of a collection is empty");
  if (name.front() == '.' || name.back() == '.' || name.find('\0') != name.npos ||
      name.front() == '$')
    fail(code::invalid_namespace, "'" + std::string(name) + "' is no name of a collection");
  if (database.size() + name.size() + 1 > 255)
    fail(code::invalid_namespace, "the name of a collection with its database is over 255 bytes");
}

bool is_common(std::string_view name) noexcept {
  return std::ranges::find(common_names, name) != common_names.end();
}

CommonArguments read_common(bson::View command, Concern concern, std::string_view what,
                            bool replica_set) {
  CommonArguments common;
  const bool reads = concern == Concern::read || concern == Concern::both;
  const bool writes = concern == Concern::write || concern == Concern::both;
  const bool in_transaction = command.contains("autocommit");
  for (const auto& field : command) {
    if (field.key == "comment") {
      common.options.comment = field.value;
    } else if (field.key == "maxTimeMS") {
      common.options.max_time = check_max_time(field.value, what);
    } else if (field.key == "readConcern") {
      if (field.value.is_null()) continue;
      if (!field.value.is_document()) wrong_type(what, "readConcern", field.value.type(), "object");
      check_read_concern(field.value.as_document(), in_transaction, reads, what, replica_set,
                         common);
    } else if (field.key == "writeConcern") {
      if (field.value.is_null()) continue;
      if (!field.value.is_document())
        wrong_type(what, "writeConcern", field.value.type(), "object");
      common.write_concern = field.value.as_document();
      common.acknowledged =
          check_write_concern(common.write_concern, replica_set ? &common.unmet_concern : nullptr);
      if (!writes)
        fail(code::invalid_options, "'" + std::string(what) + "' does not take a writeConcern");
    } else if (field.key == "apiStrict" || field.key == "apiDeprecationErrors") {
      if (field.value.type() != bson::Type::boolean && !field.value.is_null())
        wrong_type(what, field.key, field.value.type(), "bool");
    } else if (field.key == "apiVersion") {
      if (!field.value.is_string()) wrong_type(what, field.key, field.value.type(), "string");
      if (field.value.as_string() != "1") fail(322, "the only apiVersion is \"1\"");
    }
  }
  if (!command.contains("apiVersion") &&
      (command.contains("apiStrict") || command.contains("apiDeprecationErrors")))
    fail(4886600, "apiStrict and apiDeprecationErrors need apiVersion");
  return common;
}

Hint read_hint(std::optional<bson::ValueView> value) {
  Hint hint;
  if (!value) return hint;
  if (value->is_string()) {
    hint.name = value->as_string();
    return hint;
  }
  if (!value->is_document()) fail(code::failed_to_parse, "hint must be a string or a document");
  const auto key = value->as_document();
  if (const auto natural = key.find("$natural")) {
    const auto direction =
        natural->is_number() ? exact_integer(*natural).value_or(0) : std::int64_t{0};
    if (key.count() != 1 || (direction != 1 && direction != -1))
      fail(code::bad_value, "a $natural hint stands alone and is 1 or -1");
  }
  hint.key = key;
  return hint;
}

void check_collation(std::optional<bson::ValueView> value) {
  if (!value || value->is_null()) return;
  if (!value->is_document())
    fail(code::type_mismatch,
         "a collation must be a document, not " + std::string(bson::type_name(value->type())));
  if (!value->as_document().empty()) require_simple_collation(*value);
}

}  // namespace quire::store::embedded::commands
