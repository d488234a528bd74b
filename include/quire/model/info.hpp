#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"
#include "quire/core/field_path.hpp"
#include "quire/reflect/mapping.hpp"

namespace quire {

/// One index that a model declares.
struct IndexInfo {
  std::string name;     ///< as given, else made of the keys: "age_1_name_-1"
  bson::Document keys;  ///< {age: 1, name: -1}
  bool unique = false;
  bool sparse = false;
  bson::Document partial;  ///< the filter of a partial index; empty = none
  std::optional<std::chrono::seconds> expire_after = std::nullopt;  ///< TTL
  bson::Document extra;                                             ///< further options, raw

  /// As createIndexes takes it: {key, name, unique?, …}.
  [[nodiscard]] bson::Document spec() const;
};

namespace model_detail {

/// What one check does with a value; nothing when it is content, else what is wanted.
class Rule {
 public:
  virtual ~Rule() = default;
  /// "between", "matches", …
  [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
  /// For people: "between 0 and 150".
  [[nodiscard]] virtual std::string text() const = 0;
  /// For tools: {between: [0, 150]}.
  [[nodiscard]] virtual bson::Document arguments() const { return {}; }
  /// Whether a stored value passes. Not called for rules that look at the object.
  [[nodiscard]] virtual bool accepts(bson::ValueView) const { return true; }
  /// Whether the struct passes; null when it is not at hand.
  [[nodiscard]] virtual bool accepts_object(const void*) const { return true; }
  /// Whether elements of a list are looked at one by one.
  [[nodiscard]] virtual bool per_element() const noexcept { return true; }

 protected:
  Rule() = default;
  Rule(const Rule&) = default;
  Rule& operator=(const Rule&) = default;
};
using RulePtr = std::shared_ptr<const Rule>;

}  // namespace model_detail

/// One check that a model declares.
struct CheckInfo {
  std::string path;  ///< as stored; empty = the whole document
  model_detail::RulePtr rule;

  [[nodiscard]] std::string_view kind() const noexcept { return rule->kind(); }
  [[nodiscard]] std::string text() const { return rule->text(); }
  [[nodiscard]] bson::Document arguments() const { return rule->arguments(); }
};

struct FieldInfo;

/// How values of one C++ type are stored: a tree, for schemas. "plain" has one BSON type; the
/// numbers and bool are told apart for what else is read into them.
struct TypeInfo {
  enum class Form {
    any,
    plain,
    integer,
    floating,
    decimal,
    boolean,
    list,
    tuple,
    map,
    structure,
    variant,
    extra  ///< quire::Extra: takes fields that no member stores
  };
  Form form = Form::any;
  std::string bson_type = {};                ///< MongoDB's alias of what is written; empty: varies
  bool nullable = false;                     ///< null stands for an empty optional or pointer
  std::vector<std::string_view> names = {};  ///< of a described enum: all that it is stored as
  std::vector<TypeInfo> parts = {};          ///< of list and map the values'; else one a part
  std::optional<std::int64_t> length = std::nullopt;  ///< of a list that has a fixed one
  /// Of a structure.
  const std::vector<FieldInfo>& (*nested)() = nullptr;
  std::string_view tag = {};        ///< of a structure in a variant
  std::string_view tag_field = {};  ///< where the tag is stored
};

/// One member of a mapped struct, for tools.
struct FieldInfo {
  std::string name;       ///< in C++
  std::string stored;     ///< in the document
  std::string cpp_type;   ///< without namespaces: "vector<Order>"
  std::string bson_type;  ///< MongoDB's alias, "objectId"; "array of string"; "any" where it varies
  bool optional = false;  ///< may be absent or null
  bool flattened = false;            ///< its fields stand beside the others
  std::vector<std::string> aliases;  ///< older names that are read
  /// The struct inside, through optionals, lists and maps; null for none. A recursive type's fields
  /// lead back to themselves.
  const std::vector<FieldInfo>& (*nested)() = nullptr;
  bool always_written = false;         ///< no document of quire's lacks it
  bool null_reads = false;             ///< null is read as absent, by the policy
  Numbers numbers = Numbers::safe;     ///< which numbers are read
  TypeInfo (*value_type)() = nullptr;  ///< how its values are stored
};

/// What a model says, all types gone: what collections and tools look at.
struct ModelInfo {
  std::string collection;    ///< empty when the type declares none
  std::string type;          ///< C++ name without namespaces
  std::int32_t version = 0;  ///< of the schema; 0 = none declared
  std::vector<IndexInfo> indexes;
  std::vector<CheckInfo> checks;
  bson::Document collection_options;
  bson::Document shard_key;  ///< {region: 1, name: "hashed"}; empty = none declared
  const std::vector<FieldInfo>& (*list_fields)() = nullptr;

  [[nodiscard]] const std::vector<FieldInfo>& fields() const { return list_fields(); }
  /// Runs all checks. Throws MappingError check_failed with the path and what the check wants.
  /// `object` is the struct that `document` was encoded from, or null: then checks that are
  /// functions are left out.
  void check(bson::View document, const void* object) const;
  /// Runs what can be told of an update without the document: the values that $set, $setOnInsert,
  /// $push and $addToSet give, against the checks of their fields that are no functions. A length
  /// is checked where the whole value is given. Throws as check().
  void check_update(bson::View update) const;
  /// The whole model for tools: {collection, type, version, fields: […], indexes, checks,
  /// shard_key}.
  [[nodiscard]] bson::Document describe() const;
};

}  // namespace quire
