#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"

/// Filters: parsed once into a tree, then run on documents' bytes.
namespace quire::store::embedded {

class Evaluation;
class ParseScope;
struct FieldUse;

/// One node. The planner reads the tree to choose an index.
struct FilterNode {
  enum class Kind {
    always_true,
    always_false,
    conjunction,   // $and and a document's fields
    disjunction,   // $or
    joint_denial,  // $nor
    negation,      // $not on `path`: one child
    eq,
    lt,
    lte,
    gt,
    gte,
    in,      // operands in `values`, regexes too; $nin and $ne are negation of in / eq
    exists,  // `flag`
    type,
    all,
    size,
    elem_match_value,
    elem_match_object,
    mod,
    regex,
    bits_all_set,
    bits_all_clear,
    bits_any_set,
    bits_any_clear,
    expr,
    json_schema,
    text,
    where,
    geo,
    comment,
  };
  Kind kind = Kind::always_true;
  std::string path;                 // dotted; "" for the logical kinds
  bson::Value operand;              // of eq, lt, …, regex
  std::vector<bson::Value> values;  // of in
  bool flag = false;                // of eq: it follows from an $expr beside it
  std::vector<std::unique_ptr<FilterNode>> children;
  struct Data;  // compiled forms: regex, bit masks, sorted in-sets
  std::shared_ptr<const Data> data;
  std::vector<std::string> steps;  // path split at its dots
};

/// What a match tells beyond yes.
struct MatchDetails {
  /// The position of the array element that matched, as the positional operator $ needs it.
  std::optional<std::size_t> array_position;
};

/// A compiled filter. Immutable; matches() is thread-safe.
class Matcher {
 public:
  /// Matches everything.
  Matcher();
  /// Throws QueryError invalid_query with the server's error code in backend_code(), StoreError
  /// unsupported (by name) for $where, $text, geo.
  explicit Matcher(bson::View filter);
  /// $expr may use the variables of `scope`.
  Matcher(bson::View filter, const ParseScope& scope);
  /// A matcher of single values, for $pull and array filters: {$gte: 5} or {a: 1} against each
  /// element; a plain value matches by equality.
  [[nodiscard]] static Matcher for_element(bson::ValueView condition);

  [[nodiscard]] bool matches(bson::View document, MatchDetails* details = nullptr) const;
  /// As matches, with the variables that `e` holds. Lets go of what `e` computed before.
  [[nodiscard]] bool matches(bson::View document, Evaluation& e) const;
  /// Of a matcher made by for_element.
  [[nodiscard]] bool matches_element(bson::ValueView value) const;

  [[nodiscard]] const FilterNode& root() const noexcept { return *root_; }
  /// The filter as given.
  [[nodiscard]] bson::View filter() const { return source_.view(); }
  /// The fields that equality conditions fix ("fields taken from the filter on upsert"), in their
  /// order: as a document of dotted names. Throws QueryError (backend code 54) for two values of
  /// one path.
  [[nodiscard]] bson::Document equality_fields() const;
  /// The fields that it looks at.
  void add_fields(FieldUse& use) const;

 private:
  bson::Document source_;
  bson::Value element_source_;
  std::shared_ptr<const FilterNode> root_;
};

/// Whether every document that `narrow` matches is matched by `wide` as far as can be seen from the
/// trees (false when in doubt): lets the planner use a partial index.
[[nodiscard]] bool implies(const FilterNode& narrow, const FilterNode& wide);

}  // namespace quire::store::embedded
