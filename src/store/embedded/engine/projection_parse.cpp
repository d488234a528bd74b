#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "quire/core/error.hpp"
#include "store/embedded/engine/projection_tree.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

void fail_projection(int code, const std::string& path, std::string_view detail) {
  throw QueryError(ErrorCode::invalid_projection, FieldPath(path), detail, code);
}

namespace {

using Node = ProjectionNode;
constexpr int max_levels = max_projection_levels;
[[noreturn]] void fail(int code, const std::string& path, std::string_view detail) {
  fail_projection(code, path, detail);
}

bool is_switch(ValueView value) { return value.is_number() || value.type() == Type::boolean; }
bool is_on(ValueView value) {
  return value.type() == Type::boolean ? value.as_bool() : to_double(value) != 0;
}

std::int64_t clamped(ValueView value) {
  const double number = to_double(value);
  if (std::isnan(number)) return 0;
  constexpr double low = std::numeric_limits<std::int32_t>::min();
  constexpr double high = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int64_t>(std::clamp(number, low, high));
}

ProjectionSlice parse_slice(const std::string& path, ValueView value) {
  ProjectionSlice slice;
  if (value.is_number()) {
    slice.count = clamped(value);
    return slice;
  }
  if (!value.is_array()) fail(28667, path, "$slice takes a number or an array of numbers");
  std::vector<ValueView> parts;
  for (const auto& [index, part] : value.as_array()) parts.push_back(part);
  if (parts.size() < 2 || parts.size() > 3)
    fail(28667, path, "$slice takes a number or [skip, limit]");
  if (parts.size() == 3) fail(28724, path, "$slice: the first of three arguments is an array");
  for (const auto& part : parts) {
    if (!part.is_number()) fail(28724, path, "$slice takes numbers");
  }
  slice.skip = clamped(parts[0]);
  slice.count = clamped(parts[1]);
  if (slice.count <= 0) fail(28724, path, "the limit of $slice is positive");
  return slice;
}

std::vector<std::string> split(const std::string& path) {
  if (path.empty()) fail(40352, path, "a field of a projection has no name");
  std::vector<std::string> steps;
  std::size_t start = 0;
  while (start <= path.size()) {
    const auto dot = std::min(path.find('.', start), path.size());
    const auto step = path.substr(start, dot - start);
    if (step.empty()) fail(dot == path.size() ? 40353 : 15998, path, "a part of the path is empty");
    if (step.front() == '$' && step != "$ref" && step != "$id" && step != "$db")
      fail(start == 0 ? 16410 : 31394, path, "a part of the path begins with $");
    steps.push_back(step);
    start = dot + 1;
  }
  if (steps.size() > static_cast<std::size_t>(max_levels))
    fail(15, path.substr(0, 80), "the path is nested too deeply");
  return steps;
}

/// Whether $slice of a find is the expression of that name: its first argument is an array.
bool is_slice_expression(ValueView value) {
  if (!value.is_array()) return value.is_string() || value.is_document();
  const auto first = value.as_array().begin();
  if (first == value.as_array().end()) return false;
  const ValueView part = first->value;
  return part.is_array() || part.is_null() || part.is_document() ||
         (part.is_string() && part.as_string().starts_with('$'));
}

class Parser {
 public:
  Parser(Projector::Kind kind, const ParseScope& scope) : kind_(kind), scope_(scope) {}
  ProjectionTree tree;

  void parse(View projection) {
    for (const auto& [name, value] : projection) field(std::string(name), value, 1);
    if (kind_ == Projector::Kind::add) {
      tree.mode = ProjectionTree::Mode::add;
      return;
    }
    if (!decided_) inclusive_ = includes_id_ || has_elem_match_;
    tree.mode = inclusive_ ? ProjectionTree::Mode::include : ProjectionTree::Mode::exclude;
    if (inclusive_ || !tree.computes) return;
    fail(31252, "", "a projection that excludes takes no expressions");
  }

 private:
  void decide(bool includes, const std::string& path) {
    if (decided_ && inclusive_ != includes)
      fail(inclusive_ ? 31254 : 31253, path, "inclusion and exclusion do not mix");
    decided_ = true;
    inclusive_ = includes;
  }

  Node& insert(const std::string& path, bool positional) {
    Node* at = &tree.root;
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
    Node* at = &tree.root;
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
    if (kind_ == Projector::Kind::find && path.ends_with(".$")) {
      positional(path.substr(0, path.size() - 2), value);
    } else if (value.is_document()) {
      document(path, value.as_document(), level);
    } else if (kind_ != Projector::Kind::add && is_switch(value)) {
      const bool on = is_on(value);
      if (path == "_id") {
        (on ? includes_id_ : tree.excludes_id) = true;
      } else {
        decide(on, path);
      }
      insert(path, false).kind = on ? Node::Kind::include : Node::Kind::exclude;
    } else {
      expression(path, value);
    }
  }

  void expression(const std::string& path, ValueView value) {
    tree.computes = true;
    if (kind_ != Projector::Kind::add) decide(true, path);
    auto& node = insert(path, false);
    node.kind = Node::Kind::expression;
    try {
      node.expression = parse_expression(value, scope_);
    } catch (const QueryError& error) {
      if (kind_ != Projector::Kind::find) throw;
      fail(error.backend_code(), path, error.detail());
    }
    mark_computing(path);
  }

  void positional(const std::string& path, ValueView value) {
    if (value.is_document()) fail(31271, path, "the positional $ takes a number or a bool");
    if (!is_switch(value)) fail(31308, path, "the positional $ takes a number or a bool");
    if (!is_on(value)) fail(31395, path, "the positional $ cannot exclude");
    if (tree.has_positional) fail(31276, path, "a projection has at most one positional $");
    tree.has_positional = true;
    decide(true, path);
    insert(path, true).kind = Node::Kind::include;
  }

  void document(const std::string& path, View value, int level) {
    const auto first = value.begin();
    if (first == value.end() && kind_ == Projector::Kind::add) {
      expression(path, {Type::document, value.data(), value.size()});
      return;
    }
    if (first == value.end()) fail(51270, path, "an empty document is no projection");
    if (!first->key.starts_with('$')) {
      for (const auto& [name, inner] : value) {
        if (name.starts_with('$')) fail(16410, path, "a field begins with $");
        if (kind_ == Projector::Kind::add && name.find('.') != name.npos)
          fail(40183, path, "FieldPath field names may not contain '.' inside of an object");
        field(path + "." + std::string(name), inner, level + 1);
      }
      return;
    }
    const auto name = first->key;
    const auto operand = first->value;
    if (value.count() != 1) fail(16410, path, "an operator stands alone");
    if (kind_ != Projector::Kind::find) {
      expression(path, {Type::document, value.data(), value.size()});
    } else if (name == "$slice" && !is_slice_expression(operand)) {
      const auto slice = parse_slice(path, operand);
      auto& node = insert(path, false);
      node.kind = Node::Kind::slice;
      node.slice = slice;
    } else if (name == "$elemMatch") {
      elem_match(path, operand);
    } else if (find_operator(name) == nullptr) {
      fail(31325, path, "there is no expression " + std::string(name));
    } else {
      expression(path, {Type::document, value.data(), value.size()});
    }
  }

  void elem_match(const std::string& path, ValueView operand) {
    if (!operand.is_document()) fail(31274, path, "$elemMatch takes a document");
    if (path.find('.') != std::string::npos)
      fail(31275, path, "$elemMatch stands on top-level fields");
    if (tree.has_positional && tree.root.find(path) != nullptr)
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

  Projector::Kind kind_;
  ParseScope scope_;
  bool inclusive_ = false;
  bool decided_ = false;
  bool includes_id_ = false;
  bool has_elem_match_ = false;
};

}  // namespace

ProjectionTree parse_projection(View projection, Projector::Kind kind, const ParseScope& scope) {
  Parser parser(kind, scope);
  parser.parse(projection);
  return std::move(parser.tree);
}

}  // namespace quire::store::embedded
