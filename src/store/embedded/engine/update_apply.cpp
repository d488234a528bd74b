#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <utility>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/update_tree.hpp"

namespace quire::store::embedded::update {

using bson::Buffer;
using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

constexpr int bad_value = 2;
constexpr int type_mismatch = 14;
constexpr int overflow = 15;
constexpr int path_not_viable = 28;
constexpr int cannot_backfill_array = 34;
constexpr int dollar_prefixed = 52;
constexpr int immutable_field = 66;
constexpr std::size_t max_padding = 1'500'000;

enum class Result { unchanged, written, removed };

struct RenameSource {
  std::optional<ValueView> value;  // nothing: the rename does nothing
  int depth = 0;
};

/// One run of a tree over a document's bytes, front to back: what no operator touches is copied in
/// whole stretches.
class Run {
 public:
  Run(const Tree& tree, const Input& input, View document) : tree_(tree), input_(input) {
    if (!tree.renames.empty()) find_rename_sources(document);
  }

  void object(const Node& given, View document, Buffer& out, int level);

 private:
  void header(Type type, std::string_view key, Buffer& out) {
    auto* at = out.reserve(key.size() + 2);
    *at++ = static_cast<std::uint8_t>(type);
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    at[key.size()] = 0;
    out.set_end(at + key.size() + 1);
  }
  void element(std::string_view key, ValueView value, Buffer& out) {
    header(value.type(), key, out);
    out.append(value.data(), value.size());
  }
  static std::size_t open(Buffer& out) {
    const auto start = out.size();
    out.put(std::int32_t{0});
    return start;
  }
  static void close(Buffer& out, std::size_t start) {
    out.push_back(0);
    const auto size = static_cast<std::int32_t>(out.size() - start);
    std::memcpy(out.data() + start, &size, sizeof size);
  }

  void existing(const Node& node, const bson::Element& element, Buffer& out, int level);
  /// Writes what the node creates under `key`; false when it creates nothing.
  bool missing(const Node& node, std::string_view key, Buffer& out, int level);
  void array_by_index(const Node& given, View array, Buffer& out, int level);
  void array_by_filter(const Node& node, View array, Buffer& out, int level);
  Result leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key, Buffer& out,
              int level);
  Result array_leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key,
                    Buffer& out);
  Result write(const Leaf& leaf, std::string_view key, ValueView value, int depth, Buffer& out,
               int level);
  /// Rules of the document's own fields: _id stays, no name gets a $ in front.
  void check_top_level(const Node& node, const bson::Element& old, Buffer& out, std::size_t start);
  void fail_padding(const Node& child, const std::string& name, Buffer& out, int level);
  [[nodiscard]] bool filter_matches(const std::string& identifier, ValueView value) const;

  /// With $ replaced by the position of the match.
  const Node& resolved(const Node& node, NodePtr& holder) const;
  void find_rename_sources(View document);
  /// Throws when an operator below `node` would create something where nothing can be.
  void check_viable(const Node& node) const;
  [[nodiscard]] bool needs_viable_path(const Leaf& leaf) const;
  [[nodiscard]] bool creates(const Leaf& leaf) const;
  static const std::string& first_path(const Node& node);

  const Tree& tree_;
  const Input& input_;
  std::vector<RenameSource> sources_;
  int arrays_ = 0;         // arrays on the way to the present place
  bool in_array_ = false;  // the present place is an element of one
};

const std::string& Run::first_path(const Node& node) {
  if (node.kind == Node::Kind::leaf) return node.leaf.path;
  return first_path(node.positional != nullptr ? *node.positional : *node.children.begin()->second);
}

const Node& Run::resolved(const Node& node, NodePtr& holder) const {
  if (node.positional == nullptr) return node;
  if (input_.details == nullptr || !input_.details->array_position)
    fail(bad_value, first_path(*node.positional),
         "the positional $ needs the filter to match an array element");
  const auto index = std::to_string(*input_.details->array_position);
  Node wrapped;
  wrapped.children[index] = node.positional;
  Node rest(node);
  rest.positional = nullptr;
  holder = merge(std::make_shared<Node>(std::move(rest)),
                 std::make_shared<Node>(std::move(wrapped)), first_path(*node.positional));
  return *holder;
}

void Run::find_rename_sources(View document) {
  for (const auto& rename : tree_.renames) {
    RenameSource source;
    ValueView at(Type::document, document.data(), document.size());
    bool in_array = false;
    bool there = true;
    for (std::size_t i = 0; there && i < rename.steps.size(); ++i) {
      if (!at.is_document() && !at.is_array())
        fail(path_not_viable, rename.from,
             "$rename: the path leads through a value without fields");
      if (at.is_array() && !array_index(rename.steps[i]))
        fail(path_not_viable, rename.from, "$rename: the path leads through an array");
      in_array = in_array || at.is_array();
      const auto next = at.as_nested().find(rename.steps[i]);
      there = next.has_value();
      if (next) at = *next;
    }
    if (there) {
      if (in_array) fail(bad_value, rename.from, "$rename takes no fields within arrays");
      source.value = at;
      source.depth = value_depth(at, rename.from);
    }
    sources_.push_back(source);
  }
}

bool Run::needs_viable_path(const Leaf& leaf) const {
  switch (leaf.op) {
    case Op::unset:
    case Op::rename_source:
      return false;
    case Op::set_on_insert:
      return input_.inserting;
    case Op::rename_target:
      return sources_[leaf.rename].value.has_value();
    default:
      return true;
  }
}

bool Run::creates(const Leaf& leaf) const {
  return needs_viable_path(leaf) && leaf.op != Op::pop && leaf.op != Op::pull &&
         leaf.op != Op::pull_all;
}

void Run::check_viable(const Node& node) const {
  if (node.kind == Node::Kind::array)
    fail(bad_value, first_path(node), "$[] needs an array, and there is none");
  if (node.kind == Node::Kind::leaf) {
    if (node.leaf.op == Op::rename_target && arrays_ > 0 && needs_viable_path(node.leaf))
      fail(bad_value, node.leaf.path, "$rename takes no fields within arrays");
    if (needs_viable_path(node.leaf))
      fail(path_not_viable, node.leaf.path,
           "the field cannot be made: the path leads through a value without such fields");
    return;
  }
  if (node.positional != nullptr) {
    NodePtr holder;
    check_viable(resolved(node, holder));
    return;
  }
  for (const auto& [name, child] : node.children) check_viable(*child);
}

// ---- leaves

Result Run::write(const Leaf& leaf, std::string_view key, ValueView value, int depth, Buffer& out,
                  int level) {
  if (depth != 0 && level + depth > bson::max_depth)
    fail(overflow, leaf.path, "the document would be nested too deeply");
  element(key, value, out);
  return Result::written;
}

Result Run::array_leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key,
                       Buffer& out) {
  if (value && !value->is_array()) {
    fail(leaf.op == Op::pop ? type_mismatch : bad_value, leaf.path,
         "the operator needs an array, found " + std::string(type_name(value->type())));
  }
  const auto before = out.size();
  header(Type::array, key, out);
  const auto start = open(out);
  if (!apply_to_array(leaf, value ? std::optional(value->as_array()) : std::nullopt, out)) {
    out.resize_down(before);
    return Result::unchanged;
  }
  close(out, start);
  return Result::written;
}

Result Run::leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key,
                 Buffer& out, int level) {
  if (!value && !creates(leaf)) return Result::unchanged;
  switch (leaf.op) {
    case Op::set_on_insert:
      if (!input_.inserting) return Result::unchanged;
      [[fallthrough]];
    case Op::set:
      return write(leaf, key, leaf.operand, leaf.depth, out, level);
    case Op::unset:
      if (in_array_) {
        header(Type::null, key, out);
        return Result::written;
      }
      return Result::removed;
    case Op::rename_source:
      return sources_[leaf.rename].value ? Result::removed : Result::unchanged;
    case Op::rename_target: {
      const auto& source = sources_[leaf.rename];
      if (!source.value) return Result::unchanged;
      if (arrays_ != 0) fail(bad_value, leaf.path, "$rename takes no fields within arrays");
      return write(leaf, key, *source.value, source.depth, out, level);
    }
    case Op::inc:
    case Op::mul: {
      if (value && !value->is_number())
        fail(type_mismatch, leaf.path,
             "$inc and $mul need a number, found " + std::string(type_name(value->type())));
      if (!value) {
        element(key, leaf.op == Op::inc ? leaf.operand : zero_like(leaf.operand), out);
        return Result::written;
      }
      const auto result = leaf.op == Op::inc ? add_numbers(*value, leaf.operand, leaf.path)
                                             : multiply_numbers(*value, leaf.operand, leaf.path);
      // Same type and equal, -0 and 0 or 1.0 and 1.00 too: as the server, left as it is.
      if (result.type() == value->type() && compare_numbers(result, *value) == 0)
        return Result::unchanged;
      element(key, result, out);
      return Result::written;
    }
    case Op::min:
    case Op::max: {
      if (value) {
        const int order = compare(leaf.operand, *value);
        if (leaf.op == Op::min ? order >= 0 : order <= 0) return Result::unchanged;
      }
      return write(leaf, key, leaf.operand, leaf.depth, out, level);
    }
    case Op::current_date:
      element(key, bson::Value(quire::now()), out);
      return Result::written;
    case Op::current_timestamp: {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(quire::now().time_since_epoch());
      element(key, bson::Value(bson::Timestamp{1, static_cast<std::uint32_t>(seconds.count())}),
              out);
      return Result::written;
    }
    case Op::bit: {
      if (value && value->type() != Type::int32 && value->type() != Type::int64)
        fail(bad_value, leaf.path,
             "$bit needs an integer, found " + std::string(type_name(value->type())));
      auto result = value ? bson::Value(*value) : bson::Value(std::int32_t{0});
      for (const auto& [operation, mask] : leaf.bits) result = bit_numbers(operation, result, mask);
      element(key, result, out);
      return Result::written;
    }
    case Op::push:
    case Op::add_to_set:
      if (level + std::max(leaf.depth, 1) > bson::max_depth)
        fail(overflow, leaf.path, "the document would be nested too deeply");
      return array_leaf(leaf, value, key, out);
    case Op::pop:
    case Op::pull:
    case Op::pull_all:
      return array_leaf(leaf, value, key, out);
  }
  return Result::unchanged;
}

// ---- nodes

void Run::existing(const Node& node, const bson::Element& old, Buffer& out, int level) {
  switch (node.kind) {
    case Node::Kind::leaf:
      if (leaf(node.leaf, old.value, old.key, out, level) == Result::unchanged)
        element(old.key, old.value, out);
      return;
    case Node::Kind::array:
      if (!old.value.is_array())
        fail(bad_value, first_path(node),
             "$[] needs an array, found " + std::string(type_name(old.value.type())));
      header(Type::array, old.key, out);
      array_by_filter(node, old.value.as_array(), out, level + 1);
      return;
    case Node::Kind::object:
      break;
  }
  if (old.value.is_document()) {
    header(Type::document, old.key, out);
    const bool outer = std::exchange(in_array_, false);
    object(node, old.value.as_document(), out, level + 1);
    in_array_ = outer;
  } else if (old.value.is_array()) {
    header(Type::array, old.key, out);
    array_by_index(node, old.value.as_array(), out, level + 1);
  } else {
    check_viable(node);
    element(old.key, old.value, out);
  }
}

bool Run::missing(const Node& given, std::string_view key, Buffer& out, int level) {
  if (given.kind == Node::Kind::leaf)
    return leaf(given.leaf, std::nullopt, key, out, level) == Result::written;
  if (given.kind == Node::Kind::array)
    fail(bad_value, first_path(given), "$[] needs an array, and there is none");
  NodePtr holder;
  const Node& node = resolved(given, holder);
  if (level >= bson::max_depth)
    fail(overflow, first_path(node), "the document would be nested too deeply");
  const auto before = out.size();
  header(Type::document, key, out);
  const auto start = open(out);
  bool any = false;
  for (const auto& [name, child] : node.children) any |= missing(*child, name, out, level + 1);
  if (!any) {
    out.resize_down(before);
    return false;
  }
  close(out, start);
  return true;
}

/// Children of a node that are still to be met, with as little work as possible for the one or two
/// of most updates.
class Pending {
 public:
  explicit Pending(const Node& node) : children_(node.children), left_(node.children.size()) {
    if (left_ > few) met_.resize(left_);
    std::size_t i = 0;
    if (left_ <= few) {
      for (const auto& child : children_) quick_[i++] = &child;
    }
  }
  [[nodiscard]] bool done() const noexcept { return left_ == 0; }
  const Node* take(std::string_view key) {
    if (children_.size() <= few) {
      for (auto*& child : std::span(quick_.data(), children_.size())) {
        if (child != nullptr && child->first == key) {
          const Node* node = child->second.get();
          child = nullptr;
          --left_;
          return node;
        }
      }
      return nullptr;
    }
    const auto it = children_.find(key);
    if (it == children_.end()) return nullptr;
    const auto index = static_cast<std::size_t>(std::distance(children_.begin(), it));
    if (met_[index]) return nullptr;
    met_[index] = true;
    --left_;
    return it->second.get();
  }
  template <class F>
  void for_rest(const F& f) const {
    if (left_ == 0) return;
    std::size_t i = 0;
    for (const auto& child : children_) {
      const bool open = children_.size() <= few ? quick_[i] != nullptr : !met_[i];
      if (open) f(child.first, *child.second);
      ++i;
    }
  }

 private:
  static constexpr std::size_t few = 4;
  using Children = std::map<std::string, std::shared_ptr<Node>, FieldNameLess>;
  const Children& children_;
  std::array<const Children::value_type*, few> quick_{};
  std::vector<bool> met_;
  std::size_t left_;
};

void Run::object(const Node& given, View document, Buffer& out, int level) {
  NodePtr holder;
  const Node& node = resolved(given, holder);
  Pending pending(node);
  const auto start = open(out);
  const auto* copied = document.data() + 4;
  const auto* end = document.data() + document.size() - 1;
  for (auto it = document.begin(); it != document.end() && !pending.done(); ++it) {
    const Node* child = pending.take(it->key);
    if (child == nullptr) continue;
    const auto* at = reinterpret_cast<const std::uint8_t*>(it->key.data()) - 1;
    out.append(copied, static_cast<std::size_t>(at - copied));
    copied = it->value.data() + it->value.size();
    const auto before = out.size();
    existing(*child, *it, out, level);
    if (level == 1) check_top_level(*child, *it, out, before);
  }
  out.append(copied, static_cast<std::size_t>(end - copied));
  pending.for_rest([&](const std::string& name, const Node& child) {
    if (missing(child, name, out, level) && level == 1 && name.front() == '$')
      fail(dollar_prefixed, name, "a top-level field does not begin with $");
  });
  close(out, start);
}

void Run::check_top_level(const Node& node, const bson::Element& old, Buffer& out,
                          std::size_t start) {
  if (old.key == "_id") {
    // Written or removed: it must still be equal; then the given bytes stay.
    const bool kept = out.size() > start;
    if (kept) {
      const auto* value = out.data() + start + 1 + old.key.size() + 1;
      const ValueView now(static_cast<Type>(out.data()[start]), value,
                          static_cast<std::size_t>(out.data() + out.size() - value));
      if (compare(now, old.value) == 0) {
        out.resize_down(start);
        element(old.key, old.value, out);
        return;
      }
    }
    throw StoreError(ErrorCode::immutable_field, FieldPath(first_path(node)),
                     "the _id of a document does not change", immutable_field);
  }
  if (!old.key.starts_with('$') || out.size() == start) return;
  const auto* at = reinterpret_cast<const std::uint8_t*>(old.key.data()) - 1;
  const auto size = static_cast<std::size_t>(old.value.data() + old.value.size() - at);
  if (out.size() - start != size || std::memcmp(out.data() + start, at, size) != 0)
    fail(dollar_prefixed, first_path(node), "a top-level field does not begin with $");
}

void Run::array_by_index(const Node& given, View array, Buffer& out, int level) {
  NodePtr holder;
  const Node& node = resolved(given, holder);
  ++arrays_;
  for (const auto& [name, child] : node.children) {
    if (!array_index(name)) check_viable(*child);
  }
  Pending pending(node);
  const auto start = open(out);
  const bool outer = std::exchange(in_array_, true);
  char digits[12];
  const auto text = [&digits](std::size_t index) {
    const auto* last = std::to_chars(digits, digits + sizeof digits, index).ptr;
    return std::string_view(digits, static_cast<std::size_t>(last - digits));
  };
  std::size_t size = 0;
  for (const auto& old : array) {
    if (const Node* child = pending.done() ? nullptr : pending.take(text(size))) {
      existing(*child, {old.key, old.value}, out, level);
    } else {
      element(old.key, old.value, out);
    }
    ++size;
  }
  // In ascending order, so that each pads up to itself.
  pending.for_rest([&](const std::string& name, const Node& child) {
    const auto index = array_index(name);
    if (!index) return;
    const auto before = out.size();
    if (*index > size && *index - size > max_padding) fail_padding(child, name, out, level);
    for (auto i = size; i < *index; ++i) header(Type::null, text(i), out);
    if (missing(child, name, out, level)) {
      size = *index + 1;
    } else {
      out.resize_down(before);
    }
  });
  in_array_ = outer;
  --arrays_;
  close(out, start);
}

void Run::fail_padding(const Node& child, const std::string& name, Buffer& out, int level) {
  // What creates nothing needs no padding either.
  if (missing(child, name, out, level))
    fail(cannot_backfill_array, first_path(child), "the array would be padded with too many nulls");
}

void Run::array_by_filter(const Node& node, View array, Buffer& out, int level) {
  ++arrays_;
  const auto start = open(out);
  const bool outer = std::exchange(in_array_, true);
  for (const auto& old : array) {
    const std::shared_ptr<Node>* first = nullptr;
    NodePtr merged;
    for (const auto& [identifier, child] : node.children) {
      if (!identifier.empty() && !filter_matches(identifier, old.value)) continue;
      if (first == nullptr) {
        first = &child;
      } else {
        merged = merge(merged != nullptr ? merged : NodePtr(*first), child, first_path(*child));
      }
    }
    if (first == nullptr) {
      element(old.key, old.value, out);
    } else {
      existing(merged != nullptr ? *merged : **first, old, out, level);
    }
  }
  in_array_ = outer;
  --arrays_;
  close(out, start);
}

bool Run::filter_matches(const std::string& identifier, ValueView value) const {
  for (const auto& filter : tree_.filters) {
    if (filter.identifier != identifier) continue;
    bson::Writer writer;
    writer.append(identifier, value);
    return filter.matcher.matches(writer.finish_view());
  }
  return false;
}

}  // namespace

bson::Document apply(const Tree& tree, View document, const Input& input) {
  Buffer out;
  out.reserve(document.size() + 64);
  Run run(tree, input, document);
  run.object(*tree.root, document, out, 1);
  if (out.size() > bson::max_document_bytes)
    fail(17419, "", "the document would be larger than 16 MiB");
  return bson::Document(std::move(out));
}

}  // namespace quire::store::embedded::update
