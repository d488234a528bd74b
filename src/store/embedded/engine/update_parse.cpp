#include <algorithm>

#include "store/embedded/engine/update_tree.hpp"

namespace quire::store::embedded::update {

using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;

namespace {

constexpr int bad_value = 2;
constexpr int failed_to_parse = 9;
constexpr int type_mismatch = 14;
constexpr int overflow = 15;
constexpr int conflicting_operators = 40;
constexpr int empty_field_name = 56;
constexpr int query_feature_not_allowed = 224;

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string found(ValueView value) { return "found " + std::string(type_name(value.type())); }

// ---- the tree

[[noreturn]] void conflict(const std::string& path) {
  fail(conflicting_operators, path, "two parts of the update change the same field");
}

/// The identifier of "$[id]"; "" of "$[]".
std::optional<std::string_view> filter_identifier(std::string_view part) {
  if (part.size() < 3 || !part.starts_with("$[") || !part.ends_with("]")) return std::nullopt;
  return part.substr(2, part.size() - 3);
}

class Builder {
 public:
  explicit Builder(Tree& tree) : tree_(tree) {}

  void add(Leaf leaf, bool plain_names = false) {
    const auto steps = split_path(leaf.path);
    if (steps.size() > static_cast<std::size_t>(bson::max_depth))
      fail(overflow, leaf.path, "the path is nested too deeply");
    auto* node = tree_.root.get();
    bool positional_seen = false;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto& step = steps[i];
      std::shared_ptr<Node>* slot = nullptr;
      if (plain_names) {
        slot = &named(*node, step, leaf.path);
      } else if (step == "$") {
        if (i == 0) fail(bad_value, leaf.path, "the positional $ cannot come first in a path");
        if (positional_seen) fail(bad_value, leaf.path, "a path has at most one positional $");
        positional_seen = true;
        need_kind(*node, Node::Kind::object, leaf.path);
        slot = &node->positional;
      } else if (const auto identifier = filter_identifier(step)) {
        if (i == 0) fail(bad_value, leaf.path, "$[] cannot come first in a path");
        use_filter(*identifier, leaf.path);
        need_kind(*node, Node::Kind::array, leaf.path);
        slot = &node->children[std::string(*identifier)];
      } else {
        slot = &named(*node, step, leaf.path);
      }
      const bool last = i + 1 == steps.size();
      if (*slot == nullptr) {
        *slot = std::make_shared<Node>();
        if (last) {
          (*slot)->kind = Node::Kind::leaf;
          (*slot)->leaf = std::move(leaf);
          return;
        }
      } else if (last || (*slot)->kind == Node::Kind::leaf) {
        conflict(leaf.path);
      }
      node = slot->get();
    }
  }

 private:
  std::shared_ptr<Node>& named(Node& node, const std::string& step, const std::string& path) {
    need_kind(node, Node::Kind::object, path);
    return node.children[step];
  }
  static void need_kind(Node& node, Node::Kind kind, const std::string& path) {
    const bool fresh = node.children.empty() && node.positional == nullptr;
    if (fresh) {
      node.kind = kind;
    } else if (node.kind != kind) {
      conflict(path);
    }
  }
  void use_filter(std::string_view identifier, const std::string& path) {
    if (identifier.empty()) return;
    for (auto& filter : tree_.filters) {
      if (filter.identifier == identifier) {
        filter.used = true;
        return;
      }
    }
    fail(bad_value, path, "there is no array filter for $[" + std::string(identifier) + "]");
  }
  Tree& tree_;
};

/// The names that a filter's conditions stand on, by their first part.
void collect_identifiers(View filter, std::vector<std::string>& names, int depth) {
  if (depth > bson::max_depth) fail(failed_to_parse, "arrayFilters", "nested too deeply");
  for (const auto& [name, value] : filter) {
    if (name.starts_with("$")) {
      if (name == "$expr" || name == "$jsonSchema")
        fail(query_feature_not_allowed, "arrayFilters", "not allowed in an array filter");
      if (name == "$text" || name == "$where")
        fail(bad_value, "arrayFilters", "not allowed in an array filter");
      if (name != "$and" && name != "$or" && name != "$nor") continue;
      if (!value.is_array()) continue;  // the Matcher says why
      for (const auto& [index, part] : value.as_array()) {
        if (part.is_document()) collect_identifiers(part.as_document(), names, depth + 1);
      }
      continue;
    }
    const auto first = std::string(name.substr(0, name.find('.')));
    if (std::find(names.begin(), names.end(), first) == names.end()) names.push_back(first);
  }
}

void parse_array_filters(Tree& tree, View filters) {
  for (const auto& [index, value] : filters) {
    const auto path = "arrayFilters[" + std::string(index) + "]";
    if (!value.is_document()) fail(type_mismatch, path, "an array filter is a document");
    std::vector<std::string> names;
    collect_identifiers(value.as_document(), names, 1);
    if (names.empty()) fail(failed_to_parse, path, "an array filter needs a top-level field");
    if (names.size() > 1)
      fail(failed_to_parse, path, "an array filter has conditions on one top-level field");
    const auto& name = names.front();
    bool proper = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
    for (const char c : name) {
      proper =
          proper && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
    }
    if (!proper)
      fail(bad_value, path,
           "an identifier begins with a lowercase letter and holds only letters and digits");
    for (const auto& other : tree.filters) {
      if (other.identifier == name)
        fail(failed_to_parse, path, "there are two array filters for \"" + name + "\"");
    }
    tree.filters.push_back({name, element_matcher(path, value.as_document()), false});
  }
}

void parse_rename(Tree& tree, Builder& builder, std::string_view from, ValueView value) {
  const std::string path(from);
  if (!value.is_string()) fail(bad_value, path, "$rename takes the new name, " + found(value));
  const std::string to(value.as_string());
  if (to.find('\0') != std::string::npos) fail(9867600, path, "the new name holds a zero byte");
  const auto within = [](const std::string& part, const std::string& whole) {
    return part == whole || part.starts_with(whole + ".");
  };
  if (within(to, path) || within(path, to))
    fail(bad_value, path, "$rename: old and new path are the same, or one is within the other");
  Rename rename{path, split_path(path), to};
  for (const auto& steps : {rename.steps, split_path(to)}) {
    for (const auto& step : steps) {
      if (step == "$" || filter_identifier(step))
        fail(bad_value, path, "$rename takes no positional operators");
    }
  }
  Leaf source;
  source.op = Op::rename_source;
  source.path = path;
  source.rename = tree.renames.size();
  Leaf target;
  target.op = Op::rename_target;
  target.path = to;
  target.rename = tree.renames.size();
  tree.renames.push_back(std::move(rename));
  builder.add(std::move(source));
  builder.add(std::move(target));
}

std::shared_ptr<Node> merge_nodes(const Node& a, const Node& b, const std::string& path) {
  if (a.kind == Node::Kind::leaf || a.kind != b.kind) conflict(path);
  auto out = std::make_shared<Node>(a);
  for (const auto& [name, child] : b.children) {
    auto& slot = out->children[name];
    slot = slot == nullptr ? child : merge_nodes(*slot, *child, path);
  }
  if (b.positional != nullptr) {
    out->positional = out->positional == nullptr
                          ? b.positional
                          : merge_nodes(*out->positional, *b.positional, path);
  }
  return out;
}

}  // namespace

void fail(int backend_code, const std::string& path, std::string_view detail) {
  throw QueryError(ErrorCode::invalid_update, FieldPath(path), detail, backend_code);
}

bool FieldNameLess::operator()(std::string_view a, std::string_view b) const noexcept {
  const bool a_number = is_digits(a);
  const bool b_number = is_digits(b);
  if (a_number != b_number) return a_number;
  if (a_number) {
    const auto x = a.substr(std::min(a.find_first_not_of('0'), a.size() - 1));
    const auto y = b.substr(std::min(b.find_first_not_of('0'), b.size() - 1));
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  return a < b;
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> steps;
  std::size_t start = 0;
  while (start <= path.size()) {
    const auto dot = std::min(path.find('.', start), path.size());
    if (dot == start) fail(empty_field_name, std::string(path), "a part of the path is empty");
    steps.emplace_back(path.substr(start, dot - start));
    start = dot + 1;
  }
  return steps;
}

std::optional<std::size_t> array_index(std::string_view part) noexcept {
  if (!is_digits(part) || part.size() > 9 || (part.size() > 1 && part.front() == '0'))
    return std::nullopt;
  std::size_t index = 0;
  for (const char c : part) index = index * 10 + static_cast<std::size_t>(c - '0');
  return index;
}

namespace {
int depth_of(View document, const std::string& path, int level) {
  if (level > bson::max_depth) fail(overflow, path, "the value is nested too deeply");
  int deepest = level;
  for (const auto& [name, value] : document) {
    if (value.is_document() || value.is_array())
      deepest = std::max(deepest, depth_of(value.as_nested(), path, level + 1));
  }
  return deepest;
}
}  // namespace

int value_depth(ValueView value, const std::string& path) {
  if (!value.is_document() && !value.is_array()) return 0;
  return depth_of(value.as_nested(), path, 1);
}

Tree parse(View body, std::optional<View> array_filters) {
  Tree tree;
  if (array_filters) parse_array_filters(tree, *array_filters);
  Builder builder(tree);
  for (const auto& [name, fields] : body) {
    const auto* op = find_operator(name);
    const bool is_rename = name == "$rename";
    const std::string at(name);
    if (op == nullptr && !is_rename)
      fail(failed_to_parse, at, "there is no update operator of that name");
    if (!fields.is_document())
      fail(failed_to_parse, at, "an update operator takes {field: …}, " + found(fields));
    for (const auto& [path, value] : fields.as_document()) {
      if (is_rename) {
        parse_rename(tree, builder, path, value);
        continue;
      }
      const std::string where(path);
      Leaf leaf = op->parse(where, value);
      leaf.path = where;
      leaf.depth = value_depth(leaf.operand, where);
      builder.add(std::move(leaf));
    }
  }
  for (const auto& filter : tree.filters) {
    if (!filter.used)
      fail(failed_to_parse, "arrayFilters",
           "the array filter for \"" + filter.identifier + "\" is not used by the update");
  }
  return tree;
}

Tree parse_equalities(View dotted) {
  Tree tree;
  Builder builder(tree);
  for (const auto& [path, value] : dotted) {
    Leaf leaf;
    leaf.operand = Value(value);
    leaf.path = std::string(path);
    leaf.depth = value_depth(value, leaf.path);
    try {
      builder.add(std::move(leaf), true);
    } catch (const QueryError& error) {
      if (error.backend_code() != conflicting_operators) throw;
      fail(54, std::string(path), "the filter fixes the field and a part of it");
    }
  }
  return tree;
}

NodePtr merge(const NodePtr& a, const NodePtr& b, const std::string& path) {
  return merge_nodes(*a, *b, path);
}

}  // namespace quire::store::embedded::update
