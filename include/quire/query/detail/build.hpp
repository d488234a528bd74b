#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"

/// What the typed wrappers call: filters, updates, sorts and projections as BSON, compiled once.
namespace quire::query::detail {

// --- filters ---
/// {path: operand}, or {path: {$eq: operand}} where the short form would mean something else.
[[nodiscard]] bson::Document equals(std::string_view path, bson::ValueView operand);
/// {path: {op: operand}}
[[nodiscard]] bson::Document compare(std::string_view path, std::string_view op,
                                     bson::ValueView operand);
/// {path: {op: [operands]}}
[[nodiscard]] bson::Document compare_list(std::string_view path, std::string_view op,
                                          std::span<const bson::Value> operands);
[[nodiscard]] bson::Document regex(std::string_view path, std::string_view pattern,
                                   std::string_view options);
/// The conjunction: fields side by side where that says the same, else $and.
[[nodiscard]] bson::Document both(bson::View a, bson::View b);
[[nodiscard]] bson::Document either(bson::View a, bson::View b);
[[nodiscard]] bson::Document negated(bson::View filter);
/// {op: [filters]} for $and, $or, $nor.
[[nodiscard]] bson::Document group(std::string_view op, std::span<const bson::View> filters);
/// A filter on an array's elements as $elemMatch, $pull and the like take it: the field "" stands
/// for the element itself. Throws QueryError invalid_query when operators on the element itself are
/// joined by more than &&.
[[nodiscard]] bson::Document on_element(bson::View filter);
[[nodiscard]] bson::Document elem_match(std::string_view path, bson::View filter);
/// The filter with each path put behind `prefix`; "" becomes the prefix alone.
[[nodiscard]] bson::Document prefixed(std::string_view prefix, bson::View filter);

// --- updates ---
/// update with {op: {path: operand}} joined in. Throws QueryError invalid_update (40) when the
/// operator has the path already.
[[nodiscard]] bson::Document with_operation(bson::View update, std::string_view op,
                                            std::string_view path, bson::ValueView operand);
/// {op: {path: operand}}
[[nodiscard]] bson::Document operation(std::string_view op, std::string_view path,
                                       bson::ValueView operand);
/// Both updates in one. Throws QueryError invalid_update (40) when one path gets one operator
/// twice.
[[nodiscard]] bson::Document joined(bson::View a, bson::View b);
/// The operand of $push: {$each, $position?, $slice?, $sort?}.
struct PushModifiers {
  const std::int64_t* position = nullptr;
  const std::int64_t* slice = nullptr;
  bson::View sort = {};
  int sort_values = 0;
};
[[nodiscard]] bson::Document push_operand(std::span<const bson::Value> values,
                                          const PushModifiers& modifiers);
/// {$each: [values]}
[[nodiscard]] bson::Document each_operand(std::span<const bson::Value> values);

// --- sorts and projections ---
/// The keys of a, then those of b; of a key in both the later stays, in the earlier place.
[[nodiscard]] bson::Document overlaid(bson::View a, bson::View b);
[[nodiscard]] bson::Document single(std::string_view path, bson::ValueView value);
[[nodiscard]] bson::Document single_int(std::string_view path, std::int32_t value);

/// Throws QueryError invalid_projection (31254, 31253) where fields are included and others
/// excluded; _id alone may differ.
void check_projection(bson::View projection);

[[nodiscard]] bson::Value array_of(std::span<const bson::Value> values);
/// JSON as mongosh takes it.
[[nodiscard]] std::string shell_json(bson::View document);
[[nodiscard]] bson::Document parse_json(std::string_view json);

[[noreturn]] void fail_overflow(std::string_view path, std::string_view text);

}  // namespace quire::query::detail
