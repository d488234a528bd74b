#include <array>
#include <random>
#include <string>

#include "store/embedded/engine/hashed_key.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

ExpressionPtr parse_literal(const Operator&, ValueView argument, ParseScope&) {
  return make_constant(argument);
}

ValueView rand_of(const Call& c) {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  return c.e.number(std::uniform_real_distribution<double>(0, 1)(engine));
}

/// $rand takes {} or [].
ExpressionPtr parse_rand(const Operator&, ValueView argument, ParseScope&) {
  static constexpr Operator function = function_operator("$rand", rand_of, 0, 0, false);
  const bool list = argument.is_array();
  if (!list && !argument.is_document())
    fail_expression(10065, "invalid parameter: expected an object ($rand)");
  const bson::View fields = list ? argument.as_array() : argument.as_document();
  if (fields.begin() != fields.end())
    fail_expression(3040501, "$rand does not currently accept arguments");
  return make_function(function, {});
}

/// Metadata of a document that something before in the pipeline would give.
ExpressionPtr parse_meta(const Operator&, ValueView argument, ParseScope&) {
  if (argument.type() != Type::string)
    fail_expression(17307, "$meta only supports string arguments");
  const std::string name(argument.as_string());
  // Without $text and $geoNear, which are refused themselves, there is none.
  for (const std::string_view absent : {"textScore", "geoNearDistance", "geoNearPoint"}) {
    if (name == absent)
      fail_expression(40218, "query requires " + name + " metadata, but it is not available");
  }
  for (const std::string_view known :
       {"indexKey", "randVal", "recordId", "scoreDetails", "score", "searchHighlights",
        "searchScore", "searchScoreDetails", "searchSequenceToken", "sortKey", "stream",
        "timeseriesBucketMaxTime", "timeseriesBucketMinTime", "vectorSearchScore"}) {
    if (name == known) refuse_expression("{$meta: \"" + name + "\"}");
  }
  fail_expression(17308, "Unsupported argument to $meta: " + name);
}

ValueView hashed_key_of(const Call& c) { return c.e.int64(hashed_index_key(c[0])); }

ValueView binary_size_of(const Call& c) {
  const ValueView value = c[0];
  if (is_nullish(value)) return null_value;
  if (value.type() == Type::string)
    return c.e.int32(static_cast<std::int32_t>(value.as_string().size()));
  if (value.type() == Type::binary)
    return c.e.int32(static_cast<std::int32_t>(value.as_binary().size));
  fail_expression(51276, "$binarySize requires a string or BinData argument, found: " +
                             std::string(value_type_name(value)));
}

ValueView bson_size_of(const Call& c) {
  const ValueView value = c[0];
  if (is_nullish(value)) return null_value;
  if (!value.is_document())
    fail_expression(31393, "$bsonSize requires a document input, found: " +
                               std::string(value_type_name(value)));
  return c.e.int32(static_cast<std::int32_t>(value.size()));
}

constexpr auto table = std::to_array<Operator>({
    function_operator("$binarySize", binary_size_of, 1, 1),
    function_operator("$bsonSize", bson_size_of, 1, 1),
    parsed_operator("$const", parse_literal),
    parsed_operator("$literal", parse_literal),
    parsed_operator("$meta", parse_meta),
    parsed_operator("$rand", parse_rand),
    function_operator("$toHashedIndexKey", hashed_key_of, 1, 1),
});

}  // namespace

std::span<const Operator> misc_operators() noexcept { return table; }

}  // namespace quire::store::embedded
