#include "store/embedded/engine/projection.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/core/error.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

/// Also the limit of the recursion over nested arrays.
constexpr int max_levels = 2 * bson::max_depth;

[[noreturn]] void fail(int code, const std::string& path, std::string_view detail) {
  throw QueryError(ErrorCode::invalid_projection, FieldPath(path), detail, code);
}
[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw StoreError(ErrorCode::unsupported, FieldPath(path),
                   what + " in a projection is not supported by the embedded store");
}

struct Slice {
  std::optional<std::int64_t> skip;  // absent: $slice: n
  std::int64_t count = 0;
};

struct Node {
  enum class Kind { inner, include, exclude, slice, elem_match, literal };
  std::string name;
  std::string path;
  Kind kind = Kind::inner;
  bool positional = false;  // on the path of the positional $
  bool computes = false;    // it or one below makes a new value
  Slice slice;
  Matcher elem_match;  // of {name: array}
  bson::Value literal;
  std::vector<Node> children;  // in the order given

  [[nodiscard]] const Node* find(std::string_view key) const {
    for (const auto& child : children) {
      if (child.name == key) return &child;
    }
    return nullptr;
  }
};

double number_of(ValueView value) {
  switch (value.type()) {
    case Type::int32:
      return value.as_int32();
    case Type::int64:
      return static_cast<double>(value.as_int64());
    case Type::decimal128:
      return std::strtod(value.as_decimal128().str().c_str(), nullptr);
    default:
      return value.as_double();
  }
}

bool is_switch(ValueView value) { return value.is_number() || value.type() == Type::boolean; }
bool is_on(ValueView value) {
  return value.type() == Type::boolean ? value.as_bool() : number_of(value) != 0;
}

std::int64_t clamped(ValueView value) {
  const double number = number_of(value);
  if (std::isnan(number)) return 0;
  constexpr double low = std::numeric_limits<std::int32_t>::min();
  constexpr double high = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int64_t>(std::clamp(number, low, high));
}

Slice parse_slice(const std::string& path, ValueView value) {
  Slice slice;
  if (value.is_number()) {
    slice.count = clamped(value);
    return slice;
  }
  if (!value.is_array()) fail(28667, path, "$slice takes a number or an array of numbers");
  std::vector<ValueView> parts;
  for (const auto& [index, part] : value.as_array()) parts.push_back(part);
  if (parts.size() < 2 || parts.size() > 3)
    fail(28667, path, "$slice takes a number or [skip, limit]");
  const auto is_expression = [](ValueView part) {
    return part.is_array() || part.is_null() ||
           (part.is_string() && part.as_string().starts_with('$'));
  };
  if (is_expression(parts.front())) refuse(path, "the aggregation expression $slice");
  if (parts.size() == 3) fail(28724, path, "$slice: the first of three arguments is an array");
  for (const auto& part : parts) {
    if (!part.is_number()) fail(28724, path, "$slice takes numbers");
  }
  slice.skip = clamped(parts[0]);
  slice.count = clamped(parts[1]);
  if (slice.count <= 0) fail(28724, path, "the limit of $slice is positive");
  return slice;
}

std::pair<std::size_t, std::size_t> slice_range(const Slice& slice, std::size_t size) {
  const auto total = static_cast<std::int64_t>(size);
  std::int64_t from = 0;
  std::int64_t to = total;
  if (slice.skip) {
    from = *slice.skip < 0 ? std::max<std::int64_t>(0, total + *slice.skip)
                           : std::min(*slice.skip, total);
    to = std::min(total, from + slice.count);
  } else if (slice.count >= 0) {
    to = std::min(total, slice.count);
  } else {
    from = std::max<std::int64_t>(0, total + slice.count);
  }
  return {static_cast<std::size_t>(from), static_cast<std::size_t>(to)};
}

/// Expressions that the server knows, so that others are told as mistakes.
bool is_known_expression(std::string_view name) {
  static constexpr std::string_view known[] = {"$abs",
                                               "$acos",
                                               "$acosh",
                                               "$add",
                                               "$allElementsTrue",
                                               "$and",
                                               "$anyElementTrue",
                                               "$arrayElemAt",
                                               "$arrayToObject",
                                               "$asin",
                                               "$asinh",
                                               "$atan",
                                               "$atan2",
                                               "$atanh",
                                               "$avg",
                                               "$binarySize",
                                               "$bitAnd",
                                               "$bitNot",
                                               "$bitOr",
                                               "$bitXor",
                                               "$bsonSize",
                                               "$ceil",
                                               "$cmp",
                                               "$concat",
                                               "$concatArrays",
                                               "$cond",
                                               "$convert",
                                               "$cos",
                                               "$cosh",
                                               "$dateAdd",
                                               "$dateDiff",
                                               "$dateFromParts",
                                               "$dateFromString",
                                               "$dateSubtract",
                                               "$dateToParts",
                                               "$dateToString",
                                               "$dateTrunc",
                                               "$dayOfMonth",
                                               "$dayOfWeek",
                                               "$dayOfYear",
                                               "$degreesToRadians",
                                               "$divide",
                                               "$eq",
                                               "$exp",
                                               "$filter",
                                               "$first",
                                               "$firstN",
                                               "$floor",
                                               "$function",
                                               "$getField",
                                               "$gt",
                                               "$gte",
                                               "$hour",
                                               "$ifNull",
                                               "$in",
                                               "$indexOfArray",
                                               "$indexOfBytes",
                                               "$indexOfCP",
                                               "$isArray",
                                               "$isNumber",
                                               "$isoDayOfWeek",
                                               "$isoWeek",
                                               "$isoWeekYear",
                                               "$last",
                                               "$lastN",
                                               "$let",
                                               "$ln",
                                               "$log",
                                               "$log10",
                                               "$lt",
                                               "$lte",
                                               "$ltrim",
                                               "$map",
                                               "$max",
                                               "$maxN",
                                               "$median",
                                               "$mergeObjects",
                                               "$meta",
                                               "$min",
                                               "$minN",
                                               "$millisecond",
                                               "$minute",
                                               "$mod",
                                               "$month",
                                               "$multiply",
                                               "$ne",
                                               "$not",
                                               "$objectToArray",
                                               "$or",
                                               "$percentile",
                                               "$pow",
                                               "$radiansToDegrees",
                                               "$rand",
                                               "$range",
                                               "$reduce",
                                               "$regexFind",
                                               "$regexFindAll",
                                               "$regexMatch",
                                               "$replaceAll",
                                               "$replaceOne",
                                               "$reverseArray",
                                               "$round",
                                               "$rtrim",
                                               "$second",
                                               "$setDifference",
                                               "$setEquals",
                                               "$setField",
                                               "$setIntersection",
                                               "$setIsSubset",
                                               "$setUnion",
                                               "$sin",
                                               "$sinh",
                                               "$size",
                                               "$sortArray",
                                               "$split",
                                               "$sqrt",
                                               "$stdDevPop",
                                               "$stdDevSamp",
                                               "$strLenBytes",
                                               "$strLenCP",
                                               "$strcasecmp",
                                               "$substr",
                                               "$substrBytes",
                                               "$substrCP",
                                               "$subtract",
                                               "$sum",
                                               "$switch",
                                               "$tan",
                                               "$tanh",
                                               "$toBool",
                                               "$toDate",
                                               "$toDecimal",
                                               "$toDouble",
                                               "$toHashedIndexKey",
                                               "$toInt",
                                               "$toLong",
                                               "$toLower",
                                               "$toObjectId",
                                               "$toString",
                                               "$toUUID",
                                               "$toUpper",
                                               "$trim",
                                               "$trunc",
                                               "$tsIncrement",
                                               "$tsSecond",
                                               "$type",
                                               "$unsetField",
                                               "$week",
                                               "$year",
                                               "$zip"};
  return std::find(std::begin(known), std::end(known), name) != std::end(known);
}

std::vector<std::string> split(const std::string& path) {
  if (path.empty()) fail(40352, path, "a field of a projection has no name");
  std::vector<std::string> steps;
  std::size_t start = 0;
  while (start <= path.size()) {
    const auto dot = std::min(path.find('.', start), path.size());
    const auto step = path.substr(start, dot - start);
    if (step.empty()) fail(dot == path.size() ? 40353 : 15998, path, "a part of the path is empty");
    if (step.front() == '$')
      fail(start == 0 ? 16410 : 31394, path, "a part of the path begins with $");
    steps.push_back(step);
    start = dot + 1;
  }
  if (steps.size() > static_cast<std::size_t>(max_levels))
    fail(31325, path, "the path is nested too deeply");
  return steps;
}

class Parser {
 public:
  Node root;
  bool inclusive = false;
  bool has_positional = false;
  bool excludes_id = false;

  void parse(View projection) {
    for (const auto& [name, value] : projection) field(std::string(name), value, 1);
    if (!decided_) inclusive = includes_id_ || has_elem_match_;
    if (inclusive || !has_literal_) return;
    fail(31252, "", "a projection that excludes takes no expressions");
  }

 private:
  void decide(bool includes, const std::string& path) {
    if (decided_ && inclusive != includes)
      fail(inclusive ? 31254 : 31253, path, "inclusion and exclusion do not mix");
    decided_ = true;
    inclusive = includes;
  }

  Node& insert(const std::string& path, bool positional) {
    Node* at = &root;
    const auto steps = split(path);
    std::string so_far;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      so_far += so_far.empty() ? steps[i] : "." + steps[i];
      auto it = std::find_if(at->children.begin(), at->children.end(),
                             [&](const Node& child) { return child.name == steps[i]; });
      const bool last = i + 1 == steps.size();
      if (it == at->children.end()) {
        Node fresh;
        fresh.name = steps[i];
        fresh.path = so_far;
        at->children.push_back(std::move(fresh));
        it = at->children.end() - 1;
      } else if (last) {
        fail(31250, path, "the path stands twice, or with a part of it");
      } else if (it->kind != Node::Kind::inner) {
        fail(31249, path, "a part of the path stands too");
      }
      if (positional) it->positional = true;
      at = &*it;
    }
    return *at;
  }

  void mark_computing(const std::string& path) {
    Node* at = &root;
    for (const auto& step : split(path)) {
      for (auto& child : at->children) {
        if (child.name != step) continue;
        child.computes = true;
        at = &child;
        break;
      }
    }
  }

  void field(const std::string& path, ValueView value, int level) {
    if (level > max_levels) fail(31325, path, "the projection is nested too deeply");
    if (path.ends_with(".$")) {
      positional(path.substr(0, path.size() - 2), value);
    } else if (value.is_document()) {
      document(path, value.as_document(), level);
    } else if (is_switch(value)) {
      const bool on = is_on(value);
      if (path == "_id") {
        (on ? includes_id_ : excludes_id) = true;
      } else {
        decide(on, path);
      }
      insert(path, false).kind = on ? Node::Kind::include : Node::Kind::exclude;
    } else if (value.is_array()) {
      refuse(path, "an array as an expression");
    } else if (value.is_string() && value.as_string().starts_with('$')) {
      refuse(path, "the aggregation expression \"" + std::string(value.as_string()) + "\"");
    } else {
      literal(path, value);
    }
  }

  void literal(const std::string& path, ValueView value) {
    has_literal_ = true;
    decide(true, path);
    auto& node = insert(path, false);
    node.kind = Node::Kind::literal;
    node.literal = bson::Value(value);
    mark_computing(path);
  }

  void positional(const std::string& path, ValueView value) {
    if (value.is_document()) fail(31271, path, "the positional $ takes a number or a bool");
    if (!is_switch(value)) fail(31308, path, "the positional $ takes a number or a bool");
    if (!is_on(value)) fail(31395, path, "the positional $ cannot exclude");
    if (has_positional) fail(31276, path, "a projection has at most one positional $");
    has_positional = true;
    decide(true, path);
    insert(path, true).kind = Node::Kind::include;
  }

  void document(const std::string& path, View value, int level) {
    const auto first = value.begin();
    if (first == value.end()) fail(51270, path, "an empty document is no projection");
    if (!first->key.starts_with('$')) {
      for (const auto& [name, inner] : value) {
        if (name.starts_with('$')) fail(16410, path, "a field begins with $");
        field(path + "." + std::string(name), inner, level + 1);
      }
      return;
    }
    const auto name = first->key;
    const auto operand = first->value;
    if (value.count() != 1) fail(16410, path, "an operator stands alone");
    if (name == "$slice") {
      const auto slice = parse_slice(path, operand);
      auto& node = insert(path, false);
      node.kind = Node::Kind::slice;
      node.slice = slice;
    } else if (name == "$elemMatch") {
      elem_match(path, operand);
    } else if (name == "$literal") {
      literal(path, operand);
    } else if (is_known_expression(name)) {
      refuse(path, "the aggregation expression " + std::string(name));
    } else {
      fail(31325, path, "there is no expression " + std::string(name));
    }
  }

  void elem_match(const std::string& path, ValueView operand) {
    if (!operand.is_document()) fail(31274, path, "$elemMatch takes a document");
    if (path.find('.') != std::string::npos)
      fail(31275, path, "$elemMatch stands on top-level fields");
    if (has_positional && root.find(path) != nullptr)
      fail(31255, path, "$elemMatch and the positional $ do not stand on one field");
    Writer filter;
    filter.begin_document(path).append("$elemMatch", operand).end();
    auto& node = insert(path, false);
    node.kind = Node::Kind::elem_match;
    node.computes = true;
    has_elem_match_ = true;
    try {
      node.elem_match = Matcher(filter.finish_view());
    } catch (const QueryError& error) {
      fail(error.backend_code(), path, error.detail());
    }
  }

  bool decided_ = false;
  bool includes_id_ = false;
  bool has_elem_match_ = false;
  bool has_literal_ = false;
};

/// Writes one document's projection.
class Run {
 public:
  Run(bool inclusive, bool excludes_id, const MatchDetails& details)
      : inclusive_(inclusive), excludes_id_(excludes_id), details_(details) {}

  void object(const Node& node, View document, Writer& out, int level) {
    if (level > max_levels)
      throw MappingError(ErrorCode::too_deep, FieldPath(node.path), "nested too deeply");
    for (const auto& [key, value] : document) {
      const Node* child = node.find(key);
      if (child == nullptr) {
        if (!inclusive_ || (level == 1 && key == "_id" && !excludes_id_)) out.append(key, value);
        continue;
      }
      field(*child, key, value, out, level);
    }
    if (inclusive_) append_computed(node, document, out, level);
  }

 private:
  void field(const Node& node, std::string_view key, ValueView value, Writer& out, int level) {
    switch (node.kind) {
      case Node::Kind::exclude:
        return;
      case Node::Kind::literal:
        return;  // appended behind
      case Node::Kind::elem_match:
        if (!inclusive_) elem_match(node, key, value, out);
        return;
      case Node::Kind::include:
        if (node.positional && value.is_array()) {
          out.begin_array(key).append("0", matched(node, value.as_array())).end();
        } else {
          out.append(key, value);
        }
        return;
      case Node::Kind::slice:
        slice(node, key, value, out);
        return;
      case Node::Kind::inner:
        break;
    }
    if (value.is_document()) {
      out.begin_document(key);
      object(node, value.as_document(), out, level + 1);
      out.end();
    } else if (value.is_array()) {
      array(node, key, value.as_array(), out, level + 1, node.positional);
    } else if (!inclusive_) {
      out.append(key, value);
    }
    // A value without fields is left out; computed fields below it are appended behind.
  }

  void array(const Node& node, std::string_view key, View values, Writer& out, int level,
             bool positional) {
    if (level > max_levels)
      throw MappingError(ErrorCode::too_deep, FieldPath(node.path), "nested too deeply");
    out.begin_array(key);
    if (positional) {
      array_element(node, matched(node, values), out, level);
    } else {
      for (const auto& [index, value] : values) array_element(node, value, out, level);
    }
    out.end();
  }

  void array_element(const Node& node, ValueView value, Writer& out, int level) {
    if (value.is_document()) {
      out.push_document_begin();
      object(node, value.as_document(), out, level + 1);
      out.end();
    } else if (value.is_array()) {
      if (level > max_levels)
        throw MappingError(ErrorCode::too_deep, FieldPath(node.path), "nested too deeply");
      out.push_array_begin();
      for (const auto& [index, inner] : value.as_array())
        array_element(node, inner, out, level + 1);
      out.end();
    } else if (!inclusive_) {
      out.push(value);
    }
  }

  ValueView matched(const Node& node, View values) const {
    if (!details_.array_position)
      fail(51246, node.path, "the positional $ needs the filter to match an array element");
    std::size_t index = 0;
    for (const auto& [key, value] : values) {
      if (index++ == *details_.array_position) return value;
    }
    fail(51247, node.path, "the array is shorter than the position that the filter matched");
  }

  static void slice(const Node& node, std::string_view key, ValueView value, Writer& out) {
    if (!value.is_array()) {
      out.append(key, value);
      return;
    }
    const View values = value.as_array();
    const auto [from, to] = slice_range(node.slice, values.count());
    out.begin_array(key);
    std::size_t index = 0;
    for (const auto& [position, element] : values) {
      if (index >= from && index < to) out.push(element);
      ++index;
    }
    out.end();
  }

  static void elem_match(const Node& node, std::string_view key, ValueView value, Writer& out) {
    if (!value.is_array()) return;
    Writer wrapped;
    wrapped.append(key, value);
    MatchDetails found;
    if (!node.elem_match.matches(wrapped.finish_view(), &found) || !found.array_position) return;
    std::size_t index = 0;
    for (const auto& [position, element] : value.as_array()) {
      if (index++ != *found.array_position) continue;
      out.begin_array(key).append("0", element).end();
      return;
    }
  }

  /// In a projection that includes, made fields come last, in the order given.
  void append_computed(const Node& node, View document, Writer& out, int level) {
    for (const auto& child : node.children) {
      if (!child.computes) continue;
      if (child.kind == Node::Kind::literal) {
        out.append(child.name, child.literal);
      } else if (child.kind == Node::Kind::elem_match) {
        if (const auto value = document.find(child.name))
          elem_match(child, child.name, *value, out);
      } else if (child.kind == Node::Kind::inner) {
        const auto value = document.find(child.name);
        if (value && (value->is_document() || value->is_array())) continue;  // done in its place
        out.begin_document(child.name);
        object(child, View{}, out, level + 1);
        out.end();
      }
    }
  }

  bool inclusive_;
  bool excludes_id_;
  const MatchDetails& details_;
};

}  // namespace

struct Projector::Impl {
  Parser parsed;
};

Projector::Projector() = default;

Projector::Projector(View projection) {
  if (projection.empty()) return;
  auto impl = std::make_shared<Impl>();
  impl->parsed.parse(projection);
  impl_ = std::move(impl);
}

bool Projector::keeps_everything() const noexcept { return impl_ == nullptr; }

bool Projector::needs_details() const noexcept {
  return impl_ != nullptr && impl_->parsed.has_positional;
}

bson::Document Projector::apply(View document, const MatchDetails& details) const {
  if (impl_ == nullptr) return bson::Document(document);
  const auto& parsed = impl_->parsed;
  Writer out;
  Run(parsed.inclusive, parsed.excludes_id, details).object(parsed.root, document, out, 1);
  return out.finish();
}

}  // namespace quire::store::embedded
