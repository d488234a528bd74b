#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/core/function_ref.hpp"
#include "store/embedded/engine/json_schema.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/engine/regex.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

/// The regular expression of a filter, with the numbers of its errors. Thread-safe.
class CompiledRegex {
 public:
  /// Throws QueryError invalid_query (51091) with the place of the mistake; 51108 for an unknown
  /// option.
  CompiledRegex(const std::string& pattern, const std::string& options, const std::string& path);
  /// Throws QueryError invalid_query when the pattern needs too many steps on this text.
  [[nodiscard]] bool matches(std::string_view text) const { return regex_.matches(text); }

 private:
  Regex regex_;
};

/// What parsing works out once for matching.
struct FilterNode::Data {
  std::unique_ptr<CompiledRegex> regex;                    // of regex
  std::vector<std::unique_ptr<CompiledRegex>> in_regexes;  // of in, beside the plain values
  std::vector<bson::Value> in_regex_values;
  std::vector<bson::Value> sorted;  // of in: plain values in compare() order
  bool in_null = false;
  std::uint32_t types = 0;  // of type: a bit for each entry of type_bits
  std::int64_t divisor = 0;
  std::int64_t remainder = 0;
  std::int64_t size = 0;
  std::vector<std::uint32_t> bit_positions;
  std::uint64_t bit_mask = 0;          // positions below 64
  std::unique_ptr<JsonSchema> schema;  // of json_schema
  bool operators_only = false;         // elem_match_value: children test the element itself
  ExpressionPtr expression;            // of expr
};

/// The bit of a type in Data::types.
[[nodiscard]] std::uint32_t type_bit(bson::Type type) noexcept;

/// Calls `sink` with each value that a path leads to, through arrays of documents, and with null
/// where it leads to none; until it says true. Of an array at the end, the array.
void walk_path(bson::View document, const std::vector<std::string>& steps,
               FunctionRef<bool(const bson::ValueView*)> sink);

/// Conditions on one value (matcher_values.cpp): a comparison, with a type's bracket and NaN as a
/// server has them; $in; and all that look at values, null where the field is missing.
[[nodiscard]] bool compares(FilterNode::Kind kind, bson::ValueView value, bson::ValueView operand);
[[nodiscard]] bool is_in(const FilterNode::Data& data, bson::ValueView value);
[[nodiscard]] bool value_matches(const FilterNode& node, const bson::ValueView* value);

/// Parsing: matcher_parse.cpp, filter_nodes.cpp. Throws QueryError, StoreError unsupported.
[[nodiscard]] std::unique_ptr<FilterNode> parse_filter(bson::View filter, const ParseScope& scope);
/// The operators of one value: {$gt: 5, $lt: 7}, for elements.
[[nodiscard]] std::unique_ptr<FilterNode> parse_element_condition(bson::ValueView condition);

}  // namespace quire::store::embedded
