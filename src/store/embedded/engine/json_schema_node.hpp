#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/view.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

/// A positive decimal that numbers are to be multiples of.
struct Divisor {
  bool nan = false;
  bool infinite = false;
  ExactDecimal number;
};

/// One schema within a $jsonSchema. Views lie in the bytes that the JsonSchema owns.
struct SchemaNode {
  using Child = std::unique_ptr<SchemaNode>;
  struct Bound {
    bson::ValueView value;
    bool exclusive = false;
  };
  struct Property {
    std::string_view name;
    Child schema;
  };
  struct PatternProperty {
    std::string_view pattern;
    std::unique_ptr<CompiledRegex> regex;  // null for one that is none: then no name matches it
    Child schema;
  };
  struct Dependency {
    std::string_view name;
    std::vector<std::string_view> properties;  // or
    Child schema;
  };
  /// additionalItems and additionalProperties.
  struct Additional {
    bool given = false;
    bool allowed = true;
    Child schema;
  };

  bson::View source;
  bool at_root = false;  // of the whole document, or a branch of such a schema

  std::optional<std::uint32_t> types;  // type_bit()s
  std::string_view type_keyword;       // "type" or "bsonType"

  std::unique_ptr<CompiledRegex> pattern;
  std::optional<std::int64_t> min_length, max_length;
  std::optional<Bound> minimum, maximum;
  std::optional<Divisor> multiple_of;

  std::optional<std::int64_t> min_items, max_items;
  bool unique_items = false;
  Child items;
  std::optional<std::vector<Child>> item_list;
  Additional additional_items;  // only with item_list

  std::vector<Property> properties;
  std::vector<PatternProperty> pattern_properties;
  Additional additional_properties;
  std::vector<std::string_view> required;  // sorted
  std::optional<std::int64_t> min_properties, max_properties;
  std::vector<Dependency> dependencies;

  std::vector<Child> all_of, any_of, one_of;
  Child negated;
  std::optional<std::vector<bson::ValueView>> values;  // of enum, in compare_unordered() order

  /// Whether a value does; null = there is none.
  [[nodiscard]] bool matches(const bson::ValueView* value) const;
  [[nodiscard]] bool matches(bson::ValueView value) const { return matches(&value); }

  // What single keywords say, of a value of the type that they are about.
  [[nodiscard]] bool is_additional(std::string_view name) const;
  [[nodiscard]] bool has_required(bson::View object) const;
  /// Of the array, the first position at or above `from` whose element does not match.
  [[nodiscard]] static std::optional<std::size_t> first_mismatch(const SchemaNode& schema,
                                                                 bson::View array,
                                                                 std::size_t from);
  [[nodiscard]] bool dependency_holds(const Dependency& dependency,
                                      const bson::ValueView& value) const;
};

[[nodiscard]] std::unique_ptr<SchemaNode> parse_schema(bson::View schema);

/// The types that a name of "type" means, or of "bsonType"; 0 for none.
[[nodiscard]] std::uint32_t bits_of_json_type(std::string_view name);
[[nodiscard]] std::uint32_t bits_of_bson_type(std::string_view name);

/// A property, by its name or the path that its name is.
[[nodiscard]] std::optional<bson::ValueView> find_property(bson::View object,
                                                           std::string_view name);
/// As compare(), but the order of fields in documents makes no difference.
[[nodiscard]] int compare_unordered(bson::ValueView a, bson::ValueView b);
/// The first element that was there before.
[[nodiscard]] std::optional<bson::ValueView> first_duplicate(bson::View array);
[[nodiscard]] std::int64_t code_points(std::string_view text) noexcept;
[[nodiscard]] bool within(bson::ValueView value, const SchemaNode::Bound& bound, bool at_most);
[[nodiscard]] Divisor to_divisor(bson::ValueView number);
/// Doubles count with 15 digits, as they do where a server turns them into decimals.
[[nodiscard]] bool is_multiple(bson::ValueView value, const Divisor& divisor);

}  // namespace quire::store::embedded
