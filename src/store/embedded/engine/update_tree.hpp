#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/engine/update_number.hpp"

/// A compiled update: a tree of field names with operators at its leaves. Internal to Updater.
namespace quire::store::embedded::update {

enum class Op {
  set,
  set_on_insert,
  unset,
  inc,
  mul,
  min,
  max,
  current_date,
  current_timestamp,
  push,
  add_to_set,
  pop,
  pull,
  pull_all,
  bit,
  rename_target,
  rename_source,
};

struct SortField {
  std::vector<std::string> steps;
  bool descending = false;
};

/// $push beyond one value.
struct PushModifiers {
  std::optional<std::int64_t> position;
  std::optional<std::int64_t> slice;
  bool sorts = false;
  bool sort_whole_descending = false;  // where sort_fields is empty
  std::vector<SortField> sort_fields;
};

/// What $pull removes.
struct PullCondition {
  enum class Kind { equal, document, element };
  Kind kind = Kind::equal;
  Matcher matcher;  // of documents, or of {v: element}
};

struct Leaf {
  Op op = Op::set;
  std::string path;     // as given, for messages
  bson::Value operand;  // of push, add_to_set, pull_all: an array of the values
  int depth = 0;        // levels of nesting of the operand
  bool pop_first = false;
  std::size_t rename = 0;  // index into Tree::renames
  std::vector<std::pair<BitOperation, bson::Value>> bits;
  PushModifiers push;
  std::shared_ptr<const PullCondition> pull;
};

/// "2" before "10" before "a": the order in which new fields are added. Numbers first, so that the
/// order is one ("10", "1a", "9" are in a circle otherwise).
struct FieldNameLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept;
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Node {
  enum class Kind { leaf, object, array };
  Kind kind = Kind::object;
  Leaf leaf;
  /// Of objects: fields (or positions of an array). Of arrays: identifiers of array filters; "" is
  /// $[], all elements.
  std::map<std::string, std::shared_ptr<Node>, FieldNameLess> children;
  std::shared_ptr<Node> positional;  // $
};

struct ArrayFilter {
  std::string identifier;
  Matcher matcher;  // of {identifier: element}
  bool used = false;
};

struct Rename {
  std::string from;
  std::vector<std::string> steps;
  std::string to;
};

struct Tree {
  std::shared_ptr<Node> root = std::make_shared<Node>();
  std::vector<ArrayFilter> filters;  // few: linear
  std::vector<Rename> renames;
};

[[noreturn]] void fail(int backend_code, const std::string& path, std::string_view detail);

/// "a.b" → "a", "b". Throws 56 for an empty part.
[[nodiscard]] std::vector<std::string> split_path(std::string_view path);
/// The index that a part of a path names; nothing for "01", "x" and what does not fit.
[[nodiscard]] std::optional<std::size_t> array_index(std::string_view part) noexcept;
/// Levels of nesting of a value: 0 of a scalar. Throws 15 beyond bson::max_depth.
[[nodiscard]] int value_depth(bson::ValueView value, const std::string& path);

struct Operator {
  std::string_view name;
  /// Reads the operand for one field; `path` and `depth` of the leaf are set by the caller.
  Leaf (*parse)(const std::string& path, bson::ValueView value);
};
/// Any but $rename, which changes two fields; null for a name that is no operator.
[[nodiscard]] const Operator* find_operator(std::string_view name) noexcept;
/// A Matcher whose mistakes are told as those of the update at `path`.
[[nodiscard]] Matcher element_matcher(const std::string& path, bson::View filter);

/// Throws as Updater's constructor.
[[nodiscard]] Tree parse(bson::View operators, std::optional<bson::View> array_filters);
/// A tree that sets the fields of `dotted` (names are paths); 54 where one path is within another.
[[nodiscard]] Tree parse_equalities(bson::View dotted);
/// Both trees at once, for array elements that several identifiers match. Throws 40 where they
/// meet.
[[nodiscard]] NodePtr merge(const NodePtr& a, const NodePtr& b, const std::string& path);

struct Input {
  const MatchDetails* details = nullptr;
  bool inserting = false;
};
struct Applied {
  bson::Document document;
  /// An operator wrote although the bytes may be the same: $inc and $mul that leave NaN, a $push
  /// whose $slice takes out what it put in. The server counts these as modifications.
  bool written = false;
};
/// Runs the tree on a document.
[[nodiscard]] Applied apply(const Tree& tree, bson::View document, const Input& input);

/// The new array of an array operator, as elements appended to `out` between its header and end.
/// `existing` nothing: the field is absent. Returns false when nothing changes.
bool apply_to_array(const Leaf& leaf, std::optional<bson::View> existing, bson::Buffer& out);

}  // namespace quire::store::embedded::update
